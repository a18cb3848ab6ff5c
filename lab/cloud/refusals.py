"""What EC2 refuses of a record because of the others: overlaps, duplicates, what is of another network."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import TypeVar

from lab.cloud import policies, rules, volume_rules
from lab.cloud.dependencies import vpc_of
from lab.cloud.model import (
    Bucket,
    BucketPolicy,
    BucketPublicAccessBlock,
    EipAssociation,
    Instance,
    InstanceProfile,
    InternetGateway,
    KeyPair,
    NatGateway,
    Record,
    Role,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Snapshot,
    Subnet,
    Volume,
    VolumeAttachment,
    Vpc,
    VpcEndpoint,
)
from lab.cloud.rules import AwsError
from lab.cloud.store import Store

R = TypeVar("R", bound=Record)


def check(store: Store, record: Record) -> None:
    """Refuse a record that EC2 refuses, by itself or because of the other records.

    Raises:
        AwsError: in EC2's words.
    """
    match record:
        case Vpc():
            rules.vpc_cidr(record.cidr_block)
            if record.enable_dns_hostnames and not record.enable_dns_support:
                raise AwsError("InvalidParameterValue", "enableDnsHostnames needs enableDnsSupport")
        case Subnet():
            cidrs = [subnet.cidr_block for subnet in others(store, record) if subnet.vpc_id == record.vpc_id]
            rules.subnet_cidr(record.cidr_block, store.get(Vpc, record.vpc_id).cidr_block, cidrs)
        case Route():
            _check_route(store, record)
        case RouteTableAssociation():
            if any(other.subnet_id == record.subnet_id for other in others(store, record)):
                raise AwsError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for subnet {record.subnet_id} conflicts with an existing one",
                )
        case SecurityGroup():
            _check_group(store, record)
        case SecurityGroupRule():
            _check_rule(store, record)
        case KeyPair():
            rules.key_fingerprint(record.public_key)
            _check_key_name(store, record)
        case Instance():
            _check_groups_of(store, record)
        case EipAssociation():
            _check_free(record.allocation_id, store.all(NatGateway))
        case NatGateway():
            _check_nat_gateway(store, record)
        case VpcEndpoint():
            _check_endpoint(store, record)
        case Role() | InstanceProfile():
            _check_unique(store, record, "EntityAlreadyExists", "{kind} with name {id} already exists.")
        case Bucket():
            _check_unique(
                store,
                record,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            )
        case BucketPolicy():
            _check_public_policy(store, record)
        case Volume():
            volume_rules.check_volume(record)
            _check_source(store, record)
        case VolumeAttachment():
            _check_attachment(store, record)


def others(store: Store, record: R) -> list[R]:
    """Return the records of a kind but for one."""
    return [other for other in store.all(type(record)) if other.id != record.id]


def _check_route(store: Store, record: Route) -> None:
    destination = rules.cidr(record.destination_cidr_block)
    vpc = store.get(Vpc, store.get(RouteTable, record.route_table_id).vpc_id)
    if destination.subnet_of(IPv4Network(vpc.cidr_block)):
        raise AwsError("InvalidParameterValue", f"The destination CIDR block {destination} is within the VPC's own")
    gateway = store.find(InternetGateway, record.gateway_id) or store.find(NatGateway, record.nat_gateway_id)
    if gateway is None:
        raise AwsError("MissingParameter", "a route leads to an internet gateway or to a NAT gateway")
    if vpc_of(store, gateway) != vpc.id:
        raise AwsError(
            "InvalidParameterValue",
            f"route table {record.route_table_id} and network gateway {gateway.id} belong to different networks",
        )
    existing = store.find(Route, record.id)
    if existing and (existing.urn, existing.client_token) != (record.urn, record.client_token):
        raise AwsError(
            "RouteAlreadyExists",
            f"The route identified by {record.destination_cidr_block} already exists.",
        )


def _check_nat_gateway(store: Store, record: NatGateway) -> None:
    _check_free(record.allocation_id, [*others(store, record), *store.all(EipAssociation)])
    vpc = vpc_of(store, record)
    if not any(gateway.vpc_id == vpc for gateway in store.all(InternetGateway)):
        raise AwsError("Gateway.NotAttached", f"Network {vpc} has no Internet gateway attached")


def _check_endpoint(store: Store, record: VpcEndpoint) -> None:
    for table in record.route_table_ids:
        if store.get(RouteTable, table).vpc_id != record.vpc_id:
            raise AwsError("InvalidParameter", f"Route table {table} does not belong to VPC {record.vpc_id}")
        for other in others(store, record):
            if other.service_name == record.service_name and table in other.route_table_ids:
                raise AwsError(
                    "RouteAlreadyExists",
                    f"route table {table} already has a route with destination-prefix-list-id {other.prefix_list_id}",
                )


def _check_unique(store: Store, record: Role | InstanceProfile | Bucket, code: str, text: str) -> None:
    existing = store.find(type(record), record.id)
    if existing and existing.unique_id != record.unique_id:
        kind = "Role" if isinstance(record, Role) else "Instance Profile"
        raise AwsError(code, text.format(kind=kind, id=record.id))


def _check_public_policy(store: Store, record: BucketPolicy) -> None:
    """Refuse a policy that lets in everyone where the bucket blocks such; one without a block of its own does."""
    block = store.find(BucketPublicAccessBlock, record.id)
    if (block is None or block.block_public_policy) and policies.is_public(policies.read(record.policy)):
        raise AwsError(
            "AccessDenied",
            "User is not authorized to perform: s3:PutBucketPolicy on resource: "
            f'"arn:aws:s3:::{record.id}" because public policies are prevented by the BlockPublicPolicy setting '
            "in S3 Block Public Access.",
        )


def _check_source(store: Store, record: Volume) -> None:
    snapshot = store.find(Snapshot, record.snapshot_id) if record.snapshot_id else None
    if record.snapshot_id and not snapshot and not store.find(Volume, record.id):
        raise AwsError("InvalidSnapshot.NotFound", f"The snapshot '{record.snapshot_id}' does not exist.")
    if snapshot and record.size < snapshot.volume_size:
        raise AwsError(
            "InvalidParameterValue",
            f"Volume of size {record.size}GB is smaller than snapshot '{snapshot.id}', expect size >= "
            f"{snapshot.volume_size}GB",
        )


def _check_attachment(store: Store, record: VolumeAttachment) -> None:
    volume_rules.check_device_name(record.device_name)
    volume = store.get(Volume, record.volume_id)
    subnet = store.get(Subnet, store.get(Instance, record.instance_id).subnet_id)
    if volume.availability_zone != subnet.availability_zone:
        raise AwsError(
            "InvalidVolume.ZoneMismatch",
            f"The volume '{volume.id}' is not in the same availability zone as instance '{record.instance_id}'",
        )
    for other in others(store, record):
        if other.volume_id == record.volume_id:
            raise AwsError("VolumeInUse", f"{record.volume_id} is already attached to an instance")
        if (other.instance_id, other.device_name) == (record.instance_id, record.device_name):
            raise AwsError(
                "InvalidParameterValue",
                f"Invalid value '{record.device_name}' for unixDevice. Attachment point {record.device_name} is "
                "already in use",
            )


def _check_group(store: Store, record: SecurityGroup) -> None:
    rules.check_group_name(record.name)
    rules.check_description("GroupDescription", record.description)
    if any((group.vpc_id, group.name) == (record.vpc_id, record.name) for group in others(store, record)):
        raise AwsError(
            "InvalidGroup.Duplicate",
            f"The security group '{record.name}' already exists for VPC '{record.vpc_id}'",
        )


def _check_rule(store: Store, record: SecurityGroupRule) -> None:
    rules.check_ports(record.ip_protocol, record.from_port, record.to_port)
    rules.check_description("description", record.description)
    if record.cidr_ipv4:
        rules.cidr(record.cidr_ipv4)
    if any(_reach(other) == _reach(record) for other in others(store, record)):
        peer = record.cidr_ipv4 or record.prefix_list_id or record.referenced_security_group_id
        raise AwsError(
            "InvalidPermission.Duplicate",
            f'the specified rule "peer: {peer}, {record.ip_protocol.upper()}, from port: '
            f'{record.from_port}, to port: {record.to_port}, ALLOW" already exists',
        )


def _check_key_name(store: Store, record: KeyPair) -> None:
    existing = store.find(KeyPair, record.id)
    if existing and existing.key_pair_id != record.key_pair_id:
        raise AwsError("InvalidKeyPair.Duplicate", f"The keypair already exists: {record.id}")


def _check_groups_of(store: Store, record: Instance) -> None:
    vpc = store.get(Subnet, record.subnet_id).vpc_id
    for group in record.security_group_ids:
        if store.get(SecurityGroup, group).vpc_id != vpc:
            raise AwsError(
                "InvalidParameter",
                f"Security group {group} and subnet {record.subnet_id} belong to different networks.",
            )


def _check_free(allocation_id: str, holders: Sequence[EipAssociation | NatGateway]) -> None:
    if any(holder.allocation_id == allocation_id for holder in holders):
        raise AwsError("Resource.AlreadyAssociated", f"Elastic IP address {allocation_id} is already associated")


def _reach(rule: SecurityGroupRule) -> tuple[object, ...]:
    """Return what makes two rules one: all but id, description and tags."""
    peer = rule.cidr_ipv4 or rule.prefix_list_id or rule.referenced_security_group_id
    return (rule.security_group_id, rule.direction, rule.ip_protocol, rule.from_port, rule.to_port, peer)
