"""Which records hold on to which: what must exist before one is made, what stands against deleting it."""

from __future__ import annotations

from dataclasses import dataclass

from lab.cloud.model import (
    Bucket,
    BucketEncryption,
    BucketLifecycle,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketVersioning,
    Eip,
    EipAssociation,
    Instance,
    InstanceProfile,
    InternetGateway,
    KeyPair,
    Listener,
    LoadBalancer,
    Made,
    NatGateway,
    PrefixList,
    Record,
    Role,
    RolePolicy,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Snapshot,
    Subnet,
    TargetGroup,
    TargetGroupAttachment,
    Volume,
    VolumeAttachment,
    Vpc,
    VpcEndpoint,
)
from lab.cloud.rules import AwsError
from lab.cloud.store import Store


@dataclass(frozen=True)
class Kind:
    """How AWS's errors speak of a kind."""

    not_found: str
    word: str
    sentence: str = "The {word} '{name}' does not exist"


KIND: dict[type[Made], Kind] = {
    Vpc: Kind("InvalidVpcID.NotFound", "vpc ID"),
    Subnet: Kind("InvalidSubnetID.NotFound", "subnet ID"),
    InternetGateway: Kind("InvalidInternetGatewayID.NotFound", "internetGateway ID"),
    RouteTable: Kind("InvalidRouteTableID.NotFound", "routeTable ID"),
    PrefixList: Kind("InvalidPrefixListID.NotFound", "prefix list ID"),
    SecurityGroup: Kind("InvalidGroup.NotFound", "security group"),
    KeyPair: Kind("InvalidKeyPair.NotFound", "key pair"),
    Instance: Kind("InvalidInstanceID.NotFound", "instance ID"),
    Eip: Kind("InvalidAllocationID.NotFound", "allocation ID"),
    NatGateway: Kind("InvalidNatGatewayID.NotFound", "natGateway ID"),
    VpcEndpoint: Kind("InvalidVpcEndpointId.NotFound", "Vpc Endpoint Id"),
    LoadBalancer: Kind("LoadBalancerNotFound", "Load balancers", "{word} '[{name}]' not found"),
    TargetGroup: Kind("TargetGroupNotFound", "Target groups", "{word} '{name}' not found"),
    Role: Kind("NoSuchEntity", "role", "The {word} with name {name} cannot be found."),
    InstanceProfile: Kind("NoSuchEntity", "Instance Profile", "{word} {name} cannot be found."),
    Bucket: Kind("NoSuchBucket", "bucket", "The specified {word} does not exist: {name}"),
    Volume: Kind("InvalidVolume.NotFound", "volume"),
    Snapshot: Kind("InvalidSnapshot.NotFound", "snapshot"),
}


def not_found(kind: type[Made], record_id: str) -> AwsError:
    """Return AWS's refusal of an id that no record has."""
    words = KIND.get(kind, Kind("InvalidParameterValue", "ID"))
    return AwsError(words.not_found, words.sentence.format(word=words.word, name=record_id))


def references(record: Record) -> list[tuple[type[Record], str]]:
    """Return kind and id of every record that `record` names."""
    match record:
        case Subnet() | RouteTable() | SecurityGroup():
            named: list[tuple[type[Record], str]] = [(Vpc, record.vpc_id)]
        case InternetGateway():
            named = [(Vpc, record.vpc_id)]
        case Route():
            named = [(RouteTable, record.route_table_id), (InternetGateway, record.gateway_id)]
            named += [(NatGateway, record.nat_gateway_id)]
        case RouteTableAssociation():
            named = [(RouteTable, record.route_table_id), (Subnet, record.subnet_id)]
        case SecurityGroupRule():
            groups = (record.security_group_id, record.referenced_security_group_id)
            named = [(PrefixList, record.prefix_list_id), *((SecurityGroup, group) for group in groups)]
        case Instance():
            named = [(Subnet, record.subnet_id), (KeyPair, record.key_name)]
            named += [(SecurityGroup, group) for group in record.security_group_ids]
        case EipAssociation():
            named = [(Eip, record.allocation_id), (Instance, record.instance_id)]
        case NatGateway():
            named = [(Subnet, record.subnet_id), (Eip, record.allocation_id)]
        case VpcEndpoint():
            named = [(Vpc, record.vpc_id), *((RouteTable, table) for table in record.route_table_ids)]
        case LoadBalancer():
            named = [(Subnet, subnet) for subnet in record.subnet_ids]
            named += [(SecurityGroup, group) for group in record.security_group_ids]
        case TargetGroup():
            named = [(Vpc, record.vpc_id)]
        case Listener():
            named = [(LoadBalancer, record.load_balancer_arn), (TargetGroup, record.target_group_arn)]
        case TargetGroupAttachment():
            named = [(TargetGroup, record.target_group_arn)]
        case RolePolicy() | InstanceProfile():
            named = [(Role, record.role)]
        case BucketVersioning() | BucketPublicAccessBlock() | BucketPolicy() | BucketLifecycle() | BucketEncryption():
            named = [(Bucket, record.id)]
        case VolumeAttachment():
            named = [(Volume, record.volume_id), (Instance, record.instance_id)]
        case _:
            named = []
    return [(kind, record_id) for kind, record_id in named if record_id]


