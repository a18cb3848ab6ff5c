"""Config of the data volume: what is refused before anything is touched, and what it makes safe."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

import stack_config
from stack_config.aws import HostFacts, leaves_mysql
from tests.unit.program.configs import EXISTING, GOOD, SECRET, FakeCloud, messages, texts

OLD, NEW, ARM, GONE = (
    "ami-0123456789abcdef0", "ami-24242424242424242", "ami-0a0a0a0a0a0a0a0a0", "ami-0eeeeeeeeeeeeeeee"
)  # fmt: skip
VOLUME, ELSEWHERE, PLAIN = "vol-0a0a0a0a", "vol-0b0b0b0b", "vol-0e0e0e0e"
NO_PROTECTION: dict[str, object] = {"terminationProtection": False}


def server(
    volume: str | None = VOLUME, began: bool = True, protected: bool = False, image: str = OLD,
    subnet: str = "subnet-0d0d0d0d",
) -> FakeCloud:  # fmt: skip
    """Return an AWS in which the server is there, with a data volume of 20 GiB."""
    facts = HostFacts(image, "10.20.0.10", subnet, protected, volume, began)
    return FakeCloud(server=(facts, "x86_64"))


def parsed(changes: dict[str, Any], cloud: FakeCloud) -> stack_config.StackConfig:
    return stack_config.parse(GOOD | texts({"dataVolumeSize": 20, **changes}), SECRET, cloud)


def told(changes: dict[str, Any], cloud: FakeCloud) -> str:
    (message,) = messages(GOOD | texts({"dataVolumeSize": 20, **changes}), cloud=cloud)
    return message


REPLACEMENTS: list[dict[str, Any]] = [{"serverAmi": NEW}, {"serverPrivateIp": "10.20.0.11"}]


@pytest.mark.parametrize("change", REPLACEMENTS)
def test_a_protected_stack_replaces_a_host_whose_data_began_on_the_volume(change: dict[str, Any]) -> None:
    config = parsed(change, server())
    assert (config.protected, config.server["termination_protection"]) == (True, False)
    assert config.data_volume and config.data_volume["protect"] is True


@pytest.mark.parametrize("change", REPLACEMENTS)
def test_a_host_that_had_its_data_on_its_root_volume_is_protected_until_it_has_gone(
    change: dict[str, Any],
) -> None:
    cloud = server(began=False)
    assert parsed({}, cloud).server["termination_protection"] is True
    assert "which had its data on its root volume once" in told(change, cloud)
    assert parsed(change | NO_PROTECTION, cloud)


@pytest.mark.parametrize("protection", [{}, NO_PROTECTION])
def test_a_host_is_not_replaced_in_the_up_that_moves_its_data(protection: dict[str, Any]) -> None:
    said = told({"serverAmi": NEW, **protection}, server(volume=None, began=False))
    assert said.startswith("mysql-pair:serverAmi: replaces the server before its data are on the data volume. Run `up`")


def test_a_host_is_not_replaced_by_one_of_an_image_that_is_gone() -> None:
    said = told({"serverPrivateIp": "10.20.0.11"}, server(image=GONE))
    assert said.startswith(f"mysql-pair:serverAmi: AWS does not know {GONE}")


def test_another_architecture_takes_an_image_of_it_and_keeps_the_data() -> None:
    said = told({"serverInstanceType": "t4g.small"}, server())
    assert said.endswith("set serverAmi to an image for arm64, and the host is replaced: its data volume stays")
    assert parsed({"serverInstanceType": "t4g.small", "serverAmi": ARM}, server())


@dataclass(frozen=True)
class Case:
    """A config that is refused."""

    changes: dict[str, Any]
    key: str
    said: str
    cloud: FakeCloud = field(default_factory=FakeCloud)


ATTACHED = FakeCloud()
ATTACHED.attached = {VOLUME}
CASES = [
    Case({"dataVolumeSize": 70000}, "dataVolumeSize", "out of range"),
    Case({"dataVolumeIops": 2999}, "dataVolumeIops", "from 3000 to 80000"),
    Case({"dataVolumeIops": 20000}, "dataVolumeIops", "gp3 has at most 500 for a GiB. Choose 10000 or less"),
    Case({"dataVolumeThroughput": 2001}, "dataVolumeThroughput", "from 125 to 2000 MiB/s"),
    Case({"dataVolumeThroughput": 1000}, "dataVolumeThroughput", "needs 4000 IOPS"),
    Case({"dataVolumeKmsKey": "alias/mine"}, "dataVolumeKmsKey", "is not the ARN of a KMS key"),
    Case({"dataVolumeId": "snap-0a0a0a0a"}, "dataVolumeId", "is not a volume's id"),
    Case({"dataVolumeSnapshot": VOLUME}, "dataVolumeSnapshot", "is not a snapshot's id"),
    Case({"dataVolumeId": VOLUME, "dataVolumeSnapshot": "snap-0a0a0a0a", "dataVolumeSize": 100},
         "dataVolumeSnapshot", "is given beside dataVolumeId"),
    Case({"dataVolumeId": VOLUME, "dataVolumeIops": 4000}, "dataVolumeIops", "keeps its own"),
    Case({"dataVolumeId": "vol-0c0c0c0c"}, "dataVolumeId", "AWS does not know vol-0c0c0c0c"),
    Case({"dataVolumeId": ELSEWHERE}, "dataVolumeId", "is in eu-central-1b, and the server is in eu-central-1a"),
    Case({"dataVolumeId": VOLUME}, "dataVolumeId", "is attached to another instance. Detach it", ATTACHED),
    Case({"dataVolumeSnapshot": "snap-0a0a0a0a"}, "dataVolumeSize", "of a volume of 100 GiB. Set it to 100 or more"),
    Case({"dataVolumeSnapshot": "snap-0c0c0c0c"}, "dataVolumeSnapshot", "AWS does not know snap-0c0c0c0c"),
    Case({"dataVolumeSize": 0, "dataVolumeIops": 4000}, "dataVolumeIops", "there is no data volume"),
    Case({"dataVolumeSize": 0}, "dataVolumeSize", "are on vol-0a0a0a0a: they are not moved back", server()),
    Case({"dataVolumeSize": 16}, "dataVolumeSize", "has 20 GiB: a volume does not shrink", server()),
    Case(EXISTING, "serverSubnetId", "is in eu-central-1a, and the data volume vol-0b0b0b0b is in eu-central-1b",
         server(volume=ELSEWHERE, subnet="subnet-0a1b2c3d")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.key}: {case.said[:30]}")
def test_what_no_volume_can_be_is_told_with_the_way_out(case: Case) -> None:
    said = told(case.changes, case.cloud)
    assert said.startswith(f"mysql-pair:{case.key}: ") and case.said in said


def test_a_volume_that_is_not_encrypted_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    parsed({"dataVolumeId": PLAIN}, FakeCloud())
    assert [line for line in warned if "vol-0e0e0e0e is not encrypted" in line]


def test_a_volume_that_is_there_has_the_size_that_it_has() -> None:
    config = parsed({"dataVolumeId": VOLUME, "dataVolumeSize": 16}, FakeCloud())
    assert config.data_volume and (config.data_volume["size_gib"], config.data_volume["zone"]) == (20, "eu-central-1a")


@pytest.mark.parametrize(
    ("packages", "leaves"),
    [(["openssl", "mysql-server"], False), (["openssl", "xfsprogs"], True), (None, False)],
)
def test_a_host_that_began_on_a_volume_is_known_by_its_user_data(packages: list[str] | None, leaves: bool) -> None:
    text = "#cloud-config\n" + yaml.safe_dump({"packages": packages} if packages else {})
    assert leaves_mysql(base64.b64encode(text.encode()).decode()) is leaves
    assert not leaves_mysql(None) and not leaves_mysql("no base64")
