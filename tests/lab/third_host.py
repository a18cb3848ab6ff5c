"""A stack of another team in the same lab: a third host beside the client, and rules that open and close."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws
from pulumi import automation as auto

from lab.cloud.model import Instance, KeyPair, SecurityGroup, Subnet
from lab.cloud.store import Store
from lab.engine import environment
from lab.machine import slots
from lab.settings import Lab

NAME = "third"
PRIVATE_IP_OFFSET = 200


@dataclass
class ThirdHost:
    """The stack, and the rules on the server's group that its next `up` is to have."""

    stack: auto.Stack
    lab: Lab
    admitted: list[str] = field(default_factory=list)
    """What may reach 3306 of the server: "group" (the third host's own) or CIDRs."""
    user_data: str = "#cloud-config\n{}\n"

    def up(self) -> auto.UpResult:
        """Make the stack what `admitted` says."""
        return self.stack.up()

    @property
    def instance_id(self) -> str:
        """The third host's instance."""
        return str(self.stack.outputs()["instance_id"].value)


def _named(store: Store, kind: type[SecurityGroup] | type[Subnet] | type[KeyPair], part: str) -> str:
    return next(one.id for one in store.all(kind) if part in one.tags.get("Name", ""))


def _program(third: ThirdHost) -> None:
    store = Store(third.lab.cloud)
    server = next(one for one in store.all(Instance) if one.tags.get("Name", "").endswith("server"))
    client = next(one for one in store.all(Instance) if one.tags.get("Name", "").endswith("client-1"))
    subnet = store.get(Subnet, client.subnet_id)
    key = next(iter(store.all(KeyPair)))
    group = aws.ec2.SecurityGroup("group", vpc_id=subnet.vpc_id, description="third host", tags={"Name": "third"})
    aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
    aws.vpc.SecurityGroupIngressRule(
        "ssh",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
        cidr_ipv4=f"{slots.claim(third.lab).machine_address}/32",
    )
    for peer in third.admitted:
        source = {"referenced_security_group_id": group.id} if peer == "group" else {"cidr_ipv4": peer}
        aws.vpc.SecurityGroupIngressRule(
            f"mysql-{peer.replace('/', '-')}",
            security_group_id=server.security_group_ids[0],
            ip_protocol="tcp",
            from_port=3306,
            to_port=3306,
            **source,
        )
    host = aws.ec2.Instance(
        "third",
        ami=server.ami,
        instance_type="t3.micro",
        subnet_id=subnet.id,
        associate_public_ip_address=True,
        vpc_security_group_ids=[group.id],
        key_name=key.id,
        user_data=third.user_data,
        tags={"Name": "third"},
        opts=pulumi.ResourceOptions(ignore_changes=["keyName"]),
    )
    pulumi.export("instance_id", host.id)
    pulumi.export("group_id", group.id)
    pulumi.export("private_ip", host.private_ip)
    pulumi.export("public_ip", host.public_ip)


@contextmanager
def third_host(lab: Lab, folder: Path, user_data: str = "#cloud-config\n{}\n") -> Iterator[ThirdHost]:
    """Bring a third host up beside the pair, and destroy its stack at the end."""
    holder: list[ThirdHost] = []
    stack = auto.create_or_select_stack(
        stack_name=NAME,
        project_name="third-host",
        program=lambda: _program(holder[0]),
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(folder),
            env_vars=environment.variables(lab),
            pulumi_command=auto.PulumiCommand(str(lab.bin.parent)),
        ),
    )
    stack.set_config("aws:region", auto.ConfigValue("eu-central-1"))
    third = ThirdHost(stack, lab, user_data=user_data)
    holder.append(third)
    try:
        third.up()
        yield third
    finally:
        stack.destroy(remove=True)
