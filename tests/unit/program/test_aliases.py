"""A stack of an earlier commit keeps its server: what was renamed is known by its former name."""

from __future__ import annotations

from typing import Any

import pulumi

from components.network import Network
from tests.unit.program import mocks

# the resource, what it was called
RENAMED = {"network-server-subnet": "network-subnet", "network-server-routes": "network-routes-subnet"}


def test_the_servers_subnet_and_its_routes_are_the_ones_that_were_there() -> None:
    mocks.start()
    former: dict[str, list[Any]] = {}

    def look(args: pulumi.ResourceTransformationArgs) -> None:
        former[args.name] = [alias.name for alias in args.opts.aliases or [] if isinstance(alias, pulumi.Alias)]

    @mocks.tested
    def program() -> None:
        Network(
            "network",
            {
                "vpc_cidr": "10.20.0.0/16",
                "server_subnet_cidr": "10.20.0.0/20",
                "public_subnet_cidrs": ["10.20.16.0/20"],
                "private_subnet_cidrs": ["10.20.144.0/20"],
                "server_public": False,
                "nat_gateway": False,
            },
            pulumi.ResourceOptions(transformations=[look]),
        )

    program()
    assert {name: names[0] for name, names in former.items() if names} == RENAMED
