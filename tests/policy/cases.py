"""Small programs that pass a rule or violate it: a table, a program a row, all of them run in one preview.

A program registers one resource of the row's name, which is the one the rule speaks of, and what that needs.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws
from pulumi_command import local, remote

from components.host.user_data import user_data
from lab.cloud.catalog import IMAGES

PASSWORD = "Wq7TzLk2Rv9XbN4sMd8Yc3Hg"
TAGS = {"Name": "a", "Project": "b", "Stack": "c"}
OTHER = "sg-0123456789abcdef0"
WORLD, OFFICE = "0.0.0.0/0", "203.0.113.0/24"
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]


class Case(NamedTuple):
    rule: str
    name: str
    program: Callable[[str], object]
    says: str = ""
    """Part of what the rule says; empty: nothing."""


class Component(pulumi.ComponentResource):
    """A component of a given type, as those of components/ are."""

    def __init__(self, kind: str, name: str, props: dict[str, Any] | None = None) -> None:
        super().__init__(kind, name, props)


def of_backups(name: str, action: str) -> None:
    parent = Component("mysql-pair:index:Backups", f"{name}-backups")
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::a/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    trusted = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(
        f"{name}-role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    )
    aws.iam.RolePolicy(name, role=role.name, policy=policy, opts=pulumi.ResourceOptions(parent=parent))


def group(name: str, **args: Any) -> aws.ec2.SecurityGroup:
    return aws.ec2.SecurityGroup(name, vpc_id="vpc-0123456789abcdef0", tags=TAGS, **args)


def ingress(name: str, port: int = 22, last: int | None = None, protocol: str = "tcp", **peer: Any) -> None:
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group(f"{name}-group").id,
        ip_protocol=protocol,
        from_port=port,
        to_port=last or port,
        **peer,
    )


def from_group(name: str, port: int) -> None:
    ingress(name, port, referenced_security_group_id=group(f"{name}-clients").id)


def from_itself(name: str) -> None:
    own = group(f"{name}-group").id
    aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=own,
        referenced_security_group_id=own,
        ip_protocol="tcp",
        from_port=33061,
        to_port=33061,
    )


def old_rule(name: str, **args: Any) -> None:
    aws.ec2.SecurityGroupRule(
        name,
        security_group_id=group(f"{name}-group").id,
        **{"type": "ingress", "protocol": "tcp", "from_port": 0, "to_port": 65535, **args},
    )


def inline(name: str, **args: Any) -> aws.ec2.SecurityGroup:
    rule = {"protocol": "tcp", "from_port": 443, "to_port": 443, "cidr_blocks": [OFFICE]}
    return group(name, ingress=[{**rule, **args}])


def mixed(name: str) -> None:
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-rule", security_group_id=inline(name).id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"
    )


def rules_of_one_kind(name: str) -> None:
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-rule", security_group_id=group(name).id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0"
    )


def by_list(name: str, *cidrs: str) -> None:
    entries = [aws.ec2.ManagedPrefixListEntryArgs(cidr=cidr) for cidr in cidrs]
    listed = aws.ec2.ManagedPrefixList(f"{name}-list", address_family="IPv4", max_entries=len(entries), entries=entries)
    ingress(name, prefix_list_id=listed.id)


def by_rules(name: str, *cidrs: str) -> None:
    opened = group(name)
    for number, cidr in enumerate(cidrs):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-{number}",
            security_group_id=opened.id,
            ip_protocol="tcp",
            from_port=22,
            to_port=22,
            cidr_ipv4=cidr,
        )


def by_balancer(name: str, internal: bool) -> None:
    made = aws.lb.LoadBalancer(
        f"{name}-lb",
        internal=internal,
        load_balancer_type="network",
        subnets=["subnet-0123456789abcdef0"],
        security_groups=[OTHER],
        tags=TAGS,
    )
    aws.lb.Listener(
        name,
        load_balancer_arn=made.arn,
        protocol="TCP",
        port=3306,
        default_actions=[{"type": "forward", "target_group_arn": f"{name}-arn"}],
        tags=TAGS,
    )


GOOD: dict[str, Any] = {
    "ami": IMAGES["x86_64"],
    "instance_type": "t3.micro",
    "subnet_id": "subnet-0123456789abcdef0",
    "metadata_options": {"http_tokens": "required", "http_put_response_hop_limit": 1},
    "root_block_device": {"encrypted": True},
    "disable_api_termination": True,
    "tags": TAGS,
}


def instance(name: str, parent: pulumi.Resource | None = None, **args: Any) -> None:
    aws.ec2.Instance(name, **{**GOOD, **args}, opts=pulumi.ResourceOptions(parent=parent))


def server(name: str, protected: bool) -> None:
    component = Component("mysql-pair:index:MySqlServer", f"{name}-server")
    instance(name, component, disable_api_termination=protected)


def template(name: str, **args: Any) -> aws.ec2.LaunchTemplate:
    good = {key: GOOD[key] for key in ("instance_type", "metadata_options")}
    return aws.ec2.LaunchTemplate(name, **{"image_id": GOOD["ami"], **good, **args})


def by_template(name: str, *mappings: dict[str, Any]) -> None:
    made = template(f"{name}-template", block_device_mappings=list(mappings))
    instance(name, root_block_device=None, launch_template={"id": made.id, "version": "1"})


def command(name: str, **args: Any) -> None:
    good = {"create": "true", "logging": remote.Logging.NONE, "add_previous_output_in_env": False}
    remote.Command(name, connection={"host": "192.0.2.1"}, **{**good, **args})


def zipped(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


ROWS: dict[str, list[tuple[Any, ...]]] = {
    "no-world-ingress": [
        ("ssh-from-world", lambda n: ingress(n, cidr_ipv4=WORLD), "opens port 22 to the whole"),
        ("ports-from-world", lambda n: ingress(n, 3000, 4000, cidr_ipv4=WORLD), "opens port 3306"),
        ("all-from-world", lambda n: ingress(n, protocol="-1", cidr_ipv6="::/0"), "opens ports 22, 3306, 33060"),
        ("old-from-halves", lambda n: old_rule(n, cidr_blocks=HALVES), "opens ports 22, 3306, 33060"),
        ("inline-from-halves", lambda n: inline(n, from_port=1, cidr_blocks=HALVES), "ingress[0]: "),
        ("old-from-world", lambda n: old_rule(n, cidr_blocks=[WORLD]), "opens ports 22, 3306, 33060"),
        ("inline-from-world", lambda n: inline(n, from_port=1, cidr_blocks=[WORLD]), "ingress[0]: "),
        ("ssh-from-office", lambda n: ingress(n, cidr_ipv4=OFFICE)),
        ("https-from-world", lambda n: ingress(n, 443, cidr_ipv4=WORLD)),
    ],
    "no-world-prefix-list": [
        ("world-by-list", lambda n: by_list(n, WORLD), "by the prefix list world-by-list-list"),
        ("halves-by-list", lambda n: by_list(n, *HALVES), "by the prefix list halves-by-list-list"),
        ("office-by-list", lambda n: by_list(n, OFFICE)),
    ],
    "no-world-in-parts": [
        ("halves-by-rules", lambda n: by_rules(n, *HALVES), "(halves-by-rules-0, halves-by-rules-1)"),
        ("offices-by-rules", lambda n: by_rules(n, OFFICE, "198.51.100.0/24")),
    ],
    "no-public-balancer": [
        ("public-balancer", lambda n: by_balancer(n, internal=False), "which the internet can reach"),
        ("private-balancer", lambda n: by_balancer(n, internal=True)),
    ],
    "mysql-by-group": [
        ("mysql-from-range", lambda n: ingress(n, 3306, cidr_ipv4="10.0.0.0/24"), "to 10.0.0.0/24; name"),
        ("mysql-from-group", lambda n: from_group(n, 3306)),
    ],
    "group-by-members": [
        ("group-from-range", lambda n: ingress(n, 33061, cidr_ipv4="10.0.0.0/24"), "to 10.0.0.0/24; name"),
        ("group-from-another", lambda n: ingress(n, 33061, referenced_security_group_id=OTHER), f"to {OTHER}; name"),
        ("group-from-itself", from_itself),
    ],
    "ssh-from-few": [
        ("ssh-from-many", lambda n: ingress(n, cidr_ipv4="96.0.0.0/5"), "broader than /8"),
        ("ssh-from-company", lambda n: ingress(n, cidr_ipv4="10.0.0.0/8")),
    ],
    "no-inline-rules": [
        ("rules-inline", lambda n: inline(n), "has ingress rules inline"),
        ("rules-elsewhere", lambda n: group(n)),
    ],
    "no-mixed-rules": [
        ("rules-of-both-kinds", mixed, "rules-of-both-kinds-rule is a rule of it too"),
        ("rules-of-one-kind", rules_of_one_kind),
    ],
    "no-secrets-in-user-data": [
        ("password-at-boot", lambda n: instance(n, user_data=f"#!/bin/sh\nPASSWORD={PASSWORD}"), "line 2"),
        (
            "zipped-at-boot",
            lambda n: instance(n, user_data_base64=zipped(f"#!/bin/sh\nx {PASSWORD}\n")),
            "line 2 of what is packed",
        ),
        ("template-at-boot", lambda n: template(n, user_data=zipped("password=tiger")), "userData has"),
        ("the-programs-boot", lambda n: instance(n, user_data=user_data("server"))),
    ],
    "no-secrets-in-commands": [
        ("password-in-text", lambda n: command(n, create=f"mysql -p{PASSWORD}"), "create has a password"),
        ("password-in-environment", lambda n: command(n, environment={"A": "b"}), "has environment"),
        ("output-in-log", lambda n: command(n, logging=remote.Logging.STDOUT), "set logging to"),
        ("password-at-home", lambda n: local.Command(n, create=f"x --token {PASSWORD}"), "create has"),
        ("password-by-stdin", lambda n: command(n, stdin=PASSWORD)),
    ],
    "imdsv2": [
        ("metadata-by-anyone", lambda n: instance(n, metadata_options={"http_tokens": "optional"}), "session token"),
        ("metadata-of-template", lambda n: template(n, metadata_options=None), "session token"),
        ("metadata-by-token", lambda n: instance(n)),
    ],
    "pinned-image": [
        ("image-by-parameter", lambda n: template(n, image_id="resolve:ssm:/a"), "imageId is looked up"),
        ("image-by-id", lambda n: instance(n)),
    ],
    "instance-types": [
        ("large-instance", lambda n: instance(n, instance_type="m6i.8xlarge"), "m6i.8xlarge is none of"),
        ("small-instance", lambda n: instance(n)),
    ],
    "volumes-encrypted": [
        ("plain-root", lambda n: instance(n, root_block_device={"volume_size": 9}), "root volume"),
        ("plain-second", lambda n: instance(n, ebs_block_devices=[{"device_name": "/dev/sdb"}]), "ebsBlock"),
        (
            "plain-volume",
            lambda n: aws.ebs.Volume(n, availability_zone="a", size=1, type="gp3", tags=TAGS),
            "the volume",
        ),
        ("encrypted-root", lambda n: instance(n)),
    ],
    "template-root-encrypted": [
        ("plain-root-of-template", lambda n: by_template(n), "the launch template plain-root-of-template-template"),
        (
            "encrypted-root-of-template",
            lambda n: by_template(n, {"device_name": "/dev/sda1", "ebs": {"encrypted": "true"}}),
        ),
    ],
    "protected-data": [
        ("server-unprotected", lambda n: server(n, protected=False), "EC2 may terminate it"),
        ("drop", lambda n: Component("mysql-pair:index:MySqlDatabase", n, {"drop": True}), "dropped"),
        ("server-protected", lambda n: server(n, protected=True)),
        ("client-unprotected", lambda n: instance(n, disable_api_termination=False)),
    ],
    "no-public-bucket": [
        ("bucket-public", lambda n: aws.s3.Bucket(n, acl="public-read"), "its acl is public-read"),
        ("bucket-private", lambda n: aws.s3.Bucket(n)),
    ],
    "backups-not-deletable": [
        ("role-deletes", lambda n: of_backups(n, "s3:*"), "may delete backups"),
        ("role-adds", lambda n: of_backups(n, "s3:PutObject")),
    ],
    "required-tags": [
        ("tags-missing", lambda n: instance(n, tags={"Name": "a"}), "no tag Project, Stack"),
        ("tags-there", lambda n: instance(n)),
    ],
}
CASES = [Case(rule, *row) for rule, rows in ROWS.items() for row in rows]
