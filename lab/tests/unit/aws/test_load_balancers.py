"""The aws stand-in's load balancers: what the provider returns, what AWS refuses, what goes with what."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from lab.aws import provider
from lab.aws.schema import Cloud
from lab.aws.wire import Values
from lab.cloud import topology
from lab.cloud.model import LoadBalancer, Subnet
from lab.cloud.rules import AwsError
from lab.tests.unit.aws.inputs import checked, refusals, urn
from lab.tests.unit.ec2_world import World, code_of

Made = tuple[str, Values]


def create(cloud: Cloud, kind: str, **inputs: Any) -> Made:
    return provider.create(cloud, urn(kind, kind), checked(cloud, kind, inputs), preview=False)


def delete(cloud: Cloud, kind: str, record_id: str) -> None:
    provider.delete(cloud, urn(kind, kind), record_id, {})


@pytest.fixture
def made(world: World, cloud: Cloud) -> dict[str, Made]:
    """One of each."""
    balancer = create(cloud, "LoadBalancer", subnets=[world.subnet.id], securityGroups=[world.group.id])
    group = create(cloud, "TargetGroup", vpcId=world.vpc.id)
    forward = [{"type": "forward", "targetGroupArn": group[0]}]
    listener = create(cloud, "Listener", loadBalancerArn=balancer[0], defaultActions=forward)
    target = create(cloud, "TargetGroupAttachment", targetGroupArn=group[0])
    return {"LoadBalancer": balancer, "TargetGroup": group, "Listener": listener, "TargetGroupAttachment": target}


def test_a_load_balancer_has_what_the_real_provider_returns(world: World, made: dict[str, Made]) -> None:
    arn, state = made["LoadBalancer"]
    account, _, path = arn.removeprefix("arn:aws:elasticloadbalancing:eu-central-1:").partition(
        ":loadbalancer/net/given/"
    )
    assert (account.isdigit(), len(path)) == (True, 16)
    assert (state["arn"], state["vpcId"]) == (arn, world.vpc.id)
    assert state["dnsName"] == f"given-{path}.elb.eu-central-1.amazonaws.com"


@pytest.mark.usefixtures("made")
def test_its_address_is_one_of_its_subnet_and_nobody_elses(world: World) -> None:
    (record,) = world.store.all(LoadBalancer)
    (own,) = record.addresses
    assert own.startswith("10.0.1.")
    assert world.run().private_ip != own


@pytest.mark.usefixtures("made")
def test_the_plan_of_its_vpc_has_its_listeners_and_their_targets(world: World) -> None:
    (balancer,) = topology.plan(world.store, world.vpc).balancers
    (listener,) = balancer.listeners
    assert (balancer.groups, listener.port, listener.targets) == ((world.group.id,), 3306, (("10.0.1.10", 3306),))
    assert (listener.check["path"], listener.check["interval"]) == ("/primary", 30)
    assert balancer.addresses[0] in topology.plan(world.store, world.vpc).members(world.group.id)


def test_what_is_read_again_is_no_change(cloud: Cloud, made: dict[str, Made]) -> None:
    for kind, (record_id, _) in made.items():
        _, state, inputs = provider.read(cloud, urn(kind, kind), record_id, {})
        again, failures = provider.check(cloud, urn(kind, kind), inputs, inputs, b"")
        assert failures == []
        assert provider.diff(cloud, urn(kind, kind), inputs, state, again).changes == {}


def test_what_is_in_use_cannot_go(world: World, cloud: Cloud, made: dict[str, Made]) -> None:
    assert code_of(lambda: delete(cloud, "TargetGroup", made["TargetGroup"][0])) == "ResourceInUse"
    for kind, record in (("Subnet", world.subnet), ("SecurityGroup", world.group)):
        assert code_of(partial(delete, cloud, kind, record.id)) == "DependencyViolation"
    for kind in ("Listener", "TargetGroupAttachment", "TargetGroup", "LoadBalancer"):
        delete(cloud, kind, made[kind][0])
    delete(cloud, "Subnet", world.subnet.id)


def test_a_load_balancer_has_one_subnet_of_a_zone(world: World, cloud: Cloud) -> None:
    second = world.ec2.create(Subnet("", world.vpc.id, "10.0.2.0/24", world.subnet.availability_zone), "subnet")
    with pytest.raises(AwsError, match="multiple subnets in the same Availability Zone"):
        create(cloud, "LoadBalancer", subnets=[world.subnet.id, second.id], securityGroups=[world.group.id])


CHECK = {"protocol": "HTTP", "path": "/primary", "matcher": "200"}
# type, inputs, which of them is told, what is said
REFUSED: list[tuple[str, Values, str, str]] = [
    ("LoadBalancer", {"internal": False}, "internal", "supports only True"),
    ("LoadBalancer", {"loadBalancerType": "application"}, "loadBalancerType", "supports only 'network'"),
    ("LoadBalancer", {"name": "x" * 33}, "name", "at most 32"),
    ("TargetGroup", {"targetType": "instance"}, "targetType", "supports only 'ip'"),
    ("TargetGroup", {"healthCheck": {**CHECK, "interval": 4}}, "healthCheck", "in the range (5 - 300), got 4"),
    ("TargetGroup", {"healthCheck": {**CHECK, "healthyThreshold": 1}}, "healthCheck", "in the range (2 - 10)"),
    ("TargetGroup", {"healthCheck": {**CHECK, "protocol": "TCP"}}, "healthCheck", "does not support it"),
    ("TargetGroup", {"healthCheck": {"protocol": "HTTP"}}, "healthCheck", "matcher '200-399'"),
    ("Listener", {"protocol": "TLS"}, "protocol", "supports only 'TCP'"),
    ("Listener", {"tcpIdleTimeoutSeconds": 28800}, "tcpIdleTimeoutSeconds", "in the range (60 - 6000)"),
    ("Listener", {"defaultActions": [{"type": "forward"}]}, "defaultActions", "all but one action"),
]


@pytest.mark.parametrize(("kind", "inputs", "name", "said"), REFUSED)
def test_what_aws_or_a_lab_does_not_have_is_refused(
    cloud: Cloud, kind: str, inputs: Values, name: str, said: str
) -> None:
    assert said in refusals(cloud, kind, inputs)[name]
