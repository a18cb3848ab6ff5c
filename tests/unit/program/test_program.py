"""What the whole program registers: who may reach what, where secrets go, and what a re-run would do."""

from __future__ import annotations

import json
import runpy
import sys
from typing import Any

import pulumi
import pytest
import yaml  # type: ignore[import-untyped]

from components.host.user_data import LIMIT
from components.mysql.servers import There
from scripts.host.accounts import plan
from scripts.host.accounts.spec import AccountsSpec, GrantSpec
from scripts.host.backups.spec import SetUpSpec
from scripts.host.client.spec import LoginCheckSpec
from scripts.host.common import codec
from scripts.host.constants import CA_FILE
from scripts.host.constants import DATA_DROP_IN as DROP_IN
from scripts.host.mysql.spec import CertificateSpec, ServerSpec
from scripts.host.system.spec import HostSpec
from stack_config import existing
from stack_outputs import contract, forms
from tests.unit.host.accounts import builders
from tests.unit.program import mocks
from tests.unit.program.configs import GOOD, PASSWORD, public_key, set_config
from tests.unit.program.program_run import PROGRAM, SECRET_MARK, Run, all_before, plain, run_with, without_secrets

CONFIGURED_KEY = " ".join(public_key().split()[:2])


def test_instances_are_hardened(run: Run) -> None:
    for made in run.instances.values():
        assert made["metadataOptions"]["httpTokens"] == "required"
        assert made["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert made["rootBlockDevice"]["encrypted"] is True
        assert made["rootBlockDevice"]["volumeType"] == "gp3"


def test_the_servers_address_is_fixed_and_it_is_protected(run: Run, configured: Run) -> None:
    server, client = run.instances["server-instance"], run.instances["client-1-instance"]
    assert (server["privateIp"], server["disableApiTermination"]) == ("10.20.0.10", False)
    on_root = run_with(dataVolumeSize="0")
    assert on_root.instances["server-instance"]["disableApiTermination"] is True
    assert ("privateIp" in client, client["disableApiTermination"]) == (False, False)
    assert configured.instances["server-instance"]["disableApiTermination"] is False
    assert configured.seen.protected == set(), "terminationProtection is false there"


def test_what_has_the_data_is_protected_in_pulumi_and_nothing_else_is_but_what_a_destroy_comes_to_first() -> None:
    """A protected command or client could not be replaced or taken away any more."""
    backups = {"backups-bucket", "backups-key"}
    assert run_with().seen.protected == {"server-data-volume", "terminationProtection", *backups}
    assert run_with(dataVolumeSize="0").seen.protected == {"server-instance", "terminationProtection", *backups}


def test_the_data_volume_is_encrypted_and_the_host_is_stopped_in_order_before_it_goes(run: Run) -> None:
    made = {args.name: args.inputs for args in run.seen.resources}
    volume, attachment = made["server-data-volume"], made["server-data-attached"]
    assert (volume["size"], volume["type"], volume["encrypted"]) == (16, "gp3", True)
    assert volume["availabilityZone"] == "zone-a"
    assert attachment["instanceId"] == "server-instance-id"
    assert attachment["stopInstanceBeforeDetaching"] is True


def test_the_data_volume_comes_while_the_host_boots_and_if_a_former_one_may_serve_when_it_is_ready(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "server-ready" not in all_before(run, "server-data-attached")
    assert {"server-data-attached", "server-ready"} <= all_before(run, "server-converged")
    monkeypatch.setattr(existing, "there", lambda *_: There(frozenset({"server"}), frozenset()))
    assert "server-ready" in all_before(Run(), "server-data-attached")


def test_a_data_volume_that_is_made_anew_is_in_the_zone_of_the_subnet_that_is_there(run: Run) -> None:
    """Not in the zone that would be chosen for a new subnet."""
    assert "network-server-subnet" in run.seen.dependencies["server-data-volume"]


def test_mysql_is_installed_on_the_mounted_volume_and_not_by_the_first_boot(run: Run) -> None:
    first = yaml.safe_load(run.instances["server-instance"]["userData"])["packages"]
    assert "mysql-server" not in first and "xfsprogs" in first
    spec = json.loads(run.commands["server-converged"]["stdin"])
    volume = {"volume_id": "server-data-volume-id", "device_name": "/dev/sdf", "gib": 16}
    assert spec["data"] == {**volume, "replay_over": ""}
    assert {"mysql-server", "xfsprogs"} <= set(spec["packages"])
    paths = [file["path"] for file in spec["files"]]
    assert {"/etc/systemd/system/mysql-pair-data.service", DROP_IN} <= set(paths)
    on_root = run_with(dataVolumeSize="0")
    assert "mysql-server" in yaml.safe_load(on_root.instances["server-instance"]["userData"])["packages"]
    spec = json.loads(on_root.commands["server-converged"]["stdin"])
    assert spec["data"] is None and DROP_IN not in [file["path"] for file in spec["files"]]


def test_tags_are_on_instances_and_their_volumes(configured: Run) -> None:
    made = configured.instances["server-instance"]
    assert made["tags"] == made["rootBlockDevice"]["tags"]
    assert made["tags"]["Team"] == "data"
    assert made["tags"]["Name"] == "mysql-pair-unit-server"


def test_user_data_is_small_and_holds_no_secret(run: Run) -> None:
    for made in run.instances.values():
        assert made["userData"].startswith("#cloud-config\n")
        assert len(made["userData"].encode()) < LIMIT
        assert PASSWORD not in made["userData"] and "PRIVATE KEY" not in made["userData"]


def test_a_secret_is_nowhere_but_in_secret_inputs(run: Run) -> None:
    shown = json.dumps([without_secrets(seen.inputs) for seen in run.seen.resources])
    assert PASSWORD not in shown
    assert "BEGIN OPENSSH PRIVATE KEY" not in shown


def test_the_password_goes_by_standard_input_alone(run: Run) -> None:
    holders = set()
    for name, command in run.commands.items():
        for key, value in command.items():
            if PASSWORD in json.dumps(plain(value)):
                holders.add((name, key))
    assert holders == {("accounts-applied", "stdin"), ("client-1-logins", "stdin")}


def host_of(name: str) -> str:
    """Return the host that a command runs on: the wait for another's sshd is the jump host's."""
    return "server" if name.startswith(("server-", "accounts-")) and name != "server-wait-for-ssh" else "client-1"


VERBS = {
    "server-agent": "install",
    "server-converged": "converge",
    "server-certificate": "certify",
    "accounts-applied": "accounts apply",
    "server-backups": "backup set-up",
    "client-1-agent": "install",
    "client-1-converged": "converge",
    "client-1-logins": "check-logins",
}
"""The commands that run a verb of the host agent."""


def test_a_command_of_the_agent_is_found_by_its_first_trigger(run: Run) -> None:
    for name, command in run.commands.items():
        host, trigger = host_of(name), command["triggers"][0]
        if name in VERBS:
            assert trigger == {"host": host, "verb": VERBS[name], "instance": f"{host}-instance-id"}, name
        else:
            assert trigger == f"{host}-instance-id", name


def test_every_command_keeps_the_house_rules(run: Run) -> None:
    for name, command in run.commands.items():
        assert command["logging"] == "none", name
        assert command["addPreviousOutputInEnv"] is False, name
        assert command["create"].startswith("timeout "), name
        assert plain(command["connection"])["dialErrorLimit"] >= 0, name
        assert "environment" not in command, name


WAIT = "server-wait-for-ssh"
FIRST = {"server-host-key", "server-ready", "client-1-host-key", "client-1-ready"}
"""The commands that visit a host whose key is not pinned."""


def test_only_first_contacts_and_readiness_checks_visit_a_host_whose_key_is_not_pinned(run: Run) -> None:
    pinned = {name: plain(made["connection"]).get("hostKey") for name, made in run.commands.items()}
    assert {name for name, key in pinned.items() if key is None} == FIRST
    assert set(pinned.values()) == {None, mocks.HOST_KEY}
    assert not any(PASSWORD in json.dumps(plain(run.commands[name])) for name in FIRST)


def dials(run: Run) -> dict[str, tuple[int, int | None]]:
    """Return how often each command dials its host, and its jump host."""
    found = {}
    for name, made in run.commands.items():
        connection = plain(made["connection"])
        proxy = connection.get("proxy")
        found[name] = (int(connection["dialErrorLimit"]), int(proxy["dialErrorLimit"]) if proxy else None)
    return found


def test_a_wrong_key_is_told_at_once_and_a_booting_host_is_waited_for(run: Run) -> None:
    found = dials(run)
    assert {found[name] for name in ("client-1-host-key", "client-1-ready")} == {(90, None)}
    assert {found[name] for name in ("client-1-agent", "client-1-converged", "client-1-logins", WAIT)} == {(3, None)}
    # Behind a proxy a second handshake never helps; a port that is closed for a moment may be open the next time.
    assert {found[name] for name in ("server-host-key", "server-ready")} == {(10, 3)}
    behind = {name for name in found if name.startswith(("server-", "accounts-"))} - {WAIT, *FIRST}
    assert {found[name] for name in behind} == {(0, 3)}


def test_the_servers_commands_go_through_the_jump_host_whose_key_is_pinned(run: Run) -> None:
    for name, made in run.commands.items():
        connection = plain(made["connection"])
        if name.startswith("client-1") or name == WAIT:
            assert (connection["host"], connection.get("proxy")) == (mocks.PUBLIC_IP, None), name
        else:
            proxy = connection["proxy"]
            assert (connection["host"], proxy["host"], proxy["hostKey"]) == (
                "10.20.0.10",
                mocks.PUBLIC_IP,
                mocks.HOST_KEY,
            )


def test_a_public_server_is_dialled_itself() -> None:
    public = run_with(serverPublic="true")
    assert WAIT not in public.commands
    assert dials(public)["server-ready"] == (90, None)
    assert public.outputs["server_public_ip"] == mocks.PUBLIC_IP


def test_a_tunnels_end_is_dialled_instead_and_without_a_jump(configured: Run) -> None:
    connection = plain(configured.commands["server-converged"]["connection"])
    assert (connection["host"], connection["port"], connection.get("proxy")) == ("127.0.0.1", 2201, None)
    assert configured.outputs["jump_host"] is None


def test_a_known_host_key_needs_no_first_contact() -> None:
    known = Run(sshHostKeys=json.dumps({"server": CONFIGURED_KEY}), said={"server-ready": f"{CONFIGURED_KEY}\n"})
    assert "server-host-key" not in known.commands
    assert plain(known.commands["accounts-applied"]["connection"])["hostKey"] == CONFIGURED_KEY


def test_a_host_that_shows_another_key_stops_the_program() -> None:
    with pytest.raises(Exception, match="server answers with another ssh host key"):
        Run(said={"server-ready": f"{CONFIGURED_KEY}\n"})


def test_another_password_changes_no_trigger() -> None:
    before, after = run_with().commands, run_with(userPasswords='{"app": "another one"}').commands
    assert {name: made["triggers"] for name, made in before.items()} == {
        name: made["triggers"] for name, made in after.items()
    }
    changed = {name for name in before if plain(before[name]) != plain(after[name])}
    assert changed == {"accounts-applied", "client-1-logins"}


def test_another_name_or_host_part_replaces_nothing() -> None:
    users = {"app": {"name": "other", "host": "%", "grants": []}}
    before, after = (
        run_with().commands["accounts-applied"],
        run_with(users=json.dumps(users)).commands["accounts-applied"],
    )
    assert before["triggers"] == after["triggers"]
    (user,) = json.loads(plain(after["stdin"]))["users"]
    assert (user["key"], user["name"], user["host"]) == ("app", "other", "%")


def test_the_user_is_bound_to_the_vpc_and_has_its_database(run: Run) -> None:
    spec = run.spec("accounts-applied", AccountsSpec)
    (user,) = spec.users
    assert (user.name, user.host, user.password) == ("app", "10.20.0.0/16", PASSWORD)
    assert user.grants == (GrantSpec(("ALL",), "app"),)
    assert [database.name for database in spec.databases] == ["app"]


GRANTS = [
    {"database": "app", "privileges": ["SELECT", "INSERT"]},
    {"database": "app", "table": "orders", "privileges": ["DELETE"], "grantOption": True},
    {"privileges": ["PROCESS"]},
]


def test_a_preview_shows_of_each_user_who_it_is_and_what_it_may_do_and_no_password() -> None:
    users = {"app": {"grants": GRANTS, "roles": ["reader"], "locked": False}, "other": {"grants": []}}
    roles = {"reader": {"name": "readers", "grants": [{"database": "app", "privileges": ["SELECT"]}]}}
    run = run_with(users=json.dumps(users), roles=json.dumps(roles))
    shown = run.inputs("mysql-pair:index:MySqlUser")
    assert shown.keys() == {"user-app", "user-other"}
    assert shown["user-app"]["grants"] == {
        "app.*": {"privileges": ["INSERT", "SELECT"], "database": "app", "grant_option": False},
        "app.orders": {"privileges": ["DELETE"], "database": "app", "table": "orders", "grant_option": True},
        "*.*": {"privileges": ["PROCESS"], "grant_option": False},
    }
    assert (shown["user-app"]["roles"], shown["user-app"]["generation"]) == (["reader"], 1)
    assert SECRET_MARK in shown["user-app"]["password"]
    assert "password" not in shown["user-other"]  # generated: the command that makes it shows that
    role = run.inputs("mysql-pair:index:MySqlRole")["role-reader"]
    assert (role["name"], role["grants"]["app.*"]["privileges"]) == ("readers", ["SELECT"])


def test_a_password_that_is_not_given_is_made_once_for_each_generation() -> None:
    first, second = run_with(userPasswords=""), run_with(userPasswords="", passwordGenerations='{"app": 2}')
    made = [run.inputs("command:local:Command")["user-app-password"] for run in (first, second)]
    assert [command["triggers"] for command in made] == [[1], [2]]
    assert made[0]["logging"] == "none" and "stdin" not in made[0] and "environment" not in made[0]
    users = [run.spec("accounts-applied", AccountsSpec).users[0] for run in (first, second)]
    assert [user.password for user in users] == [f"{mocks.GENERATED}-user-app-password-{number}" for number in (1, 2)]
    assert [user.generation for user in users] == [1, 2]
    assert mocks.GENERATED not in json.dumps([without_secrets(seen.inputs) for seen in second.seen.resources])


def test_logins_are_tried_with_what_they_should_see() -> None:
    users = {"app": {"grants": GRANTS, "roles": ["reader"]}, "bare": {"host": "%", "grants": [], "locked": True}}
    roles = {"reader": {"grants": [{"database": "more", "privileges": ["SELECT"]}]}}
    run = run_with(users=json.dumps(users), roles=json.dumps(roles), databases='{"app": {}, "more": {}}')
    spec = run.spec("client-1-logins", LoginCheckSpec)
    assert (spec.host, spec.port) == ("10.20.0.10", 3306)
    app, bare = spec.logins
    assert (app.key, app.databases) == ("app", ("app", "more"))
    assert (bare.databases, bare.locked, bare.host) == ((), True, "%")


@pytest.mark.parametrize("change", [{"comment": "another"}, {"plugin": "sha256_password"}])
def test_logins_are_tried_again_whatever_changes_of_an_account(change: dict[str, object]) -> None:
    app = json.loads(GOOD["users"])["app"]
    runs = [run_with(), run_with(users=json.dumps({"app": {**app, **change}}))]
    commands = [run.commands["client-1-logins"] for run in runs]
    assert commands[0]["stdin"] == commands[1]["stdin"] and commands[0]["triggers"] == commands[1]["triggers"]
    assert commands[0]["create"] != commands[1]["create"]


USERS: dict[str, dict[str, object]] = {
    "app": {},
    "batch": {"clients": ["client"]},
    "far": {"host": "10.20.0.7"},
    "x": {"require": "X509"},
    "wide": {"name": "app", "host": "%"},
    "other": {},
    "wider": {"name": "other", "host": "10.20.%"},
    "named": {"host": "%.example.org"},
}
NOT_TRIED = {
    "far": "client-1: its host part",
    "x": "client-1: it needs a client cert",
    "wide": "client-1: MySQL takes it for the account with host part",
    "wider": "",
    "named": "client-1: only the server",
}
"""Why no client host tries a user's login, as a warning begins to say."""


def test_a_client_host_is_sent_the_passwords_of_logins_that_mysql_takes_from_it_and_the_others_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", lambda text, _resource=None: warnings.append(text))
    run = Run(users=json.dumps(USERS))
    sent = [login.key for login in run.spec("client-1-logins", LoginCheckSpec).logins]
    assert sent == [key for key in USERS if key not in NOT_TRIED]
    told = [text for text in warnings if not text.startswith("mysql-pair:")]
    begin = [f"no client host tries the login of user {key} ({why}" for key, why in NOT_TRIED.items()]
    assert len(told) == len(begin) and all(map(str.startswith, sorted(told), sorted(begin))), told


def test_a_grant_that_waits_for_its_table_is_told_and_needs_no_database_to_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", lambda text, _resource=None: warnings.append(text))
    waits = "user app ('app'@'%'): privileges on app.orders: SELECT waits: ERROR 1146: no such table"
    grants = [{"database": "app", "table": "orders", "privileges": ["SELECT"]}]
    said = {"accounts-applied": json.dumps({"users": {}, "pending": [waits]})}
    run = Run(said=said, users=json.dumps({"app": {"grants": grants}}))
    assert warnings == [f"{waits}. `repair` grants it once that is there"]
    assert run.spec("client-1-logins", LoginCheckSpec).logins[0].databases == ()


def test_a_user_for_one_group_is_no_secret_of_the_others_and_a_client_that_tries_nobody_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", lambda text, _resource=None: warnings.append(text))
    groups = json.dumps([{"name": "web", "count": 2}, {"name": "jobs"}])
    run = Run(clients=groups, users=json.dumps({"app": {"clients": ["web"]}}))
    sent = {host: run.spec(f"{host}-logins", LoginCheckSpec).logins for host in ("web-1", "web-2", "jobs-1")}
    assert {host: [login.key for login in logins] for host, logins in sent.items()} == {
        "web-1": ["app"],
        "web-2": ["app"],
        "jobs-1": [],
    }
    assert warnings == ["jobs-1 tries no login"]


def test_without_users_there_is_no_connection_string() -> None:
    run = run_with(users="{}", userPasswords="")
    assert (run.outputs["connection_string"], run.outputs["connection_strings"]) == (None, {})


def test_the_outputs_are_the_contract(run: Run) -> None:
    assert run.outputs.keys() == {output.name for output in contract.OUTPUTS}
    assert run.secret_outputs == {output.name for output in contract.OUTPUTS if output.secret}
    url = (
        "mysql://app:s3cret-pass%2Fword@10.20.0.10:3306/app"
        "?ssl-mode=VERIFY_IDENTITY&ssl-ca=%2Fetc%2Fmysql-pair%2Fca.pem"
    )
    assert run.outputs["connection_string"] == url
    assert run.outputs["connection_strings"] == {"app": url}
    assert {len(run.outputs[form.output]) for form in forms.FORMS} == {1}
    assert (run.outputs["user_names"], run.outputs["database_names"]) == (["app"], ["app"])
    assert run.outputs["contract_version"] == contract.VERSION
    assert run.outputs["mysql_version"] == "9.7.4"
    assert run.outputs["server_host_key"] == mocks.HOST_KEY
    assert run.outputs["client_names"] == ["client-1"]
    assert run.outputs["mysql_ca_certificate"] == mocks.CA_CERTIFICATE
    assert (run.outputs["server_public_ip"], run.outputs["jump_host"]) == (None, "client-1")
    assert isinstance(run.outputs["mysql_port"], int)


def test_faults_stop_the_program_before_it_registers_anything() -> None:
    seen = mocks.start()
    set_config(vpcCidr="nonsense", users='{"root": {"grants": []}}')

    @mocks.tested
    def program() -> None:
        runpy.run_path(str(PROGRAM))

    with pytest.raises(pulumi.RunError) as caught:
        program()
    assert "mysql-pair:vpcCidr" in str(caught.value) and "mysql-pair:users.root" in str(caught.value)
    assert seen.resources == []


def test_the_image_is_looked_up_unless_it_is_given(configured: Run) -> None:
    assert configured.instances["server-instance"]["ami"] == "ami-0123456789abcdef0"
    assert configured.instances["client-1-instance"]["ami"] == mocks.AMI


def test_a_server_that_moves_has_a_snapshot_of_its_volume_between_both_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["stack_config.load"], "read_move", lambda *_: "26.04")
    monkeypatch.setattr(existing, "there", lambda *_: There(frozenset({"server"}), frozenset()))
    seen = Run().seen
    (snapshot,) = seen.of_type("aws:ebs/snapshot:Snapshot").items()
    assert snapshot[0] == "server-data-before-26.04"
    assert snapshot[1]["tags"]["Name"] == "mysql-pair-unit-server-data-before-26.04", "what the program looks for"
    assert seen.dependencies[snapshot[0]] >= {"server-instance"}, "whose former one is gone by then"
    assert seen.dependencies["server-data-attached"] >= {snapshot[0], "server-ready"}
    assert snapshot[0] in seen.retained and snapshot[0] not in seen.protected


def changed_commands(before: Run, after: Run) -> set[str]:
    """Return the commands that differ."""
    return {name for name in before.commands if plain(before.commands[name]) != plain(after.commands[name])}


def test_settings_reach_the_server_alone_and_by_standard_input() -> None:
    after = run_with(mysqlSettings='{"max_connections": 300}')
    assert changed_commands(run_with(), after) == {"server-converged"}
    mysql = after.spec("server-converged", ServerSpec).mysql
    assert mysql.settings["max_connections"] == 300
    assert mysql.settings["innodb_buffer_pool_size"] == 768 * 1024**2


def test_a_grown_volume_converges_its_host() -> None:
    before, after = run_with(), run_with(serverVolumeSize="20")
    assert changed_commands(before, after) == {"server-converged"}
    assert after.spec("server-converged", ServerSpec).volume_gib == 20


def test_the_component_itself_shows_the_settings_in_a_preview() -> None:
    shown = run_with(mysqlSettings='{"max_connections": 300}').inputs("mysql-pair:index:MySqlServer")["server"]
    assert shown["settings"]["max_connections"] == 300


def test_what_an_operator_sets_is_not_in_the_first_boot() -> None:
    made = run_with(mysqlSettings='{"max_connections": 300}').instances["server-instance"]
    assert "max_connections" not in made["userData"]
    assert "require_secure_transport = ON" in made["userData"]


def test_clients_are_told_the_servers_authority(run: Run) -> None:
    files = {file.path: file.content for file in run.spec("client-1-converged", HostSpec).files}
    assert files[CA_FILE] == mocks.CA_CERTIFICATE
    assert f"ssl-ca = {CA_FILE}\n" in files["/etc/mysql/conf.d/mysql-pair.cnf"]


def test_the_certificate_names_the_address_and_the_dns_name(run: Run) -> None:
    spec = run.spec("server-certificate", CertificateSpec)
    assert spec == CertificateSpec(("10.20.0.10",), ("server-instance.internal",))


def test_names_of_one_s_own_are_in_the_certificate_too(configured: Run) -> None:
    spec = configured.spec("server-certificate", CertificateSpec)
    assert spec.names == ("server-instance.internal", "db.example.org", "*.db.example.org")


def test_lower_case_table_names_hold_from_the_first_start(configured: Run) -> None:
    assert "lower_case_table_names = 1" in str(configured.instances["server-instance"]["userData"])
    assert configured.spec("server-converged", ServerSpec).mysql.settings["lower_case_table_names"] == 1


def test_without_dns_hostnames_the_certificate_has_no_empty_name() -> None:
    """Of such a VPC `private_dns` is empty (terraform-provider-aws, "aws_instance")."""
    spec = Run(said={"private-dns": ""}).spec("server-certificate", CertificateSpec)
    assert spec == CertificateSpec(("10.20.0.10",), ())


SPECS: dict[str, type] = {
    "server-converged": ServerSpec,
    "server-certificate": CertificateSpec,
    "accounts-applied": AccountsSpec,
    "server-backups": SetUpSpec,
    "client-1-converged": HostSpec,
    "client-1-logins": LoginCheckSpec,
}
"""What each verb reads."""


def test_the_agent_reads_what_the_program_writes(run: Run) -> None:
    assert SPECS.keys() == {name for name, verb in VERBS.items() if verb != "install"}
    for name, kind in SPECS.items():
        assert codec.encode(run.spec(name, kind)) == plain(run.commands[name]["stdin"]), name


def test_what_the_agent_reads_is_a_plan_on_an_empty_server() -> None:
    users = {"app": {"grants": GRANTS, "roles": ["reader"]}}
    roles = {"reader": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}
    spec = run_with(users=json.dumps(users), roles=json.dumps(roles)).spec("accounts-applied", AccountsSpec)
    changes = plan.plan(spec, builders.state(databases={}))
    assert builders.refusals(changes) == []
    statements = builders.sql(changes)
    for start in ("CREATE DATABASE `app`", "CREATE ROLE 'reader'@'%'", "CREATE USER 'app'@'10.20.0.0/16'"):
        assert sum(statement.startswith(start) for statement in statements) == 1, statements
    assert any("DELETE ON `app`.`orders` TO 'app'" in statement for statement in statements)


def test_a_failing_assert_in_apply_fails_its_test() -> None:
    """The canary: if pulumi's decorator ever swallows this, no other test here means anything."""
    mocks.start()

    @mocks.tested
    def swallowed() -> Any:
        def fail(value: int) -> None:
            raise AssertionError(value)

        return pulumi.Output.from_input(1).apply(fail)

    with pytest.raises(AssertionError):
        swallowed()
