"""Host parts: those that MySQL matches clients with are taken, all others are told."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    EXISTING,
    GOOD,
    messages,
    parsed,
    texts,
    user,
)

# a host part, what is said of it; None for one that is legal
HOST_PARTS: list[tuple[object, str | None]] = [
    ("%", None),
    ("localhost", None),
    ("client-1.example.org", None),
    ("%.example.org", None),
    ("app_.example.org", None),
    ("10.20.%", None),
    ("10.20.0.7", None),
    ("10.20.0.7/32", None),
    ("10.0.0.0/16", None),
    ("10.128.0.0/9", None),
    ("10.0.0.0/255.255.0.0", None),
    ("10.96.0.0/255.240.0.0", None),
    ("::1", None),
    ("2001:db8::1", None),
    ("2001:db8:%", None),
    ("a" * 63 + ".%", None),
    ("", "reads as %"),
    (7, "not text"),
    (".".join(["a" * 60] * 5), "MySQL allows 255"),
    ("a" * 64, "no host part"),
    ("Client.Example.org", "Write 'client.example.org'"),
    ("2001:DB8::1", "Write '2001:db8::1'"),
    ("a b", "no host part"),
    ("a@b", "no host part"),
    ("a'b", "no host part"),
    ('a"b', "no host part"),
    ("a`b", "no host part"),
    ("a\nb", "no host part"),
    ("a\n", "no host part"),
    ("bücher.example", "no host part"),
    ("a..b", "no host part"),
    (".a", "no host part"),
    ("a-.b", "no host part"),
    ("10.0.0.300", "no IPv4 address"),
    ("10.0.0", "no IPv4 address"),
    ("10.0.0.01", "no IPv4 address"),
    ("10.0.0.0/33", "no range"),
    ("10.0.0.0/", "no range"),
    ("10.0.0.0/8\n", "no range"),
    ("10.%/16", "no range"),
    ("localhost/24", "no range"),
    ("10.0.0.0/255.0.255.0", "no range"),
    ("10.0.0.0/0.0.255.255", "mask"),
    ("10.0.0.0/016", "Write 10.0.0.0/16"),
    ("10.0.1.0/16", "Write 10.0.0.0/16"),
    ("10.0.1.0/255.255.0.0", "Write 10.0.0.0/16"),
    ("0.0.0.0/0", "Write '%'"),
    ("fd00::/64", "no range of IPv4"),
    ("fd00:0::1", "Write fd00::1"),
    ("::ffff:10.0.0.1", "Write 10.0.0.1"),
    ("[::1]", "no IPv6 address"),
    ("10.0.0.1:3306", "no IPv6 address"),
    ("app_:3306", "no host part"),
]


@pytest.mark.parametrize(("host", "said"), HOST_PARTS)
def test_a_host_part_is_one_that_mysql_matches_clients_with(host: object, said: str | None) -> None:
    changes: dict[str, object] = {"users": {"app": {}, "report": {"host": host}}}
    if said is None:
        assert parsed(**changes).accounts.users[1].host == host
    else:
        (fault,) = messages(GOOD | texts(changes))
        assert fault.startswith("mysql-pair:users.report.host: ") and said in fault


# a host part, whether a client host in 10.20.16.0/20 might be admitted by it
ADMITTED = [
    ("%", True),
    ("10.20.0.0/16", True),
    ("10.20.16.0/255.255.240.0", True),
    ("10.20.17.4", True),
    ("10.20.%", True),
    ("10.2%", True),
    ("10.20.16._", True),
    ("%.example.org", True),
    ("ip-10-20-16-4.ec2.internal", True),
    ("localhost", False),
    ("10.20.0.0/20", False),
    ("10.20.0.7", False),
    ("10.30.%", False),
    ("2001:db8:%", False),
]


@pytest.mark.parametrize(("host", "admitted"), ADMITTED)
def test_a_primary_user_that_no_client_host_is_admitted_as_is_a_fault(host: str, admitted: bool) -> None:
    if admitted:
        assert parsed(**user(host=host)).accounts.users[0].host == host
    else:
        (fault,) = messages(GOOD | texts(user(host=host)))
        assert fault.startswith(f"mysql-pair:users.app.host: is {host!r}, which no client host is in")


@pytest.mark.parametrize(("host", "admitted"), ADMITTED)
def test_another_user_that_no_client_host_is_admitted_as_is_told_in_the_preview(
    host: str, admitted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", warnings.append)
    parsed(users={"app": {}, "report": {"host": host}, "gone": {"host": host, "name": "gone", "locked": True}})
    assert len(warnings) == (0 if admitted else 1)
    assert all(line.startswith("mysql-pair:users.report.host: ") for line in warnings)


def test_an_account_that_another_of_its_name_hides_from_every_client_host_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", warnings.append)
    parsed(users={"app": {}, "wide": {"name": "app", "host": "%"}, "other": {"host": "%"}})
    (warning,) = warnings
    wrong = "is '%', and MySQL takes every login of a client host for the account from 10.20.0.0/16"
    assert warning.startswith(f"mysql-pair:users.wide.host: {wrong}")
    (fault,) = messages(
        GOOD | texts({"users": {"app": {"host": "%"}, "narrow": {"name": "app"}}, "primaryUser": "app"})
    )
    assert fault.startswith(f"mysql-pair:users.app.host: {wrong}")


def test_only_the_hosts_that_a_user_is_for_count(monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr("pulumi.warn", warnings.append)
    groups = [{"name": "web"}, {"name": "jobs", "zone": 2}]
    for group, told in (("web", 0), ("jobs", 1)):
        warnings.clear()
        parsed(clients=groups, users={"app": {}, "b": {"host": "10.20.16.0/20", "clients": [group]}})
        assert len(warnings) == told
    (fault,) = messages(GOOD | texts({"users": {"app": {"clients": ["wep"]}}, "clients": groups}))
    assert fault == "mysql-pair:users.app.clients[0]: 'wep' is not in clients. Did you mean web?"


def test_of_an_unknown_subnet_nothing_is_concluded() -> None:
    changes = {"vpcCidr": "x", **user(host="localhost")}
    assert [line.split(": ")[0] for line in messages(GOOD | texts(changes))] == ["mysql-pair:vpcCidr"]


def test_the_default_is_the_range_of_the_vpc_that_is_there() -> None:
    assert parsed(**EXISTING).accounts.users[0].host == "10.30.0.0/16"


def test_the_default_has_all_ranges_of_the_vpc() -> None:
    changes = {**EXISTING, "vpcId": "vpc-02020202", "serverSubnetId": "subnet-02020203"}
    changes |= {"clients": [{"name": "client", "subnetId": "subnet-02020204"}]}
    assert parsed(**changes).accounts.users[0].host == "10.30.0.0/15"


def test_where_no_range_has_just_the_vpcs_the_host_part_has_to_be_said() -> None:
    changes = {**EXISTING, "vpcId": "vpc-0c0c0c0c", "serverSubnetId": "subnet-0c0c0c0d"}
    changes |= {"clients": [{"name": "client", "subnetId": "subnet-0c0c0c0e"}]}
    (fault,) = messages(GOOD | texts(changes))
    assert fault.startswith("mysql-pair:users.app.host: is missing") and "10.30.0.0/16, 100.64.0.0/16" in fault
    assert parsed(**changes, **user(host="100.64.0.0/16")).accounts.users[0].host == "100.64.0.0/16"


@pytest.mark.parametrize("host", ["app-1.example.org", "%.example.org", "app_"])
def test_a_name_is_of_no_use_to_a_server_that_looks_none_up(host: str) -> None:
    settings = {"mysqlSettings": {"skip_name_resolve": True}}
    (fault,) = messages(GOOD | texts({**user(host=host), **settings}))
    assert fault.startswith(f"mysql-pair:users.app.host: is {host!r}, a name")
    assert parsed(**user(host="10.20.%"), **settings).server["settings"] == {"skip_name_resolve": True}
