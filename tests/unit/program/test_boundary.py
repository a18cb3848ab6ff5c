"""What another program hands to a component is checked where it enters: every fault, with its field and a hint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pulumi
import pytest

from components.component import InvalidArgsError
from components.firewall import Firewall, FirewallArgs
from components.host.host import HostArgs
from components.mysql.accounts import MySqlAccounts, MySqlDatabase, MySqlRole, MySqlUser
from components.mysql.client import MySqlClient
from components.mysql.server import MySqlServer, MySqlServerArgs
from components.network import ExistingNetwork, Network, NetworkArgs
from scripts.host.accounts.spec import DatabaseSpec, GrantSpec, RoleSpec, UserSpec
from tests.unit.program import mocks

HOST = {
    "instance_type": "t3.micro",
    "public": True,
    "subnet_id": "subnet-0a1b2c3d",
    "security_group_ids": ["sg-0a1b2c3d"],
    "key_name": "operators",
}
NETWORK = {
    "vpc_cidr": "10.0.0.0/16",
    "zones": ["eu-central-1a"],
    "server_subnet_cidr": "10.0.0.0/24",
    "public_subnet_cidrs": ["10.0.1.0/24"],
    "private_subnet_cidrs": ["10.0.2.0/24"],
    "server_public": False,
    "nat_gateway": True,
}
FIREWALL = {"vpc_id": "vpc-0a1b2c3d", "operator_cidrs": ["203.0.113.7/32"]}
EGRESS = {"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "443"}


def server(**args: Any) -> MySqlServer:
    return MySqlServer("store", cast("MySqlServerArgs", {**HOST, **args}))


def client(**args: Any) -> MySqlClient:
    return MySqlClient("reader", cast("HostArgs", {**HOST, **args}))


def network(**args: Any) -> Network:
    return Network("net", cast("NetworkArgs", {**NETWORK, **args}))


def firewall(**args: Any) -> Firewall:
    return Firewall("fire", cast("FirewallArgs", {**FIREWALL, **args}))


def accounts(*users: MySqlUser) -> MySqlAccounts:
    return MySqlAccounts("all", {"servers": [server()], "databases": [], "roles": [], "users": users})


def without(args: dict[str, Any], field: str) -> dict[str, Any]:
    return {name: value for name, value in args.items() if name != field}


# what is made, which component is told, and of which fields
FAULTS: list[tuple[Callable[[], pulumi.ComponentResource], str, list[str]]] = [
    (lambda: server(mysql_prot=3307), "MySqlServer 'store'", ["mysql_prot: is unknown. Did you mean mysql_port?"]),
    (lambda: server(mysql_port=80), "MySqlServer 'store'", ["mysql_port: 80 is below 1024"]),
    (lambda: server(mysql_port="3306"), "MySqlServer 'store'", ["mysql_port: is '3306'. Write 3306"]),
    (lambda: server(x_protocol="false"), "MySqlServer 'store'", ["x_protocol: is 'false'. Write False"]),
    (lambda: server(settings={"port": 1}), "MySqlServer 'store'", ["settings.port: "]),
    (lambda: server(packages=["jq", "J Q"]), "MySqlServer 'store'", ["packages[1]: 'J Q' is not a package's name"]),
    (lambda: server(tags={"aws:x": "1"}), "MySqlServer 'store'", ["tags: 'aws:x' begins with aws:"]),
    (
        lambda: client(instance_type="big", volume_gib=1, public=False),
        "MySqlClient 'reader'",
        ["instance_type: 'big' is not", "volume_gib: 1 is out of range"],
    ),
    (lambda: client(public=False), "Host 'reader'", ["jump: is missing. A private host needs it, or ssh_host"]),
    (
        lambda: MySqlClient("reader", cast("HostArgs", without(HOST, "key_name"))),
        "MySqlClient 'reader'",
        ["key_name: is missing"],
    ),
    (lambda: network(vpc_cidr="10.0.0.0/8"), "Network 'net'", ["vpc_cidr: '10.0.0.0/8' has the wrong size"]),
    (
        lambda: network(member_subnet_cidrs=["10.0.3.0/24"]),
        "Network 'net'",
        ["member_subnet_cidrs: has 1 ranges beside the server's for 1 zones"],
    ),
    (
        lambda: firewall(operator_cidrs=["0.0.0.0/0"], extra_egress=[{**EGRESS, "protocol": "icmp", "port": 1}]),
        "Firewall 'fire'",
        ["operator_cidrs[0]: '0.0.0.0/0' is the whole", "extra_egress[0].port: is unknown", "extra_egress[0].protocol"],
    ),
    (
        lambda: MySqlDatabase("data", DatabaseSpec("mysql", charset="x-y")),
        "MySqlDatabase 'data'",
        ["name: ", "charset: "],
    ),
    (
        lambda: MySqlRole("reader", RoleSpec("reader", "reader", (GrantSpec(("SELEKT",)),))),
        "MySqlRole 'reader'",
        ["grants[0].privileges[0]: "],
    ),
    (
        lambda: MySqlUser("app", UserSpec("app", "app", "%", locked=cast("bool", "true"), comment=cast("str", 5))),
        "MySqlUser 'app'",
        ["locked: is 'true'. Write True", "comment: 5 is not text"],
    ),
    (
        lambda: MySqlRole("reader", RoleSpec("reader", "reader", (GrantSpec(("select",)),))),
        "MySqlRole 'reader'",
        ["grants[0].privileges[0]: is 'select'. Write 'SELECT'"],
    ),
    (
        lambda: accounts(*(MySqlUser(key, UserSpec(key, "x", "%"), "s3cret") for key in ("a", "b"))),
        "MySqlAccounts 'all'",
        ["users[1]: is 'x'@'%', which users[0] is too"],
    ),
    (
        lambda: MySqlUser("app", UserSpec("app", "root", "10.0.0.0/8", max_user_connections=-1), "s3cret"),
        "MySqlUser 'app'",
        ["name: ", "max_user_connections: "],
    ),
]


@pytest.mark.parametrize(("make", "component", "faults"), FAULTS)
def test_a_component_tells_every_fault(
    make: Callable[[], pulumi.ComponentResource], component: str, faults: list[str]
) -> None:
    mocks.start()
    with pytest.raises(InvalidArgsError) as caught:
        mocks.tested(make)()
    title, *lines = str(caught.value).splitlines()
    assert title == f"{component} cannot be made:"
    assert [fault for fault in faults if not any(line.startswith(f"  - {fault}") for line in lines)] == [], lines
    assert "s3cret" not in str(caught.value)


def test_what_is_known_later_is_not_looked_at() -> None:
    recorder = mocks.start()
    known_later: Any = pulumi.Output.from_input("subnet-0a1b2c3d")
    mocks.tested(lambda: client(subnet_id=known_later))()
    assert recorder.of_type("aws:ec2/instance:Instance")


def test_a_client_is_placed_in_a_zone_that_the_network_has() -> None:
    mocks.start()

    def program() -> None:
        with pytest.raises(ValueError, match="net has 1 zones, and none with the number 2"):
            network().client_subnet_id(public=True, zone=2)

    mocks.tested(program)()


def test_a_client_in_an_existing_network_needs_a_subnet() -> None:
    with pytest.raises(ValueError, match="the subnet of a client in an existing VPC must be named"):
        ExistingNetwork("vpc-0a1b2c3d", "subnet-0a1b2c3d").client_subnet_id(public=True, zone=1)
