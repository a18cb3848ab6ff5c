"""What AWS says of the things that config names: each is asked once, and a question that failed is one fault."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network
from typing import Any, TypeVar

from stack_config.cloud import Cloud, CloudError, SubnetFacts, TypeFacts
from stack_config.reader import Reader

T = TypeVar("T")


class Lookups:
    """The questions, with the key whose value they are about. Each returns None where AWS has no answer."""

    def __init__(self, reader: Reader, cloud: Cloud) -> None:
        """Begin with nothing known."""
        self._reader, self._cloud = reader, cloud
        self._known: dict[str, Any] = {}

    def instance_type(self, key: str, name: str) -> TypeFacts | None:
        """Return the facts of an instance type."""
        return self._ask(key, self._cloud.instance_type, name)

    def image_architecture(self, key: str, ami: str) -> str | None:
        """Return the architecture of an image."""
        return self._ask(key, self._cloud.image_architecture, ami)

    def vpc_cidr(self, key: str, vpc_id: str) -> IPv4Network | None:
        """Return a VPC's primary range."""
        return self._ask(key, self._cloud.vpc_cidr, vpc_id)

    def subnet(self, key: str, subnet_id: str) -> SubnetFacts | None:
        """Return the facts of a subnet."""
        return self._ask(key, self._cloud.subnet, subnet_id)

    def _ask(self, key: str, question: Callable[[str], T], about: str) -> T | None:
        """Return the answer; names of types, images, VPCs and subnets differ in form, so one table holds them all."""
        if about not in self._known:
            try:
                self._known[about] = question(about)
            except CloudError as error:
                self._known[about] = None
                mend = "Check the name, the region and the credentials"
                self._reader.note(key, f"AWS does not know {about}: {error}", mend)
        answer: T | None = self._known[about]
        return answer
