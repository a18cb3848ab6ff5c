"""Elastic IPs, and what holds one: instances and NAT gateways."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

from typing import ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import Cloud, Property, ResourceType
from lab.aws.wire import Values
from lab.cloud.model import Eip, EipAssociation, Instance, NatGateway


class EipType(ResourceType):
    """aws.ec2.Eip."""

    urn_type = "aws:ec2/eip:Eip"
    kind = Eip
    prefix = "eipalloc"
    properties: ClassVar = {
        "domain": Property(default="vpc", only=("vpc",), replaces=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("allocationId", "arn", "associationId", "instance", "privateIp", "publicDns", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Eip:
        """Return the address that inputs ask for; which it is, EC2 decides."""
        existing = cloud.ec2.store.find(Eip, record_id) if record_id else None
        return Eip(record_id, existing.public_ip if existing else "")

    def inputs(self, record: Eip) -> Values:
        """Return the inputs that an address tells of itself."""
        return {"domain": "vpc"}

    def outputs(self, cloud: Cloud, record: Eip) -> Values:
        """Return the address, and whose it is."""
        store = cloud.ec2.store
        association = next((item for item in store.all(EipAssociation) if item.allocation_id == record.id), None)
        instance = store.find(Instance, association.instance_id) if association else None
        gateway = next((item for item in store.all(NatGateway) if item.allocation_id == record.id), None)
        association_id = _nat_association_id(gateway) if gateway else association.id if association else ""
        holder = gateway or instance
        return {
            "allocationId": record.id,
            "arn": cloud.arn(f"elastic-ip/{record.id}"),
            "publicIp": record.public_ip,
            "publicDns": public_dns(cloud, record.public_ip),
            "associationId": association_id,
            "instance": instance.id if instance else "",
            "privateIp": holder.private_ip if holder else "",
        }


def public_dns(cloud: Cloud, address: str) -> str:
    """Return the name AWS gives a public address; a lab's DNS does not resolve it."""
    zone = "compute-1" if cloud.region == "us-east-1" else f"{cloud.region}.compute"
    return f"ec2-{address.replace('.', '-')}.{zone}.amazonaws.com" if address else ""


class EipAssociationType(ResourceType):
    """aws.ec2.EipAssociation with an instance."""

    urn_type = "aws:ec2/eipAssociation:EipAssociation"
    kind = EipAssociation
    prefix = "eipassoc"
    properties: ClassVar = {
        "allocationId": Property(required=True, replaces=True),
        "instanceId": Property(required=True, replaces=True),
        "allowReassociation": Property("bool", replaces=True),
        "region": REGION,
    }
    computed = ("networkInterfaceId", "privateIpAddress", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> EipAssociation:
        """Return the association that inputs ask for."""
        return EipAssociation(record_id, inputs["allocationId"], inputs["instanceId"])

    def find(self, cloud: Cloud, record_id: str) -> EipAssociation | None:
        """Return the association, or None if its instance's host is gone, with which EC2 ends it."""
        record = cloud.ec2.store.find(EipAssociation, record_id)
        return record if record and cloud.ec2.has_host(record.instance_id) else None

    def inputs(self, record: EipAssociation) -> Values:
        """Return the inputs that an association tells of itself."""
        return {"allocationId": record.allocation_id, "instanceId": record.instance_id}

    def outputs(self, cloud: Cloud, record: EipAssociation) -> Values:
        """Return the two addresses that belong together."""
        instance = cloud.ec2.store.get(Instance, record.instance_id)
        return {
            "networkInterfaceId": network_interface_id(instance.id),
            "privateIpAddress": instance.private_ip,
            "publicIp": cloud.ec2.store.get(Eip, record.allocation_id).public_ip,
        }


class NatGatewayType(ResourceType):
    """aws.ec2.NatGateway to the internet."""

    urn_type = "aws:ec2/natGateway:NatGateway"
    kind = NatGateway
    prefix = "nat"
    properties: ClassVar = {
        "allocationId": Property(required=True, replaces=True),
        "subnetId": Property(required=True, replaces=True),
        "connectivityType": Property(default="public", only=("public",), replaces=True),
        "privateIp": Property(replaces=True, computed=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("associationId", "networkInterfaceId", "privateIp", "publicIp")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> NatGateway:
        """Return the gateway that inputs ask for; its private address is EC2's to give where they name none."""
        existing = cloud.ec2.store.find(NatGateway, record_id) if record_id else None
        address = existing.private_ip if existing else inputs.get("privateIp", "")
        return NatGateway(record_id, inputs["subnetId"], inputs["allocationId"], address)

    def inputs(self, record: NatGateway) -> Values:
        """Return the inputs that a gateway tells of itself."""
        return {
            "allocationId": record.allocation_id,
            "subnetId": record.subnet_id,
            "connectivityType": "public",
            "privateIp": record.private_ip,
        }

    def outputs(self, cloud: Cloud, record: NatGateway) -> Values:
        """Return the addresses that a gateway was given."""
        return {
            "associationId": _nat_association_id(record),
            "networkInterfaceId": network_interface_id(record.id),
            "privateIp": record.private_ip,
            "publicIp": cloud.ec2.store.get(Eip, record.allocation_id).public_ip,
        }


def _nat_association_id(gateway: NatGateway) -> str:
    return f"eipassoc-{gateway.id.removeprefix('nat-')}"


def network_interface_id(holder_id: str) -> str:
    """Return the id of an instance's or a NAT gateway's network interface, which has no record of its own."""
    return f"eni-{holder_id.partition('-')[2]}"
