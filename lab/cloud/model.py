"""What a lab's cloud is made of: one frozen dataclass a kind of record, named as EC2's API has them.

Records hold ids of each other, never objects, and nothing that could be derived from other records.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Tags = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Made:
    """Which create call made a record, so that one repeated after a kill finds it and makes no second."""

    urn: str = ""
    client_token: str = ""
    """A digest of the call's inputs, as EC2's client tokens are used. Empty: made by the lab itself."""


@dataclass(frozen=True)
class Vpc(Made):
    """A VPC: one router namespace, in which all of its hosts' traffic meets."""

    id: str
    cidr_block: str
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Subnet(Made):
    """A subnet of a VPC, in one availability zone."""

    id: str
    vpc_id: str
    cidr_block: str
    availability_zone: str
    map_public_ip_on_launch: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class InternetGateway(Made):
    """An internet gateway; `vpc_id` is empty while it is detached."""

    id: str
    vpc_id: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class RouteTable(Made):
    """A route table; `main` marks the one a VPC is born with."""

    id: str
    vpc_id: str
    main: bool = False
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Route(Made):
    """A route to an internet gateway or a NAT gateway, one of them; that of the VPC's own CIDR is implied."""

    id: str
    route_table_id: str
    destination_cidr_block: str
    gateway_id: str = ""
    nat_gateway_id: str = ""


@dataclass(frozen=True)
class RouteTableAssociation(Made):
    """Which route table a subnet uses instead of the VPC's main one."""

    id: str
    route_table_id: str
    subnet_id: str


@dataclass(frozen=True)
class SecurityGroup(Made):
    """A security group; its rules are records of their own."""

    id: str
    vpc_id: str
    name: str
    description: str
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class SecurityGroupRule(Made):
    """One ingress or egress rule: a CIDR, a prefix list or another group, a protocol, a range of ports.

    `ip_protocol` is "tcp", "udp", "icmp" or "-1" (all). Ports are None for "-1".
    Exactly one of `cidr_ipv4`, `prefix_list_id` and `referenced_security_group_id` is set.
    """

    id: str
    security_group_id: str
    direction: Literal["ingress", "egress"]
    ip_protocol: str
    from_port: int | None
    to_port: int | None
    cidr_ipv4: str = ""
    referenced_security_group_id: str = ""
    description: str = ""
    tags: Tags = field(default_factory=dict)
    prefix_list_id: str = ""


@dataclass(frozen=True)
class PrefixList(Made):
    """A managed prefix list: IPv4 ranges with a name."""

    id: str
    name: str
    max_entries: int
    entries: tuple[tuple[str, str], ...] = ()
    """Each a range and its description."""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class ExclusiveRules(Made):
    """The ids of all rules that a group is to have. No record of a lab's: it is read from the rules there are."""

    id: str
    """The group's."""
    ingress_rule_ids: tuple[str, ...]
    egress_rule_ids: tuple[str, ...]


@dataclass(frozen=True)
class KeyPair(Made):
    """An ssh public key, known by its name; the id is the name, as in the provider."""

    id: str
    public_key: str
    fingerprint: str
    key_pair_id: str
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Instance(Made):
    """An instance as it was asked for; whether it runs is the host's own to say (lab.machine.hosts)."""

    id: str
    subnet_id: str
    ami: str
    instance_type: str
    private_ip: str
    security_group_ids: tuple[str, ...]
    auto_public_ip: str = ""
    """The address from the lab's pool. Empty: none, or stopped, or an Elastic IP took its place."""
    last_public_ip: str = ""
    """The address it gave back last: another one comes with the next start."""
    wants_public_ip: bool = False
    key_name: str = ""
    user_data: str = ""
    disable_api_termination: bool = False
    root_volume_gib: int = 8
    launched: bool = False
    """Its host has booted once: if there is no host any more, the instance was terminated."""
    options: dict[str, object] = field(default_factory=dict)
    """Inputs that are kept and shown but change nothing in a lab (metadataOptions, rootBlockDevice, …)."""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Eip(Made):
    """An Elastic IP: an address of the pool that stays until it is released."""

    id: str
    public_ip: str
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class EipAssociation(Made):
    """Which instance an Elastic IP belongs to."""

    id: str
    allocation_id: str
    instance_id: str


@dataclass(frozen=True)
class NatGateway(Made):
    """A public NAT gateway: hosts whose route table leads to it go out by its Elastic IP."""

    id: str
    subnet_id: str
    allocation_id: str
    private_ip: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Volume(Made):
    """An EBS volume; whether it is attached is for its attachment to say."""

    id: str
    availability_zone: str
    size: int
    """GiB."""
    type: str = "gp3"
    iops: int = 0
    throughput: int = 0
    """MiB/s."""
    encrypted: bool = False
    kms_key_id: str = ""
    snapshot_id: str = ""
    """What it was made from."""
    create_time: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class VolumeAttachment(Made):
    """Which instance a volume is attached to, and by which name."""

    id: str
    volume_id: str
    instance_id: str
    device_name: str


@dataclass(frozen=True)
class Snapshot(Made):
    """An EBS snapshot, complete as soon as it is there."""

    id: str
    volume_id: str
    """Its volume's, which may be gone."""
    volume_size: int
    """GiB."""
    description: str = ""
    encrypted: bool = False
    kms_key_id: str = ""
    start_time: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class LifecyclePolicy(Made):
    """A policy of Data Lifecycle Manager."""

    id: str
    description: str
    execution_role_arn: str
    state: str
    """"ENABLED" or "DISABLED"."""
    details: dict[str, Any] = field(default_factory=dict)
    """`policyDetails` as the engine spells it."""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Image(Made):
    """An AMI published after the two a lab begins with; it boots the same real image."""

    id: str


