"""A third host beside the client, and the rules on the server's group that its config asks for."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from lab.cloud.model import Instance, KeyPair, Subnet
from lab.cloud.store import Store
from lab.machine import slots
from lab.settings import Lab
from tests import PROJECT_ROOT

config = pulumi.Config()
lab = Lab.named(config.require("lab"), PROJECT_ROOT)
store = Store(lab.cloud)
server = next(one for one in store.all(Instance) if one.tags.get("Name", "").endswith("server"))
client = next(one for one in store.all(Instance) if one.tags.get("Name", "").endswith("client-1"))
subnet = store.get(Subnet, client.subnet_id)
key = next(iter(store.all(KeyPair)))

group = aws.ec2.SecurityGroup("group", vpc_id=subnet.vpc_id, description="third host", tags={"Name": "third"})
aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
aws.vpc.SecurityGroupIngressRule(
    "ssh",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    cidr_ipv4=f"{slots.claim(lab).machine_address}/32",
)
subnets = aws.ec2.ManagedPrefixList(
    "subnets", address_family="IPv4", max_entries=2, name="third", entries=[{"cidr": subnet.cidr_block}]
)
PEERS: dict[str, dict[str, Any]] = {
    "group": {"referenced_security_group_id": group.id},
    "group of an account": {"referenced_security_group_id": pulumi.Output.concat(group.owner_id, "/", group.id)},
    "prefix list": {"prefix_list_id": subnets.id},
}
for peer in config.get_object("admitted") or []:
    aws.vpc.SecurityGroupIngressRule(
        f"mysql-{peer.replace('/', '-').replace(' ', '-')}",
        security_group_id=server.security_group_ids[0],
        ip_protocol="tcp",
        from_port=3306,
        to_port=3306,
        **PEERS.get(peer, {"cidr_ipv4": peer}),
    )
host = aws.ec2.Instance(
    "third",
    ami=server.ami,
    instance_type="t3.micro",
    subnet_id=subnet.id,
    associate_public_ip_address=True,
    vpc_security_group_ids=[group.id],
    key_name=key.id,
    user_data="#cloud-config\n{}\n",
    tags={"Name": "third"},
    opts=pulumi.ResourceOptions(ignore_changes=["keyName"]),
)
pulumi.export("instance_id", host.id)
pulumi.export("group_id", group.id)
pulumi.export("private_ip", host.private_ip)
pulumi.export("public_ip", host.public_ip)
