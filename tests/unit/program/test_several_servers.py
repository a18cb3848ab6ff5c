"""A group of three in the whole program: names, the order in which it is made and changed, what of one server stays."""

from __future__ import annotations

import functools
import itertools
import json
from typing import Any

import pytest

from components.mysql.group import ServerGroup
from scripts.host.accounts.spec import AccountsSpec
from scripts.host.backups.spec import SetUpSpec
from scripts.host.client.spec import GroupCheckSpec
from scripts.host.group.spec import GroupSpec, MemberSpec
from scripts.host.mysql.spec import CertificateSpec, ServerSpec
from tests.unit.program import mocks
from tests.unit.program.program_run import Run, all_before, plain, run_with, without_secrets

NAMES = ("server", "server-2", "server-3")
MEMBERS = tuple(map(MemberSpec, NAMES, ("10.20.0.10", "10.20.64.10", "10.20.80.10")))
DIFFERS = {
    "server-instance",  # its user data, which a host that is there never reads again
    "server-converged",
    "server-certificate",
    "client-1-converged",
    "client-1-logins",
    "firewall-server-rules",
    "firewall-client-rules",
}
"""What of one server has other inputs in a group of three."""


@pytest.fixture(scope="module")
def three() -> Run:
    return run_with(servers="3")


def test_each_server_has_a_host_and_a_volume_of_its_own_under_its_name(three: Run) -> None:
    assert sorted(three.inputs("mysql-pair:index:MySqlServer")) == [*NAMES]
    assert {*three.inputs("aws:ebs/volume:Volume")} == {f"{name}-data-volume" for name in NAMES}
    addresses = {name: made["privateIp"] for name, made in three.instances.items() if "server" in name}
    assert addresses == {f"{member.name}-instance": member.address for member in MEMBERS}
    zones = [made["availabilityZone"] for made in three.inputs("aws:ebs/volume:Volume").values()]
    assert sorted(zones) == ["zone-a", "zone-b", "zone-c"]
    assert three.outputs["server_names"] == [*NAMES]
    assert three.outputs["server_private_ips"] == [member.address for member in MEMBERS]


def test_what_one_server_has_is_there_under_the_same_name_with_the_same_inputs(run: Run, three: Run) -> None:
    """So a group grows out of one server without anything being replaced."""
    one, several = ({made.name: made.inputs for made in seen.seen.resources} for seen in (run, three))
    kinds = [{made.name: made.typ for made in seen.seen.resources} for seen in (run, three)]
    assert kinds[0].items() <= kinds[1].items()
    assert {name for name, inputs in one.items() if inputs != several[name]} == DIFFERS
    for name in DIFFERS - {"firewall-server-rules", "firewall-client-rules"}:
        changed = {field for field, value in one[name].items() if several[name][field] != value}
        assert changed <= {"stdin", "userData"}, name


@functools.cache
def with_data_of(*names: str) -> Run:
    """Return the run of a stack in which these servers are there already."""
    return Run(volumes={f"{name}-data" for name in names}, servers="3")


def waits_for(run: Run, name: str) -> set[str]:
    """Return which members have to be in the group before a server's host is made or changed."""
    joined = {f"{other}-joined": other for other in NAMES}
    return {joined[needed] for needed in all_before(run, f"{name}-instance") & joined.keys()}


def test_a_member_is_changed_when_the_one_before_it_is_in_the_group_again() -> None:
    whole = with_data_of(*NAMES)
    assert [waits_for(whole, name) for name in NAMES] == [set(), {"server"}, {"server", "server-2"}]
    for name in NAMES:
        assert "group-checked" in all_before(whole, f"{name}-instance")


@pytest.mark.parametrize(
    ("there", "waited_for"),
    [
        ((), [set(), set(), set()]),
        (("server",), [set(), {"server"}, {"server"}]),
        (("server", "server-2"), [set(), {"server"}, {"server", "server-2"}]),
        (("server-2", "server-3"), [set(), {"server"}, {"server", "server-2"}]),
        (("server", "server-3"), [set(), {"server"}, {"server", "server-2"}]),
    ],
)
def test_new_members_boot_side_by_side_when_those_that_are_there_are_in_the_group(
    there: tuple[str, ...], waited_for: list[set[str]]
) -> None:
    run = with_data_of(*there)
    assert [waits_for(run, name) for name in NAMES] == waited_for
    for name in NAMES:
        assert ("group-checked" in all_before(run, f"{name}-instance")) == bool(there)


