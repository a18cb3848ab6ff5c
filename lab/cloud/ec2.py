"""EC2's operations on a lab's records and machinery, with EC2's semantics; for the provider and the CLI.

Whatever reads, decides and writes does so under the store's lock; hosts boot and stop outside it.
A record is written before its host is launched, so that a run killed anywhere leaves something to be found.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Literal, Protocol, TypeVar

from lab.cloud import catalog, checkpoint, rules
from lab.cloud.dependencies import KIND, check_references, goes_with, vpc_of
from lab.cloud.model import (
    Eip,
    EipAssociation,
    Image,
    Instance,
    InternetGateway,
    KeyPair,
    NatGateway,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.rules import AwsError
from lab.cloud.store import Store, new_id
from lab.cloud.topology import public_ip
from lab.settings import Lab, LabError

R = TypeVar("R", bound=Record)


class Machinery(Protocol):
    """What `lab.machine.plane.Plane` does; a test puts something else in its place."""

    @property
    def public_pool(self) -> IPv4Network:
        """The lab's public addresses."""

    def refresh_vpc(self, vpc_id: str) -> None:
        """Make a VPC's network what its records say."""

    def launch(self, instance_id: str) -> None:
        """Boot a new host."""

    def stop(self, instance_id: str) -> None:
        """Shut a host down."""

    def start(self, instance_id: str) -> None:
        """Boot a stopped host."""

    def reboot(self, instance_id: str) -> None:
        """Boot a host again."""

    def terminate(self, instance_id: str) -> None:
        """Take a host and its disk away."""

    def detach(self, instance_id: str) -> None:
        """Take a host that is gone out of its network; under the store's lock, as all that makes networks."""

    def state(self, instance_id: str) -> Literal["running", "stopped", "gone"]:
        """Tell how a host is."""


