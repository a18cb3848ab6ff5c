"""A VPC, and one instance in it that its operator reaches by ssh."""

import ipaddress

import pulumi
import pulumi_aws as aws

IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
USER_DATA = """\
#cloud-config
write_files:
  - path: /etc/motd
    content: Made by a Pulumi program.
"""

config = pulumi.Config()
vpc_cidr = config.require("vpcCidr")
first_subnet = next(ipaddress.ip_network(vpc_cidr).subnets(new_prefix=24))

vpc = aws.ec2.Vpc("vpc", cidr_block=vpc_cidr)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=str(first_subnet))
routes = aws.ec2.RouteTable("routes", vpc_id=vpc.id)
aws.ec2.Route("out", route_table_id=routes.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
aws.ec2.RouteTableAssociation("routes-of-subnet", subnet_id=subnet.id, route_table_id=routes.id)

group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, description="instance of tiny")
aws.vpc.SecurityGroupIngressRule(
    "ssh",
    security_group_id=group.id,
    ip_protocol="tcp",
    from_port=22,
    to_port=22,
    cidr_ipv4=config.require("operatorCidr"),
)

key = aws.ec2.KeyPair("operator", public_key=config.require("sshPublicKey"))
instance = aws.ec2.Instance(
    "instance",
    ami=aws.ssm.get_parameter_output(name=IMAGE).value,
    instance_type="t3.micro",
    subnet_id=subnet.id,
    associate_public_ip_address=True,
    vpc_security_group_ids=[group.id],
    key_name=key.key_name,
    user_data=USER_DATA,
    tags={"Name": "tiny"},
)
pulumi.export("public_ip", instance.public_ip)