def test_where_aws_does_not_tell_of_volumes_no_member_counts_as_new() -> None:
    run = Run(volumes=None, servers="3")
    assert [waits_for(run, name) for name in NAMES] == [set(), {"server"}, {"server", "server-2"}]


def test_members_join_one_after_another(three: Run) -> None:
    for name, former in itertools.pairwise(reversed(NAMES)):
        assert f"{former}-joined" in all_before(three, f"{name}-joined")
    for name in NAMES:
        steps = all_before(three, f"{name}-joined")
        assert {f"{name}-{step}" for step in ("data-attached", "converged", "certificate")} | {"group-checked"} <= steps


def test_a_client_host_asks_all_members_for_the_primary_before_anything_of_the_group_is_changed(three: Run) -> None:
    check = three.spec("group-checked", GroupCheckSpec)
    assert check.addresses == tuple(member.address for member in MEMBERS)
    assert "client-1-agent" in all_before(three, "group-checked")


def test_the_check_runs_again_whenever_a_server_is_to_be_changed(three: Run) -> None:
    for change in ({"serverInstanceType": "m5.large"}, {"mysqlSettings": '{"max_connections": 50}'}):
        other = run_with(servers="3", **change).commands["group-checked"]
        assert other["stdin"] != three.commands["group-checked"]["stdin"], change
        assert other["triggers"] == three.commands["group-checked"]["triggers"]


def test_a_group_is_begun_once_and_its_authority_told_once_whatever_becomes_of_hosts(three: Run) -> None:
    for name, verb in (("group-begun", "group begin"), ("group-authority", "authority")):
        assert three.commands[name]["triggers"] == [{"host": "server", "verb": verb}]
    for name in NAMES:
        assert three.commands[f"{name}-joined"]["triggers"][0]["instance"] == f"{name}-instance-id"


def test_each_member_knows_all_of_them_and_which_one_it_is(three: Run) -> None:
    groups = [three.spec(f"{name}-joined", GroupSpec) for name in NAMES]
    assert [group.own for group in groups] == [*NAMES]
    assert {(group.members, group.port) for group in groups} == {(MEMBERS, 3306)}
    assert len({group.name for group in groups}) == 1
    assert [three.spec(f"{name}-converged", ServerSpec).group for name in NAMES] == groups


def test_certificates_are_of_one_authority_whose_key_is_nowhere_but_in_secrets(three: Run) -> None:
    specs = [three.spec(f"{name}-certificate", CertificateSpec) for name in NAMES]
    assert [spec.addresses for spec in specs] == [(member.address, "127.0.0.1") for member in MEMBERS]
    (authority,) = {spec.authority for spec in specs}
    key = f"{mocks.GENERATED}-authority"
    assert key in authority
    assert key not in json.dumps([without_secrets(made.inputs) for made in three.seen.resources])


def test_accounts_are_applied_on_every_member_once_all_are_in_the_group(three: Run) -> None:
    names = ("accounts-applied", "accounts-applied-server-2", "accounts-applied-server-3")
    for name in names:
        assert {f"{member}-joined" for member in NAMES} <= all_before(three, name)
        assert name in all_before(three, "client-1-logins")
    first, *others = (three.spec(name, AccountsSpec) for name in names)
    assert others == [first, first]


def test_every_member_is_set_up_for_backups_when_the_accounts_are_there(three: Run) -> None:
    first, *others = (three.spec(f"{name}-backups", SetUpSpec) for name in NAMES)
    assert others == [first, first]
    for name in NAMES:
        assert "accounts-applied" in all_before(three, f"{name}-backups")


def test_each_data_volume_is_protected(three: Run) -> None:
    assert {f"{name}-data-volume" for name in NAMES} <= three.seen.protected


def test_an_even_number_of_members_is_refused_by_the_component_too() -> None:
    mocks.start()

    @mocks.tested
    def program() -> Any:
        ServerGroup("group", {"members": MEMBERS[:2]})

    with pytest.raises(Exception, match="Give an odd number"):
        program()


def test_a_password_is_in_the_secret_input_of_accounts_and_logins_alone(three: Run) -> None:
    password = three.spec("accounts-applied", AccountsSpec).users[0].password
    holders = {name for name, made in three.commands.items() if password in json.dumps(plain(made))}
    assert holders == {*(name for name in three.commands if name.startswith("accounts-applied")), "client-1-logins"}
