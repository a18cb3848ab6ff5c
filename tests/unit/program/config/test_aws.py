"""What only AWS knows is asked once, and told in its words."""

from __future__ import annotations

import pytest

import stack_config
from stack_config.aws import Aws, CloudError
from tests.unit.program.configs import (
    EXISTING,
    GOOD,
    SECRET,
    FakeCloud,
    texts,
)

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
        Aws().image_architecture("ami-0123456789abcdef0")
    assert str(caught.value) == told


def test_each_thing_is_looked_up_once() -> None:
    cloud = FakeCloud()
    group = {"subnetId": "subnet-0a1b2c3e", "ami": "ami-0123456789abcdef0", "instanceType": "t3.small"}
    changes = {**EXISTING, "serverAmi": group["ami"], "clients": [{"name": "a", **group}, {"name": "b", **group}]}
    stack_config.parse(GOOD | texts(changes), SECRET, cloud)
    assert sorted(cloud.asked) == sorted({*cloud.asked})
    assert len(cloud.asked) == 5
