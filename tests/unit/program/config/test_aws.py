"""What only AWS knows is asked once, and told in its words."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

import stack_config
from stack_config.aws import AddressFacts, Aws, CloudError, HostFacts, TypeFacts
from tests.unit.program.configs import (
    EXISTING,
    GOOD,
    SECRET,
    FakeCloud,
    texts,
)


@pytest.fixture(autouse=True)
def no_threads() -> None:
    """With them: that questions are put beside each other is what is looked at."""


# what the SDK raises, what is told of it
REFUSALS = [
    (
        "invoke of getAmi failed: invocation of getAmi returned an error: No results. Try again.",
        "No results. Try again",
    ),
    ("no valid credential sources found", "no valid credential sources found"),
    ("one line\nanother", "another"),
    ("", "RuntimeError"),
]


@pytest.mark.parametrize(("raised", "told"), REFUSALS)
def test_a_lookup_that_fails_is_told_in_awss_words(monkeypatch: pytest.MonkeyPatch, raised: str, told: str) -> None:
    def refuse(**_: object) -> None:
        raise RuntimeError(raised)

    monkeypatch.setattr("pulumi_aws.ec2.get_ami", refuse)
    with pytest.raises(CloudError) as caught:
        Aws().image("ami-0123456789abcdef0")
    assert str(caught.value) == told


def test_each_thing_is_looked_up_once() -> None:
    cloud = FakeCloud()
    group = {"subnetId": "subnet-0a1b2c3e", "ami": "ami-0123456789abcdef0", "instanceType": "t3.small"}
    changes = {**EXISTING, "serverAmi": group["ami"], "clients": [{"name": "a", **group}, {"name": "b", **group}]}
    stack_config.parse(GOOD | texts(changes), SECRET, cloud)
    assert sorted(cloud.asked) == sorted({*cloud.asked})
    assert len(cloud.asked) == 5


# the ranges that AWS tells of besides the primary one, with the state of each
RANGES = [
    (None, ["10.30.0.0/16"]),
    ([("10.30.0.0/16", "associated")], ["10.30.0.0/16"]),
    ([("10.30.0.0/16", "associated"), ("10.31.0.0/24", "associated")], ["10.30.0.0/16", "10.31.0.0/24"]),
    ([("10.31.0.0/24", "disassociated")], ["10.30.0.0/16"]),
]


@pytest.mark.parametrize(("told", "ranges"), RANGES)
def test_a_vpc_has_the_ranges_that_are_associated_with_it(
    monkeypatch: pytest.MonkeyPatch, told: list[tuple[str, str]] | None, ranges: list[str]
) -> None:
    entries = None if told is None else [SimpleNamespace(cidr_block=cidr, state=state) for cidr, state in told]
    vpc = SimpleNamespace(cidr_block="10.30.0.0/16", cidr_block_associations=entries)
    monkeypatch.setattr("pulumi_aws.ec2.get_vpc", lambda **_: vpc)
    assert [str(cidr) for cidr in Aws().vpc_ranges("vpc-0a1b2c3d")] == ranges


class SlowCloud(FakeCloud):
    """Answers none of these questions before all of them have been put."""

    def __init__(self) -> None:
        super().__init__()
        self._all_put = threading.Barrier(6, timeout=20)

    def _wait(self) -> None:
        self._all_put.wait()

    def host(self, name: str) -> HostFacts | None:
        self._wait()
        return super().host(name)

    def zones(self) -> Sequence[str]:
        self._wait()
        return super().zones()

    def elastic_addresses(self) -> AddressFacts:
        self._wait()
        return super().elastic_addresses()

    def quota(self, code: str) -> int | None:
        self._wait()
        return super().quota(code)

    def instance_type(self, name: str) -> TypeFacts:
        self._wait()
        return super().instance_type(name)

    def zones_offering(self, instance_type: str) -> Sequence[str]:
        self._wait()
        return super().zones_offering(instance_type)


def test_what_does_not_depend_on_another_answer_is_asked_at_once() -> None:
    one_type = {"instanceType": "t3.small"}
    changes: dict[str, object] = {"serverInstanceType": "t3.small", "clients": [{"name": "client", **one_type}]}
    stack_config.parse(GOOD | texts(changes), SECRET, SlowCloud())
