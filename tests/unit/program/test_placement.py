"""Where each of several servers is: its subnet and its zone."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pytest

from components.firewall import Firewall
from components.network import ExistingNetwork, Network, NetworkArgs
from components.placement import Placement, SshAccess
from tests.unit.program import mocks
from tests.unit.program.test_boundary import NETWORK

ZONES = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
# the subnets of other servers' than the first one's, the subnet and the zone of each of five servers
SPREAD: list[tuple[list[str], list[str], list[str]]] = [
    ([], ["server-subnet"] * 5, ["a"] * 5),
    (["10.0.3.0/24"], ["server-subnet", "servers-2", "server-subnet", "servers-2", "server-subnet"], [*"ababa"]),
    (
        ["10.0.3.0/24", "10.0.4.0/24"],
        ["server-subnet", "servers-2", "servers-3", "server-subnet", "servers-2"],
        [*"abcab"],
    ),
]


@pytest.mark.parametrize(("cidrs", "subnets", "zones"), SPREAD)
def test_servers_take_turns_in_the_zones(cidrs: list[str], subnets: list[str], zones: list[str]) -> None:
    mocks.start()

    @mocks.tested
    def program() -> Any:
        args = cast("NetworkArgs", {**NETWORK, "zones": ZONES, "member_subnet_cidrs": cidrs})
        network = Network("net", args)
        firewall = Firewall("fire", {"vpc_id": network.vpc_id, "operator_cidrs": []})
        placement = Placement(network, firewall, "operators", SshAccess("ssh-ed25519 AAAA"))
        numbers = range(1, 6)
        placed = [placement.server(f"server-{number}", {}, number=number)["subnet_id"] for number in numbers]
        return pulumi.Output.all(
            subnets=placed, zones=[network.server_zone_of(number) for number in numbers], first=network.server_subnet_id
        ).apply(seen)

    def seen(told: dict[str, Any]) -> None:
        assert told["subnets"] == [f"net-{subnet}-id" for subnet in subnets]
        assert told["zones"] == [f"eu-central-1{zone}" for zone in zones]
        assert told["first"] == "net-server-subnet-id"

    program()


def test_servers_in_a_vpc_that_is_there_are_where_config_says() -> None:
    network = ExistingNetwork("vpc-1", "subnet-1", more_subnet_ids=("subnet-2", "subnet-3"))
    assert [network.member_subnet_id(number) for number in (1, 2, 3)] == ["subnet-1", "subnet-2", "subnet-3"]
    assert ExistingNetwork("vpc-1", "subnet-1").member_subnet_id(1) == "subnet-1"