@dataclass(frozen=True)
class VpcEndpoint(Made):
    """A gateway endpoint for S3: subnets of its route tables reach S3 by it, and nothing else."""

    id: str
    vpc_id: str
    service_name: str
    route_table_ids: tuple[str, ...] = ()
    policy: str = ""
    """Empty: everything is allowed."""
    prefix_list_id: str = ""
    address: str = ""
    """From which S3 sees the hosts that come by it."""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class LoadBalancer(Made):
    """An internal Network Load Balancer; the id of all that is about load balancers is its ARN."""

    id: str
    name: str
    dns_name: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    cross_zone: bool = False
    addresses: tuple[str, ...] = ()
    """One in each of its subnets."""
    options: dict[str, object] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class TargetGroup(Made):
    """Where listeners lead to, and how its targets are asked for their health."""

    id: str
    name: str
    vpc_id: str
    port: int
    health_check: dict[str, Any] = field(default_factory=dict)
    """`healthCheck` as the engine spells it, whole."""
    options: dict[str, object] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Listener(Made):
    """A TCP port of a load balancer that leads to a target group."""

    id: str
    load_balancer_arn: str
    target_group_arn: str
    port: int
    options: dict[str, object] = field(default_factory=dict)
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class TargetGroupAttachment(Made):
    """A target of a group: an address and a port."""

    id: str
    target_group_arn: str
    target_id: str
    port: int


@dataclass(frozen=True)
class Role(Made):
    """An IAM role, known by its name."""

    id: str
    assume_role_policy: str
    unique_id: str = ""
    path: str = "/"
    description: str = ""
    max_session_duration: int = 3600
    created: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class RolePolicy(Made):
    """A policy in a role; the id is ROLE:NAME."""

    id: str
    role: str
    policy: str


@dataclass(frozen=True)
class InstanceProfile(Made):
    """What gives an instance its role; the id is the name."""

    id: str
    role: str = ""
    unique_id: str = ""
    path: str = "/"
    created: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class Bucket(Made):
    """An S3 bucket, known by its name; its objects are the gateway's."""

    id: str
    region: str
    unique_id: str = ""
    tags: Tags = field(default_factory=dict)


@dataclass(frozen=True)
class BucketVersioning(Made):
    """Whether a bucket keeps old versions; the id is the bucket's, as that of all that is about a bucket."""

    id: str
    status: str


@dataclass(frozen=True)
class BucketPublicAccessBlock(Made):
    """What of public access a bucket refuses."""

    id: str
    block_public_acls: bool = False
    block_public_policy: bool = False
    ignore_public_acls: bool = False
    restrict_public_buckets: bool = False


@dataclass(frozen=True)
class BucketPolicy(Made):
    """A bucket's policy."""

    id: str
    policy: str


@dataclass(frozen=True)
class BucketLifecycle(Made):
    """When a bucket's objects and their old versions go."""

    id: str
    rules: list[dict[str, object]]


@dataclass(frozen=True)
class BucketEncryption(Made):
    """How a bucket says that it encrypts."""

    id: str
    rules: list[dict[str, object]]


Record = (
    Vpc
    | Subnet
    | InternetGateway
    | RouteTable
    | Route
    | RouteTableAssociation
    | SecurityGroup
    | SecurityGroupRule
    | ExclusiveRules
    | PrefixList
    | KeyPair
    | Instance
    | Eip
    | EipAssociation
    | NatGateway
    | Volume
    | VolumeAttachment
    | Snapshot
    | LifecyclePolicy
    | Image
    | VpcEndpoint
    | LoadBalancer
    | TargetGroup
    | Listener
    | TargetGroupAttachment
    | Role
    | RolePolicy
    | InstanceProfile
    | Bucket
    | BucketVersioning
    | BucketPublicAccessBlock
    | BucketPolicy
    | BucketLifecycle
    | BucketEncryption
)

KINDS: dict[str, type[Made]] = {
    "vpc": Vpc,
    "subnet": Subnet,
    "internet-gateway": InternetGateway,
    "route-table": RouteTable,
    "route": Route,
    "route-table-association": RouteTableAssociation,
    "security-group": SecurityGroup,
    "security-group-rule": SecurityGroupRule,
    "prefix-list": PrefixList,
    "key-pair": KeyPair,
    "instance": Instance,
    "eip": Eip,
    "eip-association": EipAssociation,
    "nat-gateway": NatGateway,
    "volume": Volume,
    "volume-attachment": VolumeAttachment,
    "snapshot": Snapshot,
    "lifecycle-policy": LifecyclePolicy,
    "image": Image,
    "vpc-endpoint": VpcEndpoint,
    "load-balancer": LoadBalancer,
    "target-group": TargetGroup,
    "listener": Listener,
    "target": TargetGroupAttachment,
    "role": Role,
    "role-policy": RolePolicy,
    "instance-profile": InstanceProfile,
    "bucket": Bucket,
    "bucket-versioning": BucketVersioning,
    "bucket-public-access-block": BucketPublicAccessBlock,
    "bucket-policy": BucketPolicy,
    "bucket-lifecycle": BucketLifecycle,
    "bucket-encryption": BucketEncryption,
}
"""Folder name of each kind under a lab's cloud/."""
