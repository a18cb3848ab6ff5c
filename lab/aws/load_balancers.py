"""Internal Network Load Balancers: target groups of addresses, asked for their health over HTTP, and TCP listeners."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import ClassVar

from lab.aws.network import OFF, REGION, TAGS
from lab.aws.schema import NOT_SUPPORTED, Cloud, Failure, Property, ResourceType
from lab.aws.wire import Values, unknown_in
from lab.cloud import rules
from lab.cloud.model import Listener, LoadBalancer, Subnet, TargetGroup, TargetGroupAttachment
from lab.cloud.rules import ACCOUNT_ID, AwsError

_NAME = 32
"""Characters of a name, at most."""
_CHECK = frozenset(
    ("enabled", "healthyThreshold", "interval", "matcher", "path", "port", "protocol", "timeout", "unhealthyThreshold")
)
_CHECK_DEFAULTS: Values = {
    **{"enabled": True, "healthyThreshold": 3, "interval": 30, "matcher": "200-399", "path": "/"},
    **{"port": "traffic-port", "protocol": "HTTP", "timeout": 6, "unhealthyThreshold": 3},
}
"""The provider's and AWS's, of a check over HTTP."""
_RANGES = {"interval": (5, 300), "timeout": (2, 120), "healthyThreshold": (2, 10), "unhealthyThreshold": (2, 10)}
"""Source: Elastic Load Balancing API Reference (2015-12-01), "CreateTargetGroup"."""
_TERMINATES = [{"enableUnhealthyConnectionTermination": True}]


def _suffix(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _arn(cloud: Cloud, resource: str) -> str:
    return f"arn:aws:elasticloadbalancing:{cloud.region}:{ACCOUNT_ID}:{resource}"


def _name_failures(inputs: Values) -> Iterator[Failure]:
    name = inputs.get("name", "x")
    if len(name) > _NAME or name.startswith(("-", "internal-")) or name.endswith("-"):
        yield Failure("name", f"The name {name!r}: at most {_NAME} letters, digits and hyphens, with none at an end")


class LoadBalancerType(ResourceType):
    """aws.lb.LoadBalancer of the type network, internal, with security groups."""

    urn_type = "aws:lb/loadBalancer:LoadBalancer"
    kind = LoadBalancer
    auto_name = "name"
    properties: ClassVar = {
        "name": Property(replaces=True),
        "internal": Property("bool", required=True, only=(True,), replaces=True),
        "loadBalancerType": Property(required=True, only=("network",), replaces=True),
        "ipAddressType": Property(default="ipv4", only=("ipv4",)),
        "subnets": Property("strings", required=True),
        "securityGroups": Property("strings", required=True),
        "enableCrossZoneLoadBalancing": Property("bool", default=False, without_effect="every address leads to all"),
        "enableDeletionProtection": OFF,
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "arnSuffix", "dnsName", "vpcId", "zoneId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name that AWS refuses."""
        yield from _name_failures(inputs)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> LoadBalancer:
        """Return the load balancer that inputs ask for."""
        name, subnets = inputs["name"], tuple(inputs["subnets"])
        zones = [subnet.availability_zone for one in subnets if (subnet := cloud.ec2.store.find(Subnet, one))]
        if len(set(zones)) < len(zones):
            raise AwsError(
                "InvalidConfigurationRequest",
                "A load balancer cannot be attached to multiple subnets in the same Availability Zone",
            )
        arn = record_id or _arn(cloud, f"loadbalancer/net/{name}/{_suffix(name)}")
        dns_name = f"{name}-{arn.rpartition('/')[2]}.elb.{cloud.region}.amazonaws.com"
        groups = tuple(sorted(inputs["securityGroups"]))
        return LoadBalancer(arn, name, dns_name, subnets, groups, inputs["enableCrossZoneLoadBalancing"])

    def inputs(self, record: LoadBalancer) -> Values:
        """Return the inputs that a load balancer tells of itself."""
        return {
            "name": record.name,
            "internal": True,
            "loadBalancerType": "network",
            "ipAddressType": "ipv4",
            "subnets": list(record.subnet_ids),
            "securityGroups": list(record.security_group_ids),
            "enableCrossZoneLoadBalancing": record.cross_zone,
            "enableDeletionProtection": False,
        }

    def outputs(self, cloud: Cloud, record: LoadBalancer) -> Values:
        """Return what AWS adds to a load balancer."""
        return {
            "arn": record.id,
            "arnSuffix": record.id.partition("loadbalancer/")[2],
            "dnsName": record.dns_name,
            "vpcId": cloud.ec2.store.get(Subnet, record.subnet_ids[0]).vpc_id,
            "zoneId": "Z3F0SRJ5LGBH90",
        }


