"""What each of several servers has for itself: its image, its protection, the zone of its volume."""

from __future__ import annotations

from typing import Any

import pytest

import stack_config
from stack_config.aws import HostFacts
from tests.unit.program.config.test_servers import ADDRESSES, SUBNETS, THERE, THREE, A, B, C
from tests.unit.program.configs import GOOD, SECRET, FakeCloud, messages, texts

OLD, NEW, MINE, GONE = "ami-24242424242424242", "ami-26262626262626262", "ami-0123456789abcdef0", "ami-0eeeeeeeeeeeeeee"
WHERE = {"server": "subnet-0d0d0d0d", "server-2": "subnet-0d0d0d0b", "server-3": "subnet-0d0d0d0c"}
VOLUMES = {"server": "vol-0a0a0a0a", "server-2": "vol-0b0b0b0b", "server-3": "vol-0d0d0d0d"}
HAS = {"server": "10.20.0.10", "server-2": "10.20.64.10", "server-3": "10.20.80.10"}


def made(images: dict[str, str]) -> FakeCloud:
    """Return an AWS in which these servers are, each in its zone, with a data volume of 20 GiB."""
    hosts: dict[str, Any] = {
        name.replace("-", "_"): (HostFacts(image, HAS[name], WHERE[name], False, VOLUMES[name], True), "x86_64")
        for name, image in images.items()
    }
    return FakeCloud(**hosts)


def read(cloud: FakeCloud, **changes: Any) -> stack_config.StackConfig:
    return stack_config.parse(GOOD | texts({**THREE, "dataVolumeSize": 20, **changes}), SECRET, cloud)


def told(cloud: FakeCloud, **changes: Any) -> list[str]:
    return messages(GOOD | texts({**THREE, "dataVolumeSize": 20, **changes}), cloud=cloud)


ALL_OLD = dict.fromkeys(WHERE, OLD)
# the images of the servers that there are, config, the image that each server is asked for
IMAGES: list[tuple[dict[str, str], dict[str, Any], list[str | None]]] = [
    ({}, {}, [None, None, None]),
    (ALL_OLD, {}, [None, None, None]),
    # A group is never made of two versions of MySQL: who joins has what those have that are there
    ({"server": NEW}, {}, [None, NEW, NEW]),
    ({"server": MINE}, {}, [None, MINE, MINE]),
    ({"server": NEW}, {"ubuntuRelease": "24.04"}, [None, NEW, NEW]),
    ({}, {"serverAmi": MINE}, [MINE, MINE, MINE]),
    (ALL_OLD, {"serverAmi": NEW}, [NEW, NEW, NEW]),
    (ALL_OLD, {"serverUbuntuRelease": "26.04"}, [NEW, NEW, NEW]),
    # An `up` that was cut off goes on with those that have not moved
    ({**ALL_OLD, "server": NEW}, {"serverUbuntuRelease": "26.04"}, [None, NEW, NEW]),
    ({**ALL_OLD, "server": NEW, "server-2": NEW}, {"serverUbuntuRelease": "26.04"}, [None, None, NEW]),
    (dict.fromkeys(WHERE, NEW), {"serverUbuntuRelease": "26.04"}, [None, None, None]),
]


@pytest.mark.parametrize(("images", "changes", "asked"), IMAGES)
def test_each_server_moves_to_the_release_by_itself(
    images: dict[str, str], changes: dict[str, Any], asked: list[str | None]
) -> None:
    config = read(made(images), **changes)
    assert [server.get("ami") for server in config.servers] == asked


def test_a_release_that_is_none_is_told_once() -> None:
    (fault,) = told(made(ALL_OLD), serverUbuntuRelease="20.04")
    assert fault.startswith("mysql-pair:serverUbuntuRelease: ")


def test_hosts_of_a_protected_group_are_replaced_and_their_volumes_are_kept() -> None:
    config = read(made(ALL_OLD), serverPrivateIps=["10.20.0.11", "10.20.64.11", "10.20.80.11"])
    assert [server["termination_protection"] for server in config.servers] == [False] * 3
    assert [volume.get("protect") for volume in config.data_volumes] == [True] * 3


def test_a_host_is_not_replaced_by_one_of_an_image_that_is_gone() -> None:
    cloud = made({**ALL_OLD, "server-2": GONE})
    assert read(cloud)
    (fault,) = told(cloud, serverPrivateIps=["10.20.0.10", "10.20.64.11", "10.20.80.10"])
    assert fault.startswith(f"mysql-pair:serverAmi: AWS does not know {GONE}")


def test_a_first_server_that_had_its_data_on_its_root_volume_is_protected_and_the_others_are_new() -> None:
    facts = HostFacts(OLD, "10.20.0.10", WHERE["server"], True, VOLUMES["server"], began_on_volume=False)
    cloud = FakeCloud(server=(facts, "x86_64"))
    assert [server["termination_protection"] for server in read(cloud).servers] == [True, False, False]
    (fault,) = told(cloud, serverPrivateIps=["10.20.0.11", "10.20.64.10", "10.20.80.10"])
    assert fault.startswith("mysql-pair:serverPrivateIps[0]: replaces server, which had its data on its root volume")


def test_a_server_does_not_leave_the_zone_of_its_volume() -> None:
    (fault,) = told(made(ALL_OLD), zones=2)
    assert fault.startswith(
        f"mysql-pair:zones: puts server-3 in {A}, and its data volume vol-0d0d0d0d is in {C}. Leave"
    )
    elsewhere: dict[str, Any] = {"serverSubnetIds": [SUBNETS[0], SUBNETS[2], SUBNETS[1]]}
    faults = told(
        made(ALL_OLD), **{**THERE, **elsewhere, "serverPrivateIps": [ADDRESSES[0], ADDRESSES[2], ADDRESSES[1]]}
    )
    assert [
        line for line in faults if f"serverSubnetIds[1]: is in {C}, and the data volume vol-0b0b0b0b is in {B}" in line
    ]


def test_no_volume_shrinks() -> None:
    faults = told(made(ALL_OLD), dataVolumeSize=16)
    assert [line.partition(", and ")[2].partition(" has")[0] for line in faults] == [*VOLUMES.values()]


def test_a_second_and_third_server_come_to_one_that_is_there_and_it_stays() -> None:
    config = read(made({"server": OLD}))
    assert config.servers[0]["private_ip"] == "10.20.0.10" and config.servers[0].get("ami") is None
    assert [volume["zone"] for volume in config.data_volumes] == [A, B, C]
