"""Inputs of the aws stand-in's types: the least of each, and what a check makes of them."""

from __future__ import annotations

import json
from typing import Any

import pulumi_aws as aws

from lab.aws import provider
from lab.aws.schema import Cloud
from lab.aws.wire import Values
from lab.tests.unit.ec2_world import IMAGE, KEY, TYPE, World

SEED = bytes(range(32))
TOKENS = {kind.urn_type.split(":")[-1]: kind.urn_type for kind in provider.TYPES.values()}
SDK = {
    "Volume": aws.ebs.Volume,
    "Snapshot": aws.ebs.Snapshot,
    "LifecyclePolicy": aws.dlm.LifecyclePolicy,
    **{name: getattr(aws.lb, name) for name in ("LoadBalancer", "TargetGroup", "Listener", "TargetGroupAttachment")},
    "SecurityGroupIngressRule": aws.vpc.SecurityGroupIngressRule,
    "SecurityGroupEgressRule": aws.vpc.SecurityGroupEgressRule,
    **{name: getattr(aws.iam, name) for name in ("Role", "RolePolicy", "InstanceProfile")},
    **{
        name: getattr(aws.s3, name)
        for name in (
            "Bucket",
            "BucketVersioning",
            "BucketPublicAccessBlock",
            "BucketPolicy",
            "BucketLifecycleConfiguration",
            "BucketServerSideEncryptionConfiguration",
        )
    },
}
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
BUCKET_POLICY = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]
    }
)
VALUES: dict[str, Values] = {
    "Vpc": {"cidrBlock": "10.0.0.0/16"},
    "Subnet": {"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24"},
    "InternetGateway": {"vpcId": "vpc-1"},
    "RouteTable": {"vpcId": "vpc-1"},
    "Route": {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
    "RouteTableAssociation": {"routeTableId": "rtb-1", "subnetId": "subnet-1"},
    "SecurityGroup": {"vpcId": "vpc-1", "name": "given"},
    "SecurityGroupIngressRule": {
        "securityGroupId": "sg-1",
        "ipProtocol": "tcp",
        "fromPort": 22,
        "toPort": 22,
        "cidrIpv4": "10.0.0.0/8",
    },
    "SecurityGroupEgressRule": {"securityGroupId": "sg-1", "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"},
    "VpcSecurityGroupRulesExclusive": {"securityGroupId": "sg-1", "ingressRuleIds": ["sgr-1"], "egressRuleIds": []},
    "ManagedPrefixList": {
        "addressFamily": "IPv4",
        "maxEntries": 2,
        "name": "offices",
        "entries": [{"cidr": "192.0.2.0/24"}],
    },
    "KeyPair": {"publicKey": KEY, "keyName": "given"},
    "Instance": {"ami": IMAGE, "instanceType": TYPE, "subnetId": "subnet-1"},
    "LoadBalancer": {
        "internal": True,
        "loadBalancerType": "network",
        "name": "given",
        "subnets": ["subnet-1"],
        "securityGroups": ["sg-1"],
    },
    "TargetGroup": {
        "vpcId": "vpc-1",
        "name": "given",
        "port": 3306,
        "protocol": "TCP",
        "targetType": "ip",
        "preserveClientIp": "true",
        "healthCheck": {"protocol": "HTTP", "path": "/primary", "matcher": "200"},
    },
    "Listener": {
        "loadBalancerArn": "arn:lb",
        "port": 3306,
        "protocol": "TCP",
        "defaultActions": [{"type": "forward", "targetGroupArn": "arn:tg"}],
    },
    "TargetGroupAttachment": {"targetGroupArn": "arn:tg", "targetId": "10.0.1.10", "port": 3306},
    "Eip": {"domain": "vpc"},
    "EipAssociation": {"allocationId": "eipalloc-1", "instanceId": "i-1"},
    "Volume": {"availabilityZone": "eu-central-1a", "size": 8, "type": "gp3"},
    "Snapshot": {"volumeId": "vol-1"},
    "LifecyclePolicy": {
        "description": "daily",
        "executionRoleArn": "arn:aws:iam::000000000000:role/dlm",
        "policyDetails": {
            "resourceTypes": ["VOLUME"],
            "targetTags": {"Snapshots": "daily"},
            "schedules": [
                {"name": "daily", "createRule": {"interval": 24, "times": "03:00"}, "retainRule": {"count": 7}}
            ],
        },
    },
    "VolumeAttachment": {"deviceName": "/dev/sdf", "instanceId": "i-1", "volumeId": "vol-1"},
    "NatGateway": {"allocationId": "eipalloc-1", "subnetId": "subnet-1"},
    "VpcEndpoint": {"vpcId": "vpc-1", "serviceName": "com.amazonaws.eu-central-1.s3"},
    "Role": {"assumeRolePolicy": TRUST, "name": "given"},
    "RolePolicy": {"role": "writer", "policy": POLICY, "name": "given"},
    "InstanceProfile": {"name": "given"},
    "Bucket": {"bucket": "given"},
    "BucketVersioning": {"bucket": "backups", "versioningConfiguration": {"status": "Enabled"}},
    "BucketPublicAccessBlock": {"bucket": "backups"},
    "BucketPolicy": {"bucket": "backups", "policy": BUCKET_POLICY},
    "BucketLifecycleConfiguration": {
        "bucket": "backups",
        "rules": [{"id": "old", "status": "Enabled", "expiration": {"days": 7}}],
    },
    "BucketServerSideEncryptionConfiguration": {
        "bucket": "backups",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    },
}
"""The least that each type asks for."""


def urn(kind: str, name: str = "name") -> str:
    return f"urn:pulumi:t::p::my:index:Component${TOKENS[kind]}::{name}"


def checked(cloud: Cloud, kind: str, changes: Values | None = None, olds: Values | None = None) -> Values:
    """Return the inputs of a resource after a check that finds nothing wrong."""
    given = {k: v for k, v in {**VALUES[kind], **(changes or {})}.items() if v is not None}
    inputs, failures = provider.check(cloud, urn(kind), given, olds or {}, SEED)
    assert failures == []
    return inputs


def refusals(cloud: Cloud, kind: str, changes: Values) -> dict[str, str]:
    """Return what a check finds wrong, by property."""
    given = {k: v for k, v in {**VALUES[kind], **changes}.items() if v is not None}
    _, failures = provider.check(cloud, urn(kind), given, {}, SEED)
    return {failure.property: failure.reason for failure in failures}


def instance_of(world: World, cloud: Cloud, **changes: Any) -> tuple[str, Values, Values]:
    """Create an instance and return its id, its state and its inputs."""
    place = {"subnetId": world.subnet.id, "vpcSecurityGroupIds": [world.group.id]}
    inputs = checked(cloud, "Instance", {**place, "associatePublicIpAddress": True, **changes})
    return *provider.create(cloud, urn("Instance"), inputs, preview=False), inputs