class TargetGroupType(ResourceType):
    """aws.lb.TargetGroup of addresses, by TCP, whose clients keep theirs."""

    urn_type = "aws:lb/targetGroup:TargetGroup"
    kind = TargetGroup
    auto_name = "name"
    properties: ClassVar = {
        "name": Property(replaces=True),
        "vpcId": Property(required=True, replaces=True),
        "port": Property("number", required=True, replaces=True),
        "protocol": Property(required=True, only=("TCP",), replaces=True),
        "targetType": Property(required=True, only=("ip",), replaces=True),
        "preserveClientIp": Property(required=True, only=("true",)),
        "healthCheck": Property("object", required=True, fields=_CHECK),
        "targetHealthStates": Property("list", default=_TERMINATES, only=(_TERMINATES,)),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "arnSuffix", "loadBalancerArns")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield names and health checks that AWS refuses, and those that a lab cannot make."""
        yield from _name_failures(inputs)
        check = {**_CHECK_DEFAULTS, **inputs.get("healthCheck", {})}
        for field, only in (("protocol", "HTTP"), ("enabled", True)):
            if check[field] != only:
                yield Failure("healthCheck", f"healthCheck.{field} {check[field]!r}: {NOT_SUPPORTED}")
        for field, (least, most) in _RANGES.items():
            if not unknown_in(check[field]) and not least <= check[field] <= most:
                reason = f"expected health_check.0.{field} to be in the range ({least} - {most}), got {check[field]}"
                yield Failure("healthCheck", reason)
        if "healthCheck" in inputs and check["matcher"] != "200":
            yield Failure("healthCheck", f"healthCheck.matcher {check['matcher']!r}: {NOT_SUPPORTED}")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> TargetGroup:
        """Return the group that inputs ask for."""
        name = inputs["name"]
        arn = record_id or _arn(cloud, f"targetgroup/{name}/{_suffix(name)}")
        check = {**_CHECK_DEFAULTS, **inputs["healthCheck"]}
        return TargetGroup(arn, name, inputs["vpcId"], inputs["port"], check)

    def inputs(self, record: TargetGroup) -> Values:
        """Return the inputs that a group tells of itself."""
        return {
            "name": record.name,
            "vpcId": record.vpc_id,
            "port": record.port,
            "protocol": "TCP",
            "targetType": "ip",
            "preserveClientIp": "true",
            "healthCheck": record.health_check,
            "targetHealthStates": _TERMINATES,
        }

    def outputs(self, cloud: Cloud, record: TargetGroup) -> Values:
        """Return what AWS adds to a group."""
        listeners = [one for one in cloud.ec2.store.all(Listener) if one.target_group_arn == record.id]
        return {
            "arn": record.id,
            "arnSuffix": record.id.rpartition(":")[2],
            "loadBalancerArns": sorted({one.load_balancer_arn for one in listeners}),
        }


class ListenerType(ResourceType):
    """aws.lb.Listener of TCP, which forwards to one group."""

    urn_type = "aws:lb/listener:Listener"
    kind = Listener
    properties: ClassVar = {
        "loadBalancerArn": Property(required=True, replaces=True),
        "port": Property("number", required=True),
        "protocol": Property(required=True, only=("TCP",)),
        "defaultActions": Property("list", required=True),
        "tcpIdleTimeoutSeconds": Property(
            "number", default=350, without_effect="the kernel forgets a connection after five days"
        ),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn",)

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield actions that a lab does not have, and a time that AWS refuses."""
        actions = inputs.get("defaultActions", [])
        if actions and (len(actions) != 1 or set(actions[0]) != {"type", "targetGroupArn"}):
            yield Failure("defaultActions", f"all but one action with type and targetGroupArn: {NOT_SUPPORTED}")
        elif actions and actions[0]["type"] != "forward":
            yield Failure("defaultActions", f"defaultActions.type {actions[0]['type']!r}: {NOT_SUPPORTED}")
        if not 60 <= (seconds := inputs.get("tcpIdleTimeoutSeconds", 350)) <= 6000:
            reason = f"expected tcp_idle_timeout_seconds to be in the range (60 - 6000), got {seconds}"
            yield Failure("tcpIdleTimeoutSeconds", reason)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Listener:
        """Return the listener that inputs ask for."""
        balancer, port = inputs["loadBalancerArn"], inputs["port"]
        taken = [one for one in cloud.ec2.store.all(Listener) if (one.load_balancer_arn, one.port) == (balancer, port)]
        arn = record_id or f"{balancer.replace(':loadbalancer/', ':listener/')}/{_suffix(str(port))}"
        if any(one.id != arn for one in taken):
            raise AwsError("DuplicateListener", "A listener already exists on this port for this load balancer")
        options = {"tcpIdleTimeoutSeconds": inputs["tcpIdleTimeoutSeconds"]}
        return Listener(arn, balancer, inputs["defaultActions"][0]["targetGroupArn"], port, options)

    def inputs(self, record: Listener) -> Values:
        """Return the inputs that a listener tells of itself."""
        return {
            "loadBalancerArn": record.load_balancer_arn,
            "port": record.port,
            "protocol": "TCP",
            "defaultActions": [{"type": "forward", "targetGroupArn": record.target_group_arn}],
            **record.options,
        }

    def outputs(self, cloud: Cloud, record: Listener) -> Values:
        """Return what AWS adds to a listener."""
        return {"arn": record.id}


class TargetGroupAttachmentType(ResourceType):
    """aws.lb.TargetGroupAttachment of an address in the VPC."""

    urn_type = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
    kind = TargetGroupAttachment
    properties: ClassVar = {
        "targetGroupArn": Property(required=True, replaces=True),
        "targetId": Property(required=True, replaces=True),
        "port": Property("number", replaces=True, required=True),
        "region": REGION,
    }
    computed = ()

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> TargetGroupAttachment:
        """Return the target that inputs ask for, with the id that the provider makes up for it."""
        group, target, port = inputs["targetGroupArn"], inputs["targetId"], inputs["port"]
        made_up = f"{group}-{_suffix(f'{target}:{port}')}"
        rules.cidr(f"{target}/32")
        return TargetGroupAttachment(record_id or made_up, group, target, port)

    def inputs(self, record: TargetGroupAttachment) -> Values:
        """Return the inputs that a target tells of itself."""
        return {"targetGroupArn": record.target_group_arn, "targetId": record.target_id, "port": record.port}

    def outputs(self, cloud: Cloud, record: TargetGroupAttachment) -> Values:
        """Return nothing: a target is its inputs."""
        return {}
