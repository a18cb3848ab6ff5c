"""A lab on paper: EC2 on a machine that boots nothing, with a small network in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from lab.cloud import catalog
from lab.cloud.ec2 import Ec2
from lab.cloud.model import Instance, SecurityGroup, SecurityGroupRule, Subnet, Vpc
from lab.cloud.rules import AwsError
from lab.cloud.store import Store
from lab.settings import Lab
from lab.testing.fake_plane import FakePlane

TYPE = "t3.micro" if catalog.machine_architecture() == "x86_64" else "t4g.micro"
IMAGE = catalog.IMAGES[catalog.machine_architecture()]
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGy0dGmZ0m1rQq2xgnq2m8d5j5wU0Y4o3s9c3Hj0o0aB me@here"
CALL: dict[str, Any] = {"urn": "urn:pulumi:t::p::aws:ec2/x:X::name", "client_token": "token"}
"""Who makes a record: a call of the engine's, by its token."""


@dataclass
class World:
    """One lab with a VPC, a subnet and a group."""

    lab: Lab
    store: Store
    plane: FakePlane
    ec2: Ec2
    vpc: Vpc
    subnet: Subnet
    group: SecurityGroup

    def instance(self, **changes: Any) -> Instance:
        """Return an instance as it is asked for."""
        spec = Instance("", self.subnet.id, IMAGE, TYPE, "", (self.group.id,), wants_public_ip=True)
        return replace(spec, **changes)

    def run(self, **changes: Any) -> Instance:
        """Launch an instance."""
        return self.ec2.run(self.instance(**changes))

    def again(self, instance: Instance) -> Instance:
        """Return an instance as it is now."""
        return self.store.get(Instance, instance.id)

    def engine_writes_down(self, *ids: str) -> None:
        """Write a checkpoint of the stack as the engine does, with these ids in it."""
        resources = [{"urn": "urn:pulumi:t::p::x::y", "id": resource_id} for resource_id in ids]
        path = self.lab.backend / ".pulumi" / "stacks" / "p" / "t.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))


def make(folder: Path) -> World:
    """Make a lab with a VPC, a subnet and a group."""
    lab = Lab("t", folder)
    store = Store(lab.cloud)
    plane = FakePlane(store)
    ec2 = Ec2(lab, store, plane)
    vpc = ec2.create(Vpc("", "10.0.0.0/16"), "vpc")
    subnet = ec2.create(Subnet("", vpc.id, "10.0.1.0/24", "eu-central-1a"), "subnet")
    group = ec2.create(SecurityGroup("", vpc.id, "hosts", "hosts"), "sg")
    plane.calls.clear()
    return World(lab, store, plane, ec2, vpc, subnet, group)


def code_of(ask: Callable[[], object]) -> str:
    """Return the code of EC2's refusal of a call."""
    with pytest.raises(AwsError) as refusal:
        ask()
    return refusal.value.code


def rule(world: World, port: int = 22, cidr: str = "10.0.0.0/8") -> SecurityGroupRule:
    """Return a rule that lets TCP into the world's group."""
    return SecurityGroupRule("", world.group.id, "ingress", "tcp", port, port, cidr)