def check_references(store: Store, record: Record) -> None:
    """Refuse a record that names one which does not exist.

    Raises:
        AwsError: InvalidVpcID.NotFound and its like.
    """
    for kind, record_id in references(record):
        if store.find(kind, record_id) is None:
            raise not_found(kind, record_id)


def vpc_of(store: Store, record: Record) -> str:
    """Return the id of the VPC whose network a record is part of; "" if it is part of none."""
    if isinstance(record, Vpc):
        return record.id
    if isinstance(record, Subnet | RouteTable | SecurityGroup | InternetGateway | VpcEndpoint | TargetGroup):
        return record.vpc_id
    parts = (RouteTable, SecurityGroup, Subnet, Instance, LoadBalancer, TargetGroup)
    for kind, record_id in references(record):
        if kind in parts and (referenced := store.find(kind, record_id)):
            return vpc_of(store, referenced)
    return ""


_USERS: tuple[type[Record], ...] = (
    Subnet,
    InternetGateway,
    RouteTable,
    SecurityGroup,
    Route,
    RouteTableAssociation,
    SecurityGroupRule,
    Instance,
    EipAssociation,
    NatGateway,
    VpcEndpoint,
    LoadBalancer,
    TargetGroup,
    Listener,
    TargetGroupAttachment,
    RolePolicy,
    InstanceProfile,
    BucketVersioning,
    BucketPublicAccessBlock,
    BucketPolicy,
    BucketLifecycle,
    BucketEncryption,
)


def goes_with(store: Store, record: Record) -> list[Record]:
    """Return the records that AWS deletes together with `record`.

    Raises:
        AwsError: DependencyViolation or InvalidIPAddress.InUse: something else holds on to it.
    """
    users: list[Record] = [
        user for kind in _USERS for user in store.all(kind) if (type(record), record.id) in references(user)
    ]
    match record:
        case Vpc():
            born = [user for user in users if _born_with_vpc(user)]
            if len(born) < len(users):
                raise _violation(f"The vpc '{record.id}' has dependencies and cannot be deleted.")
            followers = [follower for item in born for follower in goes_with(store, item)]
            return [*born, *(follower for follower in followers if follower not in born)]
        case Subnet() if any(isinstance(user, Instance | NatGateway | LoadBalancer) for user in users):
            raise _violation(f"The subnet '{record.id}' has dependencies and cannot be deleted.")
        case RouteTable() if any(isinstance(user, RouteTableAssociation) for user in users):
            raise _violation(f"The routeTable '{record.id}' has dependencies and cannot be deleted.")
        case RouteTable():
            return [user for user in users if isinstance(user, Route)]  # an endpoint is for its other tables
        case TargetGroup() if any(isinstance(user, Listener) for user in users):
            raise AwsError("ResourceInUse", f"Target group '{record.id}' is currently in use by a listener or a rule")
        case Role() if any(isinstance(user, InstanceProfile) for user in users):
            raise AwsError("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
        case SecurityGroup():
            own = [user for user in users if _rule_of(user, record)]
            if len(own) < len(users):
                raise _violation(f"resource {record.id} has a dependent object")
            return own
        case InternetGateway() if record.vpc_id and _mapped_addresses(store, record.vpc_id):
            raise _violation(
                f"Network {record.vpc_id} has some mapped public address(es). Please unmap those public "
                "address(es) before detaching the gateway."
            )
        case PrefixList() if users:
            raise _violation(f"Prefix list {record.id} is in use: remove all references to it first.")
        case Eip() if users:
            raise AwsError("InvalidIPAddress.InUse", f"Address {record.public_ip} is in use.")
        case KeyPair() | InternetGateway() | NatGateway():
            return []  # instances keep the key they booted with; a route to a gone gateway leads nowhere
    return users


def _violation(message: str) -> AwsError:
    return AwsError("DependencyViolation", message)


def _born_with_vpc(record: Record) -> bool:
    return (isinstance(record, RouteTable) and record.main) or (
        isinstance(record, SecurityGroup) and record.name == "default"
    )


def _rule_of(record: Record, group: SecurityGroup) -> bool:
    return isinstance(record, SecurityGroupRule) and record.security_group_id == group.id


def _mapped_addresses(store: Store, vpc_id: str) -> bool:
    elastic = {association.instance_id for association in store.all(EipAssociation)}
    mapped: list[Record] = [record for record in store.all(Instance) if record.auto_public_ip or record.id in elastic]
    mapped += store.all(NatGateway)
    return any(vpc_of(store, record) == vpc_id for record in mapped)
