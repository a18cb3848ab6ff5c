"""What somebody does to the lab's EC2 past the engine, as in AWS's console, and with which images hosts are made."""

from __future__ import annotations

from lab.cloud.ec2 import Ec2
from lab.cloud.model import Instance, SecurityGroupRule
from lab.cloud.store import Store
from lab.machine.plane import Plane
from tests.lab.pair import Pair, lab_command


def cloud(pair: Pair) -> Ec2:
    """Return the lab's EC2, to do something behind the engine's back as in AWS's console."""
    store = Store(pair.lab.cloud)
    return Ec2(pair.lab, store, Plane(pair.lab, store))


def remove_rule(pair: Pair, description: str) -> None:
    """Remove a security group's rules behind the engine's back."""
    ec2 = cloud(pair)
    for rule in ec2.store.all(SecurityGroupRule):
        if rule.description == description and rule.direction == "ingress":
            ec2.delete(SecurityGroupRule, rule.id)


def images(pair: Pair) -> dict[str, str]:
    """Return the image of every host, by its name."""
    named = f"mysql-pair-{pair.lab.name}-"
    return {instance.tags["Name"].removeprefix(named): instance.ami for instance in Store(pair.lab.cloud).all(Instance)}


def newest(pair: Pair) -> str:
    """Return an image that no host has, of the hosts' architecture."""
    published = lab_command("publish-image").stdout.split()
    assert not set(published) & set(images(pair).values())
    return published[0]
