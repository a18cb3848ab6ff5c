"""Who may reach what: the two security groups of the pair, with every rule a resource of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from components.naming import tags

MYSQL_PORT = 3306
SSH_PORT = 22
PACKAGE_PORTS = (80, 443)
"""apt's http and https; DNS and time on AWS are not subject to security groups."""


class FirewallArgs(TypedDict):
    """What a Firewall is made from."""

    vpc_id: pulumi.Input[str]
    """The VPC both groups belong to."""
    operator_cidrs: Sequence[str]
    """IPv4 ranges that may ssh to the hosts."""


class Firewall(pulumi.ComponentResource):
    """Port 3306 from the client's group to the server's and from nowhere else; ssh from the operators.

    Type: mysql-pair:index:Firewall. Makes: two aws.ec2.SecurityGroup, and their
    aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule. Rules name the client's *group*: one that
    named its public address would not match traffic between private ones.
    """

    server_group_id: pulumi.Output[str]
    """The id of the server's security group."""
    client_group_id: pulumi.Output[str]
    """The id of the security group whose members may reach MySQL."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the groups and their rules."""
        super().__init__("mysql-pair:index:Firewall", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        server = self._group(f"{name}-server", "MySQL server", args)
        client = self._group(f"{name}-client", "MySQL client", args)
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-server-mysql-from-client",
            security_group_id=server.id,
            referenced_security_group_id=client.id,
            ip_protocol="tcp",
            from_port=MYSQL_PORT,
            to_port=MYSQL_PORT,
            description="MySQL from the clients",
            opts=self._child,
        )
        aws.vpc.SecurityGroupEgressRule(
            f"{name}-client-mysql-to-server",
            security_group_id=client.id,
            referenced_security_group_id=server.id,
            ip_protocol="tcp",
            from_port=MYSQL_PORT,
            to_port=MYSQL_PORT,
            description="MySQL to the server",
            opts=self._child,
        )
        self.server_group_id = server.id
        self.client_group_id = client.id
        self.register_outputs({"server_group_id": self.server_group_id, "client_group_id": self.client_group_id})

    def _group(self, name: str, role: str, args: FirewallArgs) -> aws.ec2.SecurityGroup:
        """Register one group with what both have: ssh in from the operators, packages out."""
        group = aws.ec2.SecurityGroup(name, vpc_id=args["vpc_id"], description=role, tags=tags(name), opts=self._child)
        for cidr in args["operator_cidrs"]:
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-ssh-from-{cidr}",
                security_group_id=group.id,
                cidr_ipv4=cidr,
                ip_protocol="tcp",
                from_port=SSH_PORT,
                to_port=SSH_PORT,
                description="ssh from an operator",
                opts=self._child,
            )
        for port in PACKAGE_PORTS:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-packages-{port}",
                security_group_id=group.id,
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                description="packages",
                opts=self._child,
            )
        return group
