"""Who may reach what: the security groups of server, clients and jump host, with every rule a resource of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.component import Component, tags
from scripts.host.constants import MYSQL_PORT, SSH_PORT

IN, OUT = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
PACKAGE_PORTS = (80, 443)
"""apt's http and https; DNS and time on AWS are not subject to security groups."""


class EgressArgs(TypedDict):
    """A way out beyond packages and MySQL."""

    cidr: Annotated[str, checks.ipv4_range]
    protocol: Annotated[str, checks.protocol]
    """tcp or udp."""
    from_port: Annotated[int, checks.port_or_zero]
    to_port: Annotated[int, checks.port_or_zero]


class ReachArgs(TypedDict):
    """Who may reach what; config says it."""

    operator_cidrs: Sequence[Annotated[str, checks.operator_range]]
    """IPv4 ranges that may ssh to public hosts."""
    operator_group_ids: NotRequired[Sequence[Annotated[str, checks.security_group_id]]]
    """Security groups that may ssh to every host: a bastion's, an Instance Connect Endpoint's."""
    server_public: NotRequired[bool]
    """Whether operators ssh to the server themselves."""
    jump_to_server: NotRequired[bool]
    """Whether the server is reached through the jump host."""
    jump_to_clients: NotRequired[bool]
    """Whether there are clients that are reached through the jump host."""
    mysql_ports: NotRequired[Sequence[Annotated[int, checks.port]]]
    """TCP ports that clients reach the server on; 3306 if not given."""
    admitted_group_ids: NotRequired[Sequence[Annotated[str, checks.security_group_id]]]
    """Security groups of other applications that may reach MySQL too."""
    extra_egress: NotRequired[Sequence[EgressArgs]]
    """Ways out of every host."""


class FirewallArgs(ReachArgs):
    """What a Firewall is made from."""

    vpc_id: Annotated[pulumi.Input[str], checks.vpc_id]
    """The VPC that all groups belong to."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every group, besides its name."""


class Firewall(Component):
    """MySQL's port from the clients' group to the server's and from nowhere else; ssh from operators or by jump.

    Type: mysql-pair:index:Firewall. Makes: aws.ec2.SecurityGroup for server, clients and jump host, and their
    aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule. Rules name *groups*: one that named a client's
    public address would not match traffic between private ones, and their number does not grow with the hosts.
    """

    server_group_id: pulumi.Output[str]
    """The id of the server's security group."""
    client_group_id: pulumi.Output[str]
    """The id of the security group whose members may reach MySQL."""
    jump_group_id: pulumi.Output[str]
    """The id of the security group whose member may ssh to private hosts."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the groups and their rules.

        Raises:
            InvalidArgsError: with every fault of the args.
        """
        self.refuse(name, args_faults(FirewallArgs, args))
        super().__init__(name, opts)
        self._args = args
        server = self._group("server", "MySQL server")
        client = self._group("client", "MySQL client")
        jump = self._group("jump", "ssh to private hosts")
        for group, label in ((server, "server"), (client, "client")):
            self._ways_out(group, label)
            is_dialled = label == "client" or args.get("server_public", False)
            self._ssh_from_operators(group, label, args["operator_cidrs"] if is_dialled else ())
        if args.get("jump_to_server"):
            self._ssh_by_jump(jump, server, "server")
        if args.get("jump_to_clients"):
            self._ssh_by_jump(jump, client, "client")
        self._mysql(client, server)
        self.server_group_id = server.id
        self.client_group_id = client.id
        self.jump_group_id = jump.id
        self.end()

    def _group(self, label: str, description: str) -> aws.ec2.SecurityGroup:
        name = f"{self.name}-{label}"
        return aws.ec2.SecurityGroup(
            name,
            vpc_id=self._args["vpc_id"],
            description=description,
            tags=tags(name, self._args.get("tags")),
            opts=self.child(),
        )

    def _mysql(self, client: aws.ec2.SecurityGroup, server: aws.ec2.SecurityGroup) -> None:
        for number, port in enumerate(self._args.get("mysql_ports", (MYSQL_PORT,))):
            label = "mysql" if number == 0 else f"mysql-{number + 1}"
            self._rule(IN, f"server-{label}-from-client", server, port, "MySQL from the clients", group=client.id)
            self._rule(OUT, f"client-{label}-to-server", client, port, "MySQL to the server", group=server.id)
            for admitted in self._args.get("admitted_group_ids", ()):
                self._rule(IN, f"server-{label}-from-{admitted}", server, port, "MySQL from an application", admitted)

    def _ssh_from_operators(self, group: aws.ec2.SecurityGroup, label: str, cidrs: Sequence[str]) -> None:
        for cidr in cidrs:
            self._rule(IN, f"{label}-ssh-from-{cidr}", group, SSH_PORT, "ssh from an operator", cidr=cidr)
        for operator in self._args.get("operator_group_ids", ()):
            self._rule(IN, f"{label}-ssh-from-{operator}", group, SSH_PORT, "ssh from an operator", group=operator)

    def _ssh_by_jump(self, jump: aws.ec2.SecurityGroup, to: aws.ec2.SecurityGroup, label: str) -> None:
        self._rule(IN, f"{label}-ssh-from-jump", to, SSH_PORT, "ssh from the jump host", group=jump.id)
        self._rule(OUT, f"jump-ssh-to-{label}", jump, SSH_PORT, "ssh to private hosts", group=to.id)

    def _ways_out(self, group: aws.ec2.SecurityGroup, label: str) -> None:
        for port in PACKAGE_PORTS:
            self._rule(OUT, f"{label}-packages-{port}", group, port, "packages", cidr="0.0.0.0/0")
        for way in self._args.get("extra_egress", ()):
            first, last, protocol, cidr = way["from_port"], way["to_port"], way["protocol"], way["cidr"]
            name = f"{label}-extra-{protocol}-{first}-{last}-to-{cidr}"
            self._rule(OUT, name, group, first, "asked for by config", cidr=cidr, to_port=last, protocol=protocol)

    def _rule(
        self,
        kind: type[aws.vpc.SecurityGroupIngressRule] | type[aws.vpc.SecurityGroupEgressRule],
        name: str,
        of: aws.ec2.SecurityGroup,
        port: int,
        why: str,
        group: pulumi.Input[str] | None = None,
        cidr: str | None = None,
        to_port: int | None = None,
        protocol: str = "tcp",
    ) -> None:
        """Register one rule of a group, for one peer: another group or a range."""
        kind(
            f"{self.name}-{name}",
            security_group_id=of.id,
            referenced_security_group_id=group,
            cidr_ipv4=cidr,
            ip_protocol=protocol,
            from_port=port,
            to_port=to_port or port,
            description=why,
            opts=self.child(),
        )
