"""Records under EC2's rules: made, changed and deleted with what depends on them, and in force at once."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from typing import TypeVar

from lab.cloud import catalog, checkpoint, rules
from lab.cloud.dependencies import check_references, goes_with, not_found, vpc_of
from lab.cloud.identities import unique_id
from lab.cloud.machinery import Machinery
from lab.cloud.model import (
    Bucket,
    Eip,
    EipAssociation,
    Image,
    Instance,
    InstanceProfile,
    KeyPair,
    LoadBalancer,
    NatGateway,
    PrefixList,
    Record,
    Role,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
    VpcEndpoint,
)
from lab.cloud.refusals import check, others
from lab.cloud.rules import AwsError
from lab.cloud.store import Store, new_id
from lab.cloud.topology import public_ip
from lab.settings import Lab, LabError

R = TypeVar("R", bound=Record)
_UNIQUE = {"Role": "AROA", "InstanceProfile": "AIPA", "Bucket": "BUCKET"}
"""What the ids begin with that tell a record from an earlier one of its name."""


class Records:
    """The records of one lab, and the machine that follows them."""

    def __init__(self, lab: Lab, store: Store, plane: Machinery) -> None:
        """Work on the records in `store`, and on the machine through `plane`."""
        self.lab = lab
        self.store = store
        self.plane = plane

    def create(self, spec: R, prefix: str = "") -> R:
        """Make a record, in force when this returns; or take over the one that a killed call made.

        Only a record of the same URN *and* inputs that the engine does not know is taken over: replacing makes
        a second record of one URN legitimately, but then the engine has the first in its state. With other
        inputs the one left behind stays, as on AWS, until `lab down`.

        Args:
            spec: the record as it is asked for; an id is given to it where it has none.
            prefix: of the id, "vpc" for example.

        Raises:
            AwsError: EC2's refusals.
            LabError: the machine could not do it; no record is left then.
        """
        with self.store.locked():
            earlier = self._left_by_killed_run(spec)
            record = self._with_identity(spec, earlier, prefix)
            check_references(self.store, record)
            check(self.store, record)
            gone: list[Record] = [earlier] if earlier and earlier.id != record.id else []
            put: list[Record] = [record, *self._born_with(record)]
            if isinstance(record, EipAssociation):
                put, gone = self._take_over_address(record)
            self._apply(put=put, gone=gone)
        return record

    def update(self, record: Record) -> None:
        """Change a record, in force when this returns.

        Raises:
            AwsError: EC2's refusals.
            LabError: the machine could not do it; the record is as it was then.
        """
        with self.store.locked():
            self._existing(type(record), record.id)
            check_references(self.store, record)
            check(self.store, record)
            self._apply(put=[record])

    def delete(self, kind: type[Record], record_id: str) -> None:
        """Delete a record and what AWS deletes with it; nothing happens if it is gone.

        Raises:
            AwsError: DependencyViolation and its like.
        """
        with self.store.locked():
            record = self.store.find(kind, record_id)
            if record is None:
                return
            if isinstance(record, EipAssociation):
                put = self._give_address_back(record)
                self._apply(put=put, gone=[record])
            else:
                self._apply(gone=[*goes_with(self.store, record), record])

    def _existing(self, kind: type[R], record_id: str) -> R:
        record = self.store.find(kind, record_id)
        if record is None:
            raise not_found(kind, record_id)
        return record

    def _left_by_killed_run(self, spec: R) -> R | None:
        for record in self.store.all(type(spec)):
            same_call = (record.urn, record.client_token) == (spec.urn, spec.client_token)
            if same_call and not checkpoint.has(self.lab, record.urn, record.id):
                return record
        return None

    def _with_identity(self, spec: R, earlier: R | None, prefix: str) -> R:
        """Return the record with what only EC2 can give it: its id, an address."""
        if not spec.id:
            spec = replace(spec, id=earlier.id if earlier else new_id(prefix))
        if isinstance(spec, Eip):
            address = earlier.public_ip if isinstance(earlier, Eip) else self._free_address()
            return replace(spec, public_ip=address)
        if isinstance(spec, KeyPair):
            pair_id = earlier.key_pair_id if isinstance(earlier, KeyPair) else new_id("key")
            return replace(spec, key_pair_id=pair_id)
        if isinstance(spec, NatGateway):
            kept = earlier.private_ip if isinstance(earlier, NatGateway) else ""
            return replace(spec, private_ip=kept or self._private_address(spec.subnet_id, spec.private_ip))
        if isinstance(spec, LoadBalancer):
            there = self.store.find(LoadBalancer, spec.id)
            had = dict(zip(there.subnet_ids, there.addresses, strict=True)) if there else {}
            addresses = tuple(had.get(subnet) or self._private_address(subnet) for subnet in spec.subnet_ids)
            return replace(spec, addresses=addresses)
        if isinstance(spec, VpcEndpoint):
            address = earlier.address if isinstance(earlier, VpcEndpoint) else self._endpoint_address()
            return replace(spec, prefix_list_id=self._prefix_list_of(spec.service_name).id, address=address)
        if isinstance(spec, Role | InstanceProfile | Bucket):
            known = earlier if isinstance(earlier, Role | InstanceProfile | Bucket) else None
            return replace(spec, unique_id=known.unique_id if known else unique_id(_UNIQUE[type(spec).__name__]))
        return spec

    def _apply(self, put: Sequence[Record] = (), gone: Sequence[Record] = ()) -> None:
        """Write and forget records and make the networks follow; undo all of it if they cannot."""
        before = {(type(record), record.id): self.store.find(type(record), record.id) for record in put}
        touched = [*gone, *(old for old in before.values() if old)]
        vpcs = {vpc_of(self.store, record) for record in touched}
        for record in put:
            self.store.put(record)
        for record in gone:
            self.store.delete(record)
        # A route table's VPC, for example, is only found once the table is written.
        vpcs = {vpc for vpc in vpcs | {vpc_of(self.store, record) for record in put} if vpc}
        try:
            for vpc in vpcs:
                self.plane.refresh_vpc(vpc)
        except BaseException:
            for (kind, record_id), old in before.items():
                if old is not None:
                    self.store.put(old)
                elif (new := self.store.find(kind, record_id)) is not None:
                    self.store.delete(new)
            for record in gone:
                self.store.put(record)
            for vpc in vpcs:
                with contextlib.suppress(LabError):
                    self.plane.refresh_vpc(vpc)
            raise

    def _born_with(self, record: Record) -> list[Record]:
        """Return what a VPC is born with: its main route table and its default group."""
        if not isinstance(record, Vpc) or self.main_route_table(record.id):
            return []
        group = SecurityGroup(new_id("sg"), record.id, "default", "default VPC security group")
        return [
            RouteTable(new_id("rtb"), record.id, main=True),
            group,
            SecurityGroupRule(new_id("sgr"), group.id, "ingress", "-1", None, None, "", group.id),
            SecurityGroupRule(new_id("sgr"), group.id, "egress", "-1", None, None, "0.0.0.0/0"),
        ]

    def main_route_table(self, vpc_id: str) -> str:
        """Return the id of the route table that a VPC is born with."""
        return next((t.id for t in self.store.all(RouteTable) if t.vpc_id == vpc_id and t.main), "")

    def default_group(self, vpc_id: str) -> str:
        """Return the id of the security group that a VPC is born with."""
        groups = self.store.all(SecurityGroup)
        return next((g.id for g in groups if g.vpc_id == vpc_id and g.name == "default"), "")

    # Addresses

    def _private_address(self, subnet_id: str, requested: str = "") -> str:
        """Return the address that is asked for of a subnet, else its lowest free one."""
        network = IPv4Network(self._existing(Subnet, subnet_id).cidr_block)
        holders: list[Instance | NatGateway] = [*self.store.all(Instance), *self.store.all(NatGateway)]
        taken = {holder.private_ip for holder in holders if holder.subnet_id == subnet_id}
        for balancer in self.store.all(LoadBalancer):
            taken |= {
                own for subnet, own in zip(balancer.subnet_ids, balancer.addresses, strict=True) if subnet == subnet_id
            }
        if requested:
            rules.check_private_ip(network, requested, taken)
        return requested or rules.free_private_ip(network, taken)

    def _free_address(self, previous: str = "") -> str:
        taken = {eip.public_ip for eip in self.store.all(Eip)}
        taken |= {instance.auto_public_ip for instance in self.store.all(Instance)}
        return rules.free_public_ip(self.plane.public_pool, taken, previous)

    def public_ip(self, instance: Instance) -> str:
        """Return the address that stands for an instance outside; "" if it has none."""
        return public_ip(self.store, instance)

    def _endpoint_address(self) -> str:
        """Return a free address for S3 to see an endpoint's hosts by.

        Raises:
            AwsError: VpcEndpointLimitExceeded.
        """
        taken = {endpoint.address for endpoint in self.store.all(VpcEndpoint)}
        for offset in rules.ENDPOINT_OFFSETS:
            if (address := str(self.plane.public_pool[offset])) not in taken:
                return address
        raise AwsError("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")

    def service_prefix_list(self, region: str) -> PrefixList:
        """Return AWS's own prefix list of S3's addresses in a region."""
        with self.store.locked():
            return self._prefix_list_of(f"com.amazonaws.{region}.s3")

    def _prefix_list_of(self, service: str) -> PrefixList:
        record_id = f"pl-{zlib.crc32(service.encode()):08x}"
        entries = ((f"{self.plane.public_pool[rules.S3_OFFSET]}/32", ""),)
        made = PrefixList(record_id, service, len(entries), entries)
        if self.store.find(PrefixList, record_id) is None:
            self.store.put(made)
        return made

    def _elastic(self, instance_id: str) -> list[EipAssociation]:
        return [item for item in self.store.all(EipAssociation) if item.instance_id == instance_id]

    def _take_over_address(self, association: EipAssociation) -> tuple[list[Record], list[Record]]:
        """Associate: the address leaves where it was, and the instance gives its automatic one back."""
        put: list[Record] = [association]
        gone: list[Record] = []
        instance = self._existing(Instance, association.instance_id)
        if instance.auto_public_ip:
            put.append(replace(instance, auto_public_ip="", last_public_ip=instance.auto_public_ip))
        for other in others(self.store, association):
            if other.allocation_id == association.allocation_id and other.instance_id != association.instance_id:
                put += self._give_address_back(other)
            if other.allocation_id == association.allocation_id or other.instance_id == association.instance_id:
                gone.append(other)
        return put, gone

    def _give_address_back(self, association: EipAssociation) -> list[Record]:
        """Disassociate: a running instance that was launched with a public address gets one again."""
        instance = self.store.find(Instance, association.instance_id)
        if not instance or not instance.wants_public_ip or self.plane.state(instance.id) != "running":
            return []
        return [replace(instance, auto_public_ip=self._free_address(instance.last_public_ip))]

    # Images

    def images(self, architecture: str, release: str | None = None) -> list[str]:
        """Return the ids of the lab's images of an architecture, the newest last.

        Args:
            architecture: in EC2's words.
            release: the Ubuntu release; None for those that stand for every Ubuntu.
        """
        ids = [catalog.image_id(architecture, 0, release), *(image.id for image in self.store.all(Image))]
        wanted = architecture, release
        return [image for image in ids if (catalog.image_architecture(image), catalog.image_release(image)) == wanted]

    def publish_images(self, releases: Sequence[str | None] = (None,)) -> list[str]:
        """Publish an image of each architecture, newer than those there are, and return their ids."""
        with self.store.locked():
            made = []
            for release in releases:
                edition = len(self.images(catalog.machine_architecture(), release))
                made += [Image(catalog.image_id(architecture, edition, release)) for architecture in catalog.IMAGES]
            self._apply(put=made)
        return [image.id for image in made]
