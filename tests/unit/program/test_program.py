"""What the whole program registers: who may reach what, where secrets go, and what a re-run would do."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.user_data import LIMIT
from tests.unit.program import mocks
from tests.unit.program.configs import PASSWORD, set_config

PROGRAM = Path(__file__).resolve().parents[3] / "__main__.py"
SECRET_MARK = "4dabf18193072939515e22adb298388d"
"""The key of a secret in Pulumi's wire format."""

OUTPUTS = {
    "server_instance_id",
    "server_private_ip",
    "server_public_ip",
    "server_host_key",
    "client_instance_ids",
    "client_private_ips",
    "client_public_ips",
    "client_host_keys",
    "mysql_host",
    "mysql_port",
    "mysql_version",
    "connection_string",
}


class Run:
    """One run of the program: what it registered and what it exported."""

    def __init__(self, **changes: str) -> None:
        self.seen = mocks.start()
        self.outputs: dict[str, Any] = {}
        self.secret_outputs: set[str] = set()
        set_config(**changes)

        async def read_outputs() -> None:
            for name, value in mocks.exported().items():
                output = pulumi.Output.from_input(value)
                self.outputs[name] = await output.future()
                if await output.is_secret():
                    self.secret_outputs.add(name)

        @mocks.tested
        def program() -> Any:
            runpy.run_path(str(PROGRAM))
            return read_outputs()

        program()

    def inputs(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the inputs of every resource of a kind, by name."""
        return self.seen.of_type(kind)

    @property
    def commands(self) -> dict[str, dict[str, Any]]:
        """The inputs of the remote commands, by name."""
        return self.inputs("command:remote:Command")

    @property
    def instances(self) -> dict[str, dict[str, Any]]:
        """The inputs of the instances, by name."""
        return self.inputs("aws:ec2/instance:Instance")

    @property
    def ingress(self) -> list[dict[str, Any]]:
        """The inputs of the ingress rules."""
        return list(self.inputs("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").values())


@pytest.fixture(scope="module")
def run() -> Run:
    """The program with a config without faults."""
    return Run()


def plain(value: Any) -> Any:
    """Return an input without its secret marks."""
    if isinstance(value, dict):
        return plain(value["value"]) if SECRET_MARK in value else {k: plain(v) for k, v in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def without_secrets(value: Any) -> Any:
    """Return an input with every secret left out."""
    if isinstance(value, dict):
        return None if SECRET_MARK in value else {k: without_secrets(v) for k, v in value.items()}
    return [without_secrets(entry) for entry in value] if isinstance(value, list) else value


def test_mysql_is_open_to_the_clients_group_and_to_no_address(run: Run) -> None:
    rules = [rule for rule in run.ingress if rule["fromPort"] <= 3306 <= rule["toPort"]]
    assert len(rules) == 1
    assert rules[0]["securityGroupId"] == "firewall-server-id"
    assert rules[0]["referencedSecurityGroupId"] == "firewall-client-id"
    assert not {"cidrIpv4", "cidrIpv6", "prefixListId"} & rules[0].keys()


def test_ssh_is_open_to_each_operator_on_both_groups_and_to_no_one_else(run: Run) -> None:
    rules = [rule for rule in run.ingress if rule["fromPort"] != 3306]
    reach = {(rule["securityGroupId"], rule["cidrIpv4"]) for rule in rules}
    groups, ranges = ("firewall-server-id", "firewall-client-id"), ("203.0.113.7/32", "198.51.100.0/24")
    assert reach == {(group, cidr) for group in groups for cidr in ranges}
    assert all(rule["fromPort"] == rule["toPort"] == 22 and rule["ipProtocol"] == "tcp" for rule in rules)


def test_one_operator_less_takes_away_that_operators_rules_alone() -> None:
    kind = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    fewer = Run(operatorCidrs='["198.51.100.0/24"]').inputs(kind)
    assert fewer.items() <= Run().inputs(kind).items()


def test_no_rule_is_inline(run: Run) -> None:
    groups = run.inputs("aws:ec2/securityGroup:SecurityGroup").values()
    tables = run.inputs("aws:ec2/routeTable:RouteTable").values()
    assert len(groups) == 2
    assert not any({"ingress", "egress", "routes"} & made.keys() for made in [*groups, *tables])


def test_the_only_ways_out_are_packages_and_mysql_to_the_server(run: Run) -> None:
    rules = run.inputs("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule").values()
    ways = {(r["securityGroupId"], r["fromPort"], r["toPort"], r.get("cidrIpv4")) for r in rules}
    packages = {
        (group, port, port, "0.0.0.0/0") for group in ("firewall-server-id", "firewall-client-id") for port in (80, 443)
    }
    assert ways == packages | {("firewall-client-id", 3306, 3306, None)}


def test_instances_are_hardened_and_their_addresses_fixed(run: Run) -> None:
    assert {name: made["privateIp"] for name, made in run.instances.items()} == {
        "server-instance": "10.20.0.10",
        "client-1-instance": "10.20.0.11",
    }
    for made in run.instances.values():
        assert made["metadataOptions"]["httpTokens"] == "required"
        assert made["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert made["rootBlockDevice"]["encrypted"] is True


def test_user_data_is_small_and_holds_no_secret(run: Run) -> None:
    for made in run.instances.values():
        assert made["userData"].startswith("#cloud-config\n")
        assert len(made["userData"].encode()) < LIMIT
        assert PASSWORD not in made["userData"] and "PRIVATE KEY" not in made["userData"]


def test_a_secret_is_nowhere_but_in_secret_inputs(run: Run) -> None:
    shown = json.dumps([without_secrets(seen.inputs) for seen in run.seen.resources])
    assert PASSWORD not in shown
    assert "PRIVATE KEY" not in shown


def test_the_password_goes_by_standard_input_alone(run: Run) -> None:
    holders = set()
    for name, command in run.commands.items():
        for key, value in command.items():
            if PASSWORD in json.dumps(plain(value)):
                holders.add((name, key))
    assert holders == {("user-applied", "stdin"), ("client-1-login", "stdin")}


def test_every_command_keeps_the_house_rules(run: Run) -> None:
    for name, command in run.commands.items():
        host = "server" if name.startswith(("server", "user")) else "client-1"
        assert command["triggers"][0] == f"{host}-instance-id", name
        assert command["logging"] == "none", name
        assert command["addPreviousOutputInEnv"] is False, name
        assert command["create"].startswith("timeout "), name
        assert plain(command["connection"])["dialErrorLimit"] > 0, name
        assert "environment" not in command, name


def test_only_the_gates_visit_a_host_whose_key_is_not_pinned(run: Run) -> None:
    pinned = {name: plain(made["connection"]).get("hostKey") for name, made in run.commands.items()}
    assert {name for name, key in pinned.items() if key is None} == {"server-ready", "client-1-ready"}
    assert set(pinned.values()) == {None, mocks.HOST_KEY}
    assert not any(PASSWORD in json.dumps(plain(run.commands[f"{host}-ready"])) for host in ("server", "client-1"))


def test_another_password_changes_no_trigger() -> None:
    before, after = Run().commands, Run(userPassword="another one").commands
    assert {name: made["triggers"] for name, made in before.items()} == {
        name: made["triggers"] for name, made in after.items()
    }
    changed = {name for name in before if plain(before[name]) != plain(after[name])}
    assert changed == {"user-applied", "client-1-login"}


def test_another_user_name_replaces_the_user() -> None:
    before, after = Run().commands["user-applied"], Run(userName="other").commands["user-applied"]
    assert before["triggers"] != after["triggers"]


def test_the_user_is_bound_to_the_vpc(run: Run) -> None:
    wanted = json.loads(plain(run.commands["user-applied"]["stdin"]))
    assert (wanted["user"], wanted["host"], wanted["database"]) == ("app", "10.20.0.0/16", "app")


def test_the_outputs_are_the_contract(run: Run) -> None:
    assert run.outputs.keys() == OUTPUTS
    assert run.secret_outputs == {"connection_string"}
    assert run.outputs["connection_string"] == ("mysql://app:s3cret-pass%2Fword@10.20.0.10:3306/app?ssl-mode=REQUIRED")
    assert run.outputs["mysql_version"] == "9.7.4"
    assert run.outputs["server_host_key"] == mocks.HOST_KEY
    assert run.outputs["client_private_ips"] == ["10.20.0.11"]
    assert isinstance(run.outputs["mysql_port"], int)


def test_faults_stop_the_program_before_it_registers_anything() -> None:
    seen = mocks.start()
    set_config(vpcCidr="nonsense", userName="root")

    @mocks.tested
    def program() -> None:
        runpy.run_path(str(PROGRAM))

    with pytest.raises(pulumi.RunError) as caught:
        program()
    assert "mysql-pair:vpcCidr" in str(caught.value) and "mysql-pair:userName" in str(caught.value)
    assert seen.resources == []


def test_the_image_is_looked_up_unless_it_is_given() -> None:
    given = Run(serverAmi="ami-0123456789abcdef0")
    assert given.instances["server-instance"]["ami"] == "ami-0123456789abcdef0"
    assert given.instances["client-1-instance"]["ami"] == mocks.AMI


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