class Ec2:
    """One lab's EC2."""

    def __init__(self, lab: Lab, store: Store, plane: Machinery) -> None:
        """Work on the records in `store`, and on the machine through `plane`."""
        self.lab = lab
        self.store = store
        self.plane = plane

    # Records

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
            self._check(record)
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
            self._check(record)
            self._apply(put=[record])

    def delete(self, kind: type[Record], record_id: str) -> None:
        """Delete a record and what AWS deletes with it; one that is gone already is no fault.

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
            words = KIND.get(kind)
            raise AwsError(
                words.not_found if words else "InvalidParameterValue", f"The ID '{record_id}' does not exist"
            )
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

    # What EC2 refuses

    def _check(self, record: Record) -> None:
        match record:
            case Vpc():
                rules.vpc_cidr(record.cidr_block)
                if record.enable_dns_hostnames and not record.enable_dns_support:
                    raise AwsError("InvalidParameterValue", "enableDnsHostnames needs enableDnsSupport")
            case Subnet():
                others = [s.cidr_block for s in self._others(record) if s.vpc_id == record.vpc_id]
                rules.subnet_cidr(record.cidr_block, self.store.get(Vpc, record.vpc_id).cidr_block, others)
            case Route():
                self._check_route(record)
            case RouteTableAssociation():
                if any(other.subnet_id == record.subnet_id for other in self._others(record)):
                    raise AwsError(
                        "Resource.AlreadyAssociated",
                        f"the specified association for subnet {record.subnet_id} conflicts with an existing one",
                    )
            case SecurityGroup():
                self._check_group(record)
            case SecurityGroupRule():
                self._check_rule(record)
            case KeyPair():
                rules.key_fingerprint(record.public_key)
                self._check_key_name(record)
            case Instance():
                self._check_groups_of(record)
            case EipAssociation():
                _check_free(record.allocation_id, self.store.all(NatGateway))
            case NatGateway():
                self._check_nat_gateway(record)

    def _others(self, record: R) -> list[R]:
        return [other for other in self.store.all(type(record)) if other.id != record.id]

    def _check_route(self, record: Route) -> None:
        destination = rules.cidr(record.destination_cidr_block)
        vpc = self.store.get(Vpc, self.store.get(RouteTable, record.route_table_id).vpc_id)
        if destination.subnet_of(IPv4Network(vpc.cidr_block)):
            raise AwsError("InvalidParameterValue", f"The destination CIDR block {destination} is within the VPC's own")
        gateway = self.store.find(InternetGateway, record.gateway_id) or self.store.find(
            NatGateway, record.nat_gateway_id
        )
        if gateway is None:
            raise AwsError("MissingParameter", "a route leads to an internet gateway or to a NAT gateway")
        if vpc_of(self.store, gateway) != vpc.id:
            raise AwsError(
                "InvalidParameterValue",
                f"route table {record.route_table_id} and network gateway {gateway.id} belong to different networks",
            )
        existing = self.store.find(Route, record.id)
        if existing and (existing.urn, existing.client_token) != (record.urn, record.client_token):
            raise AwsError(
                "RouteAlreadyExists",
                f"The route identified by {record.destination_cidr_block} already exists.",
            )

    def _check_nat_gateway(self, record: NatGateway) -> None:
        _check_free(record.allocation_id, [*self._others(record), *self.store.all(EipAssociation)])
        vpc = vpc_of(self.store, record)
        if not any(gateway.vpc_id == vpc for gateway in self.store.all(InternetGateway)):
            raise AwsError("Gateway.NotAttached", f"Network {vpc} has no Internet gateway attached")

    def _check_group(self, record: SecurityGroup) -> None:
        rules.check_group_name(record.name)
        rules.check_description("GroupDescription", record.description)
        if any((o.vpc_id, o.name) == (record.vpc_id, record.name) for o in self._others(record)):
            raise AwsError(
                "InvalidGroup.Duplicate",
                f"The security group '{record.name}' already exists for VPC '{record.vpc_id}'",
            )

    def _check_rule(self, record: SecurityGroupRule) -> None:
        rules.check_ports(record.ip_protocol, record.from_port, record.to_port)
        rules.check_description("description", record.description)
        if record.cidr_ipv4:
            rules.cidr(record.cidr_ipv4)
        if any(_reach(other) == _reach(record) for other in self._others(record)):
            peer = record.cidr_ipv4 or record.referenced_security_group_id
            raise AwsError(
                "InvalidPermission.Duplicate",
                f'the specified rule "peer: {peer}, {record.ip_protocol.upper()}, from port: '
                f'{record.from_port}, to port: {record.to_port}, ALLOW" already exists',
            )

    def _check_key_name(self, record: KeyPair) -> None:
        existing = self.store.find(KeyPair, record.id)
        if existing and existing.key_pair_id != record.key_pair_id:
            raise AwsError("InvalidKeyPair.Duplicate", f"The keypair already exists: {record.id}")

    def _check_groups_of(self, record: Instance) -> None:
        vpc = self.store.get(Subnet, record.subnet_id).vpc_id
        for group in record.security_group_ids:
            if self.store.get(SecurityGroup, group).vpc_id != vpc:
                raise AwsError(
                    "InvalidParameter",
                    f"Security group {group} and subnet {record.subnet_id} belong to different networks.",
                )

    # Addresses

    def _private_address(self, subnet_id: str, requested: str = "") -> str:
        """Return the address that is asked for of a subnet, else its lowest free one."""
        network = IPv4Network(self._existing(Subnet, subnet_id).cidr_block)
        holders: list[Instance | NatGateway] = [*self.store.all(Instance), *self.store.all(NatGateway)]
        taken = {holder.private_ip for holder in holders if holder.subnet_id == subnet_id}
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

    def _elastic(self, instance_id: str) -> list[EipAssociation]:
        return [item for item in self.store.all(EipAssociation) if item.instance_id == instance_id]

    def _take_over_address(self, association: EipAssociation) -> tuple[list[Record], list[Record]]:
        """Associate: the address leaves where it was, and the instance gives its automatic one back."""
        put: list[Record] = [association]
        gone: list[Record] = []
        instance = self._existing(Instance, association.instance_id)
        if instance.auto_public_ip:
            put.append(replace(instance, auto_public_ip="", last_public_ip=instance.auto_public_ip))
        for other in self._others(association):
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

    def images(self, architecture: str) -> list[str]:
        """Return the ids of the lab's images of an architecture, the newest last."""
        ids = [catalog.IMAGES[architecture], *(image.id for image in self.store.all(Image))]
        return [image for image in ids if catalog.image_architecture(image) == architecture]

    def publish_images(self) -> list[str]:
        """Publish an image of each architecture, newer than those there are, and return their ids."""
        with self.store.locked():
            release = len(self.images(catalog.machine_architecture()))
            made = [Image(catalog.image_id(architecture, release)) for architecture in catalog.IMAGES]
            self._apply(put=made)
        return [image.id for image in made]

    # Instances

    def instances(self) -> list[Instance]:
        """Return every instance, whether it runs or not."""
        return self.store.all(Instance)

    def run(self, spec: Instance) -> Instance:
        """Launch an instance, or see to the end what a killed call of the same token began.

        Returns:
            The instance, its host booted.

        Raises:
            AwsError: EC2's refusals.
            LabError: the host did not boot; neither host nor record is left then.
        """
        catalog.check_image_fits(spec.ami, spec.instance_type)
        rules.check_user_data(spec.user_data.encode())
        if spec.ami not in self.images(catalog.image_architecture(spec.ami)):
            raise catalog.image_not_found(spec.ami)
        self._forget_terminated(spec.urn)
        with self.store.locked():
            earlier = self._left_by_killed_run(spec)
            record = earlier or self._placed(spec)
            check_references(self.store, record)
            self._check(record)
            self._apply(put=[record])
        try:
            self._boot(record.id)
        except BaseException:
            self._remove_host(record.id)
            raise
        with self.store.locked():
            record = replace(self._existing(Instance, record.id), launched=True)
            self.store.put(record)
        return record

    def _forget_terminated(self, urn: str) -> None:
        """Give back what instances without a host hold: addresses, memberships, names.

        Such are instances whose host was taken away behind the engine's back, and one that a killed run of the
        same URN wrote down and never booted. A record that is merely about to boot is left alone.
        """
        for instance in self.instances():
            never_booted = bool(urn) and instance.urn == urn and not checkpoint.has(self.lab, urn, instance.id)
            if (instance.launched or never_booted) and not self.has_host(instance.id):
                self._remove_host(instance.id)

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return an instance that has a host, running or stopped; one whose host is gone is forgotten."""
        instance = self.store.find(Instance, instance_id)
        if instance is None or self.has_host(instance_id):
            return instance
        self._remove_host(instance_id)
        return None

    def has_host(self, instance_id: str) -> bool:
        """Tell whether an instance has a host, running or stopped."""
        return self.plane.state(instance_id) != "gone"

    def _boot(self, instance_id: str) -> None:
        state = self.plane.state(instance_id)
        if state == "gone":
            self.plane.launch(instance_id)
        elif state == "stopped":
            self.plane.start(instance_id)

    def _placed(self, spec: Instance) -> Instance:
        """Return an instance with its id, its addresses and, where it names none, the VPC's default group."""
        subnet = self._existing(Subnet, spec.subnet_id)
        return replace(
            spec,
            id=new_id("i"),
            private_ip=self._private_address(subnet.id, spec.private_ip),
            auto_public_ip=self._free_address() if spec.wants_public_ip else "",
            security_group_ids=spec.security_group_ids or (self.default_group(subnet.vpc_id),),
        )

    def modify(self, spec: Instance, restart: bool = False) -> Instance:
        """Change an instance.

        Args:
            spec: the instance as it is to be.
            restart: stop it first and start it afterwards, as new user data and another type need. It is started
                however it was found: so an update that was killed after the stop ends running when repeated.

        Raises:
            AwsError: EC2's refusals.
        """
        catalog.check_image_fits(spec.ami, spec.instance_type)
        rules.check_user_data(spec.user_data.encode())
        if restart:
            self.stop(spec.id)
        with self.store.locked():
            old = self._existing(Instance, spec.id)
            ec2s_own = {name: getattr(old, name) for name in ("auto_public_ip", "last_public_ip", "launched")}
            record = replace(spec, **ec2s_own)
            check_references(self.store, replace(record, key_name=""))  # read at the launch alone
            self._check(record)
            self._apply(put=[record])
        if restart:
            self.start(spec.id)
        return self.store.get(Instance, spec.id)

    def stop(self, instance_id: str) -> None:
        """Stop an instance; its automatic public address goes back to the pool.

        Raises:
            AwsError: InvalidInstanceID.NotFound, or OperationNotPermitted under stop protection.
        """
        instance = self._existing(Instance, instance_id)
        if instance.options.get("disableApiStop"):
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{instance_id}' may not be stopped. Modify its 'disableApiStop' instance "
                "attribute and try again.",
            )
        if self.plane.state(instance_id) == "running":
            self.plane.stop(instance_id)
        with self.store.locked():
            instance = self._existing(Instance, instance_id)
            if instance.auto_public_ip:
                self._apply(put=[replace(instance, auto_public_ip="", last_public_ip=instance.auto_public_ip)])

    def start(self, instance_id: str) -> None:
        """Start an instance, with another automatic public address than before.

        Raises:
            AwsError: InvalidInstanceID.NotFound.
        """
        with self.store.locked():
            instance = self._existing(Instance, instance_id)
            if instance.wants_public_ip and not instance.auto_public_ip and not self._elastic(instance_id):
                address = self._free_address(instance.last_public_ip)
                instance = replace(instance, auto_public_ip=address)
            self._apply(put=[instance])
        if self.plane.state(instance_id) == "stopped":
            self.plane.start(instance_id)

    def reboot(self, instance_id: str) -> None:
        """Reboot an instance; every address stays.

        Raises:
            AwsError: InvalidInstanceID.NotFound.
        """
        self._existing(Instance, instance_id)
        self.plane.reboot(instance_id)

    def terminate(self, instance_id: str, force: bool = False) -> None:
        """Take an instance, its disk and its record away; one that is gone already is no fault.

        Args:
            instance_id: which.
            force: in spite of termination protection.

        Raises:
            AwsError: OperationNotPermitted under termination protection.
        """
        instance = self.store.find(Instance, instance_id)
        if instance is None:
            return
        if instance.disable_api_termination and not force:
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{instance_id}' may not be terminated. Modify its 'disableApiTermination' "
                "instance attribute and try again.",
            )
        self._remove_host(instance_id)

    def _remove_host(self, instance_id: str) -> None:
        """Take the host away, then the record: killed in between, a repeated call still finds what to do."""
        self.plane.terminate(instance_id)
        with self.store.locked():
            self.plane.detach(instance_id)
            instance = self.store.find(Instance, instance_id)
            if instance:
                self._apply(gone=[*self._elastic(instance_id), instance])


def _check_free(allocation_id: str, holders: Sequence[EipAssociation | NatGateway]) -> None:
    if any(holder.allocation_id == allocation_id for holder in holders):
        raise AwsError("Resource.AlreadyAssociated", f"Elastic IP address {allocation_id} is already associated")


def _reach(rule: SecurityGroupRule) -> tuple[object, ...]:
    """Return what makes two rules one: all but id, description and tags."""
    peer = rule.cidr_ipv4 or rule.referenced_security_group_id
    return (rule.security_group_id, rule.direction, rule.ip_protocol, rule.from_port, rule.to_port, peer)
