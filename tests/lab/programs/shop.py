"""A host of another team's, beside the stack's client host, which reaches the group as docs/outputs.md tells it."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.host.remote import SshRoute, Target
from components.mysql.application_proxy import MySqlProxy
from lab.cloud.model import Instance, KeyPair, Subnet
from lab.cloud.store import Store
from lab.machine import slots
from lab.settings import Lab
from stack_outputs.reader import StackOutputs
from tests import PROJECT_ROOT

config = pulumi.Config()
lab = Lab.named(config.require("lab"), PROJECT_ROOT)
store = Store(lab.cloud)
client = next(one for one in store.all(Instance) if one.tags.get("Name", "").endswith("client-1"))
subnet = store.get(Subnet, client.subnet_id)
key = next(iter(store.all(KeyPair)))

group = aws.ec2.SecurityGroup("shop", vpc_id=subnet.vpc_id, description="shop", tags={"Name": "shop"})
aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
aws.vpc.SecurityGroupIngressRule(
    "ssh",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    cidr_ipv4=f"{slots.claim(lab).machine_address}/32",
)
instance = aws.ec2.Instance(
    "shop",
    ami=client.ami,
    instance_type="t3.micro",
    subnet_id=subnet.id,
    associate_public_ip_address=True,
    vpc_security_group_ids=[group.id],
    key_name=key.id,
    user_data="#cloud-config\n{}\n",
    tags={"Name": "shop"},
    opts=pulumi.ResourceOptions(ignore_changes=["keyName"]),
)
if config.get_bool("proxied"):
    pair = StackOutputs(pulumi.StackReference(f"organization/mysql-pair/{lab.name}"))
    private_key = pulumi.Output.secret(lab.operator_key.read_text())
    MySqlProxy(
        "shop-mysql",
        {
            "target": Target("shop", SshRoute(instance.public_ip, private_key=private_key), instance.id, instance),
            "mysql_host": pair.mysql_host,
            "server_names": pair.server_names,
            "server_private_ips": pair.server_private_ips,
            "mysql_port": pair.mysql_port,
            "mysql_ca_certificate": pair.mysql_ca_certificate,
        },
    )
pulumi.export("group_id", group.id)
pulumi.export("private_ip", instance.private_ip)
pulumi.export("public_ip", instance.public_ip)
