"""What only AWS knows of the things that config names; asked before anything is registered, each thing once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Protocol, TypeVar

import pulumi_aws as aws

T = TypeVar("T")


class CloudError(Exception):
    """AWS does not know it, or could not be asked; in AWS's words."""


@dataclass(frozen=True)
class TypeFacts:
    """An instance type. The architecture is EC2's word for it: x86_64 or arm64."""

    memory_mib: int
    architecture: str


@dataclass(frozen=True)
class SubnetFacts:
    """A subnet."""

    vpc_id: str
    cidr: IPv4Network


class Cloud(Protocol):
    """The questions. Each raises CloudError."""

    def instance_type(self, name: str) -> TypeFacts:
        """Return the facts of an instance type."""

    def image_architecture(self, ami: str) -> str:
        """Return the architecture of an image."""

    def vpc_cidr(self, vpc_id: str) -> IPv4Network:
        """Return a VPC's primary range."""

    def subnet(self, subnet_id: str) -> SubnetFacts:
        """Return the facts of a subnet."""


class Aws:
    """AWS, or whatever answers to that name: asked by the provider's functions, which wait for the answer."""

    def instance_type(self, name: str) -> TypeFacts:
        """Return the facts of an instance type."""
        found = _asked(lambda: aws.ec2.get_instance_type(instance_type=name))
        return TypeFacts(found.memory_size, "arm64" if "arm64" in found.supported_architectures else "x86_64")

    def image_architecture(self, ami: str) -> str:
        """Return the architecture of an image."""
        filters = [aws.ec2.GetAmiFilterArgs(name="image-id", values=[ami])]
        return _asked(lambda: aws.ec2.get_ami(filters=filters, include_deprecated=True)).architecture

    def vpc_cidr(self, vpc_id: str) -> IPv4Network:
        """Return a VPC's primary range."""
        return IPv4Network(_asked(lambda: aws.ec2.get_vpc(id=vpc_id)).cidr_block)

    def subnet(self, subnet_id: str) -> SubnetFacts:
        """Return the facts of a subnet."""
        found = _asked(lambda: aws.ec2.get_subnet(id=subnet_id))
        return SubnetFacts(found.vpc_id, IPv4Network(found.cidr_block))


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except Exception as error:  # the SDK has no narrower class for what a function's call comes to
        words = str(error).strip() or type(error).__name__
        # Before them the SDK and the engine say which function was called.
        raise CloudError(words.splitlines()[-1].rpartition("returned an error: ")[2].rstrip(".")) from error
