"""Instances and their key pairs."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import ClassVar, cast

from lab.aws.addresses import network_interface_id, public_dns
from lab.aws.network import REGION, TAGS
from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import catalog, rules
from lab.cloud.model import Instance, KeyPair, Record, Subnet, Vpc
from lab.cloud.rules import AwsError


class KeyPairType(ResourceType):
    """aws.ec2.KeyPair."""

    urn_type = "aws:ec2/keyPair:KeyPair"
    kind = KeyPair
    auto_name = "keyName"
    auto_name_prefix = "keyNamePrefix"
    properties: ClassVar = {
        "publicKey": Property(required=True, replaces=True),
        "keyName": Property(replaces=True),
        "keyNamePrefix": Property(replaces=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "fingerprint", "keyPairId", "keyType")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a key that is no OpenSSH public key."""
        if "publicKey" in inputs:
            yield from attempt("publicKey", rules.key_fingerprint, inputs["publicKey"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> KeyPair:
        """Return the key pair that inputs ask for; its id is its name."""
        name, key = inputs["keyName"], inputs["publicKey"]
        existing = cloud.ec2.store.find(KeyPair, record_id) if record_id else None
        pair_id = existing.key_pair_id if existing else ""
        return KeyPair(name, key, rules.key_fingerprint(key), pair_id)

    def inputs(self, record: KeyPair) -> Values:
        """Return the inputs that a key pair tells of itself."""
        return {"keyName": record.id, "publicKey": record.public_key}

    def outputs(self, cloud: Cloud, record: KeyPair) -> Values:
        """Return what EC2 adds to a key pair."""
        return {
            "arn": cloud.arn(f"key-pair/{record.id}"),
            "fingerprint": record.fingerprint,
            "keyPairId": record.key_pair_id,
            "keyType": "ed25519" if record.public_key.startswith("ssh-ed25519") else "rsa",
        }


_KEPT = {
    "creditSpecification": Property(
        "object",
        computed=True,
        fields=frozenset({"cpuCredits"}),
        without_effect="a lab's CPUs have no credits",
    ),
    "ebsOptimized": Property("bool", replaces=True, computed=True, without_effect="as fast as this machine's disk"),
    "iamInstanceProfile": Property(computed=True),
    "maintenanceOptions": Property(
        "object",
        computed=True,
        fields=frozenset({"autoRecovery"}),
        without_effect="AWS's own maintenance",
    ),
    "metadataOptions": Property(
        "object",
        computed=True,
        fields=frozenset(
            {"httpEndpoint", "httpProtocolIpv6", "httpPutResponseHopLimit", "httpTokens", "instanceMetadataTags"}
        ),
    ),
    "monitoring": Property("bool", computed=True, without_effect="a lab has no CloudWatch"),
    "volumeTags": Property("map", without_effect="a lab's root volumes are no resources"),
}
_ROOT_VOLUME_FIELDS = frozenset(
    {
        *("deleteOnTermination", "deviceName", "encrypted", "iops", "kmsKeyId", "tags", "tagsAll", "throughput"),
        *("volumeId", "volumeSize", "volumeType"),
    }
)
_ROOT_VOLUME = {"volumeType": "gp3", "encrypted": False, "deleteOnTermination": True}
"""What Ubuntu's images ask for, where nothing else is said."""
_STOPS = {"userData", "userDataBase64", "instanceType"}
"""Properties whose update stops the instance and starts it again, with another public address."""


class InstanceType(ResourceType):
    """aws.ec2.Instance: a host."""

    urn_type = "aws:ec2/instance:Instance"
    kind = Instance
    prefix = "i"
    properties: ClassVar = {
        "ami": Property(required=True, replaces=True),
        "instanceType": Property(required=True),
        "subnetId": Property(required=True, replaces=True),
        "associatePublicIpAddress": Property("bool", replaces=True, computed=True),
        "availabilityZone": Property(replaces=True, computed=True),
        "disableApiStop": Property("bool", computed=True),
        "disableApiTermination": Property("bool", computed=True),
        "forceDestroy": Property("bool", default=False),
        "getPasswordData": Property("bool", default=False, only=(False,)),
        "hibernation": Property("bool", only=(False,), replaces=True),
        "instanceInitiatedShutdownBehavior": Property(only=("stop",), computed=True),
        "keyName": Property(replaces=True, computed=True),
        "privateIp": Property(replaces=True, computed=True),
        "rootBlockDevice": Property("object", computed=True, fields=_ROOT_VOLUME_FIELDS),
        "sourceDestCheck": Property("bool", default=True, only=(True,)),
        "tenancy": Property(only=("default",), replaces=True, computed=True),
        "userData": Property(),
        "userDataBase64": Property(),
        "userDataReplaceOnChange": Property("bool", default=False),
        "vpcSecurityGroupIds": Property("strings", computed=True),
        "region": REGION,
        "tags": TAGS,
        **_KEPT,
    }
    computed = (
        "arn",
        "associatePublicIpAddress",
        "availabilityZone",
        "disableApiTermination",
        "instanceState",
        "keyName",
        "primaryNetworkInterfaceId",
        "privateDns",
        "privateIp",
        "publicDns",
        "publicIp",
        "rootBlockDevice",
        "vpcSecurityGroupIds",
    )

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield images, types, user data and volumes that AWS refuses."""
        if "ami" in inputs:
            yield from attempt("ami", catalog.image_architecture, inputs["ami"])
        if "instanceType" in inputs:
            yield from attempt("instanceType", catalog.instance_type, inputs["instanceType"])
        if "userData" in inputs and "userDataBase64" in inputs:
            yield Failure("userData", "property userData conflicts with userDataBase64")
        if "volumeTags" in inputs and "tags" in inputs.get("rootBlockDevice", {}):
            yield Failure("volumeTags", "property volumeTags conflicts with rootBlockDevice.tags")
        for name in ("userData", "userDataBase64"):
            if name in inputs:
                yield from attempt(name, lambda: rules.check_user_data(user_data(inputs).encode()))

    def replacing(self, old: Values, new: Values) -> set[str]:
        """Return user data where it is to replace, a type of another architecture, the root volume's encryption."""
        names = {"rootBlockDevice.encrypted", "rootBlockDevice.kmsKeyId"}
        if new.get("userDataReplaceOnChange") is True:
            names |= {"userData", "userDataBase64"}
        types = [catalog.INSTANCE_TYPES.get(str(inputs.get("instanceType"))) for inputs in (old, new)]
        if types[0] and types[1] and types[0].architecture != types[1].architecture:
            names.add("instanceType")
        return names

    def volatile(self, cloud: Cloud, record_id: str, changed: set[str]) -> tuple[str, ...]:
        """Return the public address if the instance will be stopped and has no Elastic IP."""
        instance = cloud.ec2.store.find(Instance, record_id)
        moves = instance is not None and bool(instance.auto_public_ip) and bool(changed & _STOPS)
        return ("publicIp", "publicDns") if moves else ()

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Instance:
        """Return the instance that inputs ask for; what they leave open, EC2 decides."""
        existing = cloud.ec2.store.find(Instance, record_id) if record_id else None
        subnet = cloud.ec2.store.find(Subnet, inputs["subnetId"])
        zone = inputs.get("availabilityZone")
        if zone and subnet and zone != subnet.availability_zone:
            raise AwsError(
                "InvalidParameterValue",
                f"The availability zone '{zone}' does not match the one of subnet '{subnet.id}'",
            )
        public = inputs.get("associatePublicIpAddress", bool(subnet and subnet.map_public_ip_on_launch))
        size = existing.root_volume_gib if existing else 8
        volume = inputs.get("rootBlockDevice", {}).get("volumeSize", size)
        if existing and volume < size:
            raise AwsError("InvalidParameterValue", f"New size cannot be smaller than existing size {size}")
        protected = inputs.get("disableApiTermination", bool(existing and existing.disable_api_termination))
        return Instance(
            id=record_id,
            subnet_id=inputs["subnetId"],
            ami=inputs["ami"],
            instance_type=inputs["instanceType"],
            private_ip=existing.private_ip if existing else inputs.get("privateIp", ""),
            security_group_ids=self._groups(inputs, existing),
            wants_public_ip=existing.wants_public_ip if existing else public,
            key_name=inputs.get("keyName", existing.key_name if existing else ""),
            user_data=user_data(inputs),
            disable_api_termination=protected,
            root_volume_gib=volume,
            options=self._options(inputs, existing.options if existing else {}),
        )

    def _options(self, inputs: Values, before: Values) -> Values:
        """Return what is kept and shown: what is given, and of what is not, that which EC2 goes on with."""
        kept = {name: value for name, value in before.items() if self.properties[name].computed}
        given = {name: inputs[name] for name in ("rootBlockDevice", "disableApiStop", *_KEPT) if name in inputs}
        for name in set(kept) & set(given):
            if self.properties[name].kind == "object":
                given[name] = {**{field: old for field, old in kept[name].items() if field != "tags"}, **given[name]}
        return {**kept, **given}

    def _groups(self, inputs: Values, existing: Instance | None) -> tuple[str, ...]:
        if "vpcSecurityGroupIds" in inputs:
            return tuple(sorted(inputs["vpcSecurityGroupIds"]))
        return existing.security_group_ids if existing else ()

    def create(self, cloud: Cloud, instance: Instance) -> Record:
        """Launch the instance."""
        return cloud.ec2.run(instance)

    def update(self, cloud: Cloud, instance: Instance, changed: set[str]) -> Record:
        """Change the instance, stopping and starting it if it must."""
        return cloud.ec2.modify(instance, restart=bool(changed & _STOPS))

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Terminate the instance."""
        cloud.ec2.terminate(record_id, force=bool(inputs.get("forceDestroy")))

    def find(self, cloud: Cloud, record_id: str) -> Record | None:
        """Return the instance, or None if its host is gone, whatever the records say."""
        return cloud.ec2.find_instance(record_id)

    def inputs(self, record: Instance) -> Values:
        """Return the inputs that an instance tells of itself."""
        return {
            "ami": record.ami,
            "instanceType": record.instance_type,
            "subnetId": record.subnet_id,
            "privateIp": record.private_ip,
            "vpcSecurityGroupIds": list(record.security_group_ids),
            "keyName": record.key_name or None,
            "userData": record.user_data or None,
            "userDataBase64": base64.b64encode(record.user_data.encode()).decode() or None,
            "disableApiTermination": record.disable_api_termination,
            **record.options,
        }

    def outputs(self, cloud: Cloud, record: Instance) -> Values:
        """Return what EC2 adds to an instance; names only in a VPC with DNS hostnames."""
        subnet = cloud.ec2.store.get(Subnet, record.subnet_id)
        has_names = cloud.ec2.store.get(Vpc, subnet.vpc_id).enable_dns_hostnames
        public = cloud.ec2.public_ip(record)
        private_dns = f"ip-{record.private_ip.replace('.', '-')}.{_domain(cloud.region)}"
        volume = cast(Values, record.options.get("rootBlockDevice", {}))
        return {
            "arn": cloud.arn(f"instance/{record.id}"),
            **record.options,
            "rootBlockDevice": {**_ROOT_VOLUME, "volumeSize": record.root_volume_gib, **volume},
            "associatePublicIpAddress": bool(public),
            "availabilityZone": subnet.availability_zone,
            "disableApiTermination": record.disable_api_termination,
            "instanceState": cloud.ec2.plane.state(record.id),
            "keyName": record.key_name or None,
            "primaryNetworkInterfaceId": network_interface_id(record.id),
            "privateDns": private_dns if has_names else "",
            "privateIp": record.private_ip,
            "publicDns": public_dns(cloud, public) if has_names else "",
            "publicIp": public,
            "vpcSecurityGroupIds": list(record.security_group_ids),
        }


def _domain(region: str) -> str:
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def user_data(inputs: Values) -> str:
    """Return the user data of an instance's inputs, decoded.

    Raises:
        AwsError: it is not base64, or it is not text, which a lab cannot hand to cloud-init.
    """
    if "userDataBase64" not in inputs:
        return str(inputs.get("userData", ""))
    try:
        return base64.b64decode(inputs["userDataBase64"], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as fault:
        raise AwsError("InvalidUserData.Malformed", f"Invalid BASE64 encoding of text user data: {fault}") from None
