"""What AWS offers where, and how much of it: told in the preview, before anything is made.

Sources: EC2 API, DescribeInstanceTypeOfferings and AddressLimitExceeded; VPC User Guide, "Amazon VPC quotas" (five
Elastic IPs a region) and "NAT gateways" (some zones have none, and no API tells which).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import stack_config
from stack_config.aws import AddressFacts, Aws, CloudError
from tests.unit.program.configs import EXISTING, GOOD, SECRET, FakeCloud, messages, texts

A, B, C = FakeCloud.ZONES
TWO_ZONES = [{"name": "client"}, {"name": "far", "zone": 2, "instanceType": "t4g.small"}]
# config, which types are offered where, the zones chosen
CHOSEN: list[tuple[dict[str, object], Mapping[str, Sequence[str]], tuple[str, ...]]] = [
    ({}, {}, (A, B)),
    ({"zones": 3}, {}, (A, B, C)),
    ({}, {"t3.small": [B, C]}, (B, A)),
    ({"clients": TWO_ZONES}, {"t4g.small": [A]}, (B, A)),
    ({"clients": TWO_ZONES}, {"t3.small": [C], "t4g.small": [A]}, (C, A)),
    ({"availabilityZones": [C, A]}, {}, (C, A)),
]


@pytest.mark.parametrize(("changes", "only", "zones"), CHOSEN)
def test_the_zones_are_the_first_that_offer_what_is_asked_for(
    changes: dict[str, object], only: Mapping[str, Sequence[str]], zones: tuple[str, ...]
) -> None:
    network: Any = stack_config.parse(GOOD | texts(changes), SECRET, FakeCloud(only)).network
    assert network["zones"] == zones


# config, which types are offered where, the region's zones, the key that is told, what is said of it
REFUSED: list[tuple[dict[str, object], Mapping[str, Sequence[str]], Sequence[str], str, str]] = [
    ({"zones": 3}, {}, (A, B), "zones", "is 3, and the region has eu-central-1a, eu-central-1b"),
    ({}, {"t3.small": [A], "t3.micro": [B]}, (A, B, C), "zones", "t3.micro, t3.small in zone 1"),
    ({"availabilityZones": [A, B]}, {"t3.small": [C]}, (A, B, C), "availabilityZones", "does not offer"),
    ({"availabilityZones": [A, "eu-west-1a"]}, {}, (A, B, C), "availabilityZones", "eu-west-1a is no zone"),
    ({"availabilityZones": [A]}, {}, (A, B, C), "availabilityZones", "has 1 zones for 2"),
    ({"availabilityZones": [A, A]}, {}, (A, B, C), "availabilityZones", "has 1 zones for 2"),
    ({"availabilityZones": ["Frankfurt", A]}, {}, (A, B, C), "availabilityZones[0]", "not the name of"),
    ({**EXISTING, "availabilityZones": [A, B]}, {}, (A, B, C), "availabilityZones", "of the program's own"),
    (EXISTING, {"t3.small": [B]}, (A, B, C), "serverInstanceType", "t3.small is not offered in eu-central-1a"),
    (EXISTING, {"t3.micro": [B]}, (A, B, C), "clients[0].instanceType", "t3.micro is not offered in eu-central-1a"),
]


@pytest.mark.parametrize(("changes", "only", "zones", "key", "said"), REFUSED)
def test_what_no_zone_offers_is_told_before_anything_is_made(
    changes: dict[str, object], only: Mapping[str, Sequence[str]], zones: Sequence[str], key: str, said: str
) -> None:
    (fault,) = messages(GOOD | texts(changes), cloud=FakeCloud(only, zones))
    assert fault.startswith(f"mysql-pair:{key}: ") and said in fault


def test_a_type_that_aws_does_not_know_is_one_fault() -> None:
    (fault,) = messages(GOOD | {"serverInstanceType": "t9.huge"}, cloud=FakeCloud({"t9.huge": []}))
    assert "AWS does not know t9.huge" in fault


FIVE: dict[str, object] = {"clients": [{"name": "client", "count": 5}]}
# config, the quota, what others hold, what is said
TOO_MANY: list[tuple[dict[str, object], int, int, str]] = [
    (FIVE, 5, 0, "6 Elastic IPs are needed (client-1, client-2, client-3, client-4, client-5, the NAT gateway)"),
    ({}, 5, 4, "there is room for 1: the quota is 5 a region, 4 of which others hold"),
    ({}, 5, 6, "there is room for 0"),
    ({"clients": [{"name": "client", "count": 4}], "serverPublic": True}, 4, 0, "(server, client-1, "),
    ({**EXISTING, "clients": [{"name": "client", "count": 6, "subnetId": "subnet-0a1b2c3e"}]}, 5, 0, "6 Elastic IPs"),
]


@pytest.mark.parametrize(("changes", "quota", "others", "said"), TOO_MANY)
def test_more_public_addresses_than_the_account_may_have_are_told_before_anything_is_made(
    changes: dict[str, object], quota: int, others: int, said: str
) -> None:
    cloud = FakeCloud()
    cloud.addresses = AddressFacts(quota, others, is_told=True)
    (fault,) = messages(GOOD | texts(changes), cloud=cloud)
    assert fault.startswith("mysql-pair:clients: ") and said in fault
    cloud.addresses = cloud.addresses._replace(quota=quota + 10)
    stack_config.parse(GOOD | texts(changes), SECRET, cloud)


def test_where_aws_does_not_tell_the_quota_its_default_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr("pulumi.warn", warned.append)
    cloud = FakeCloud()
    cloud.addresses = AddressFacts(5, 0, is_told=False)
    stack_config.parse(GOOD | texts(FIVE), SECRET, cloud)
    assert len(warned) == 1 and "the quota is 5 a region unless AWS has raised it" in warned[0]

    def refuse(**_: object) -> None:
        raise CloudError("not authorized to perform: servicequotas:GetServiceQuota")

    monkeypatch.setattr("pulumi_aws.ec2.get_eips", refuse)
    monkeypatch.setattr("pulumi.get_project", lambda: "mysql-pair")
    monkeypatch.setattr("pulumi.get_stack", lambda: "unit")
    assert Aws().elastic_addresses() == AddressFacts(5, 0, is_told=False)


def test_more_vcpus_than_the_account_may_run_are_told_before_anything_is_made() -> None:
    """Source: EC2 User Guide, "Amazon EC2 instance type quotas"."""
    cloud = FakeCloud()
    cloud.vcpus = 5
    stack_config.parse(GOOD, SECRET, cloud)
    (fault,) = messages(GOOD | texts({"clients": [{"name": "client", "count": 2}]}), cloud=cloud)
    assert fault.startswith("mysql-pair:clients: the hosts have 6 vCPUs, and the account may run 5")
