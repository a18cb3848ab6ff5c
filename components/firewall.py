"""Who may reach what: the security groups of server, clients and jump host, with every rule a resource of its own."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.component import Component, tags
from scripts.host.constants import GROUP_PORT, MYSQL_PORT, READ_PORT_STEP, ROLE_PORT, SSH_PORT

IN, OUT = aws.vpc.SecurityGroupIngressRule, aws.vpc.SecurityGroupEgressRule
Rule = aws.vpc.SecurityGroupIngressRule | aws.vpc.SecurityGroupEgressRule
PACKAGE_PORTS = (80, 443)
"""apt's http and https; DNS and time on AWS are not subject to security groups."""


class EgressArgs(TypedDict):
    """A way out beyond packages and MySQL."""

    cidr: Annotated[str, checks.egress_range]
    protocol: Annotated[str, checks.protocol]
    """tcp or udp."""
    ports: Annotated[str, checks.ports]
    """One, like 443, or a range, like 8000-8010."""


class ReachArgs(TypedDict):
    """Who may reach what; config says it."""

    operator_cidrs: Sequence[Annotated[str, checks.operator_range]]
    """IPv4 ranges that may ssh to public hosts."""
    operator_group_ids: NotRequired[Sequence[Annotated[str, checks.peer_group_id]]]
    """Security groups that may ssh to every host: a bastion's, an Instance Connect Endpoint's."""
    operator_prefix_list_ids: NotRequired[Sequence[Annotated[str, checks.prefix_list_id]]]
    """Prefix lists whose addresses may ssh to every host."""
    server_public: NotRequired[bool]
    """Whether operators ssh to the server themselves."""
    jump_to_server: NotRequired[bool]
    """Whether the server is reached through the jump host."""
    jump_to_clients: NotRequired[bool]
    """Whether there are clients that are reached through the jump host."""
    mysql_ports: NotRequired[Sequence[Annotated[int, checks.port]]]
    """TCP ports that clients reach the server on, MySQL's first; 3306 if not given."""
    in_group: NotRequired[bool]
    """Whether the server is one of several, a group: they reach each other, and whoever reaches MySQL may ask each of
    them for its role. False if not given."""
    load_balanced: NotRequired[bool]
    """Whether a load balancer stands before the servers, which are several: whoever reaches MySQL may reach it too.
    False if not given."""
    shrinks: NotRequired[bool]
    """Whether servers of a former group are still there: its rules then go once the first one has left it, by `claim`.
    False if not given."""
    admitted_group_ids: NotRequired[Sequence[Annotated[str, checks.peer_group_id]]]
    """Security groups of other applications that may reach MySQL too, those of other accounts as ACCOUNT/sg-…."""
    admitted_cidrs: NotRequired[Sequence[Annotated[str, checks.operator_range]]]
    """IPv4 ranges that may reach MySQL too; a group admits fewer."""
    admitted_prefix_list_ids: NotRequired[Sequence[Annotated[str, checks.prefix_list_id]]]
    """Prefix lists whose addresses may reach MySQL too."""
    extra_egress: NotRequired[Sequence[EgressArgs]]


class FirewallArgs(ReachArgs):
    """What a Firewall is made from."""

    vpc_id: Annotated[pulumi.Input[str], checks.vpc_id]
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every group, besides its name."""


class Firewall(Component):
    """MySQL's port from the clients' group to the server's and from nowhere else; ssh from operators or by jump.

    Type: mysql-pair:index:Firewall. Makes: aws.ec2.SecurityGroup for server, clients, jump host and, if there is one,
    the load balancer, their aws.vpc.SecurityGroupIngressRule and SecurityGroupEgressRule, and for each group an
    aws.ec2.VpcSecurityGroupRulesExclusive, so that a rule added by hand is drift, and `pulumi up --refresh` revokes it.
    So is a rule that another program adds to one of these groups: it belongs into ReachArgs, or a group of its own.
    Rules name *groups*: one that named a client's public address would not match traffic between private ones, and
    their number does not grow with the hosts.
    """

    server_group_id: pulumi.Output[str]
    client_group_id: pulumi.Output[str]
    """The id of the security group whose members may reach MySQL."""
    jump_group_id: pulumi.Output[str]
    """The id of the security group whose member may ssh to private hosts."""
    balancer_group_id: pulumi.Output[str] | None
    """The id of the load balancer's security group; None where there is no load balancer."""

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the groups and their rules."""
        self.refuse(name, args_faults(FirewallArgs, args))
        super().__init__(name, opts)
        self._args = args
        self._rules: dict[tuple[str, type[Rule]], list[pulumi.Output[str]]] = defaultdict(list)
        self._all: list[pulumi.Resource] = []
        self._groups = {
            "server": self._group("server", "MySQL server"),
            "client": self._group("client", "MySQL client"),
            "jump": self._group("jump", "ssh to private hosts"),
        }
        if args.get("load_balanced"):
            self._groups["balancer"] = self._group("balancer", "load balancer of the MySQL servers")
        for label in ("server", "client"):
            self._ways_out(label)
            is_dialled = label == "client" or args.get("server_public", False)
            self._ssh_from_operators(label, args["operator_cidrs"] if is_dialled else ())
        if args.get("jump_to_server"):
            self._between("jump", "server", "ssh", SSH_PORT, "ssh from the jump host", "ssh to private hosts")
        if args.get("jump_to_clients"):
            self._between("jump", "client", "ssh", SSH_PORT, "ssh from the jump host", "ssh to private hosts")
        mysql_ports = args.get("mysql_ports", (MYSQL_PORT,))
        for number, port in enumerate(mysql_ports, start=1):
            self._from_applications("mysql" if number == 1 else f"mysql-{number}", port, "MySQL")
        if args.get("in_group"):
            self._group_of_servers(mysql_ports[0])
        if args.get("load_balanced"):
            self._load_balancer(mysql_ports[0])
        self.ready: Sequence[pulumi.Resource] = self._all if args.get("shrinks") else self._claimed()
        """What depends on every rule. The SDK and the engine take long over a component that much depends on."""
        self.server_group_id = self._groups["server"].id
        self.client_group_id = self._groups["client"].id
        self.jump_group_id = self._groups["jump"].id
        self.balancer_group_id = self._groups["balancer"].id if "balancer" in self._groups else None
        self.end()

    def _group(self, label: str, description: str) -> aws.ec2.SecurityGroup:
        name, vpc_id = f"{self.name}-{label}", self._args["vpc_id"]
        named = tags(name, self._args.get("tags"))
        return aws.ec2.SecurityGroup(name, vpc_id=vpc_id, description=description, tags=named, opts=self.child())

    def _group_of_servers(self, mysql_port: int) -> None:
        """Open the servers' ports to each other, and to applications the one that says which server is the primary."""
        for service, port, what in (
            ("group", GROUP_PORT, "Group Replication"),
            ("mysql", mysql_port, "MySQL"),
            ("role", ROLE_PORT, "role"),
        ):
            self._between("server", "server", service, port, f"{what} from another server", f"{what} to another server")
        self._from_applications("role", ROLE_PORT, "role")

    def _load_balancer(self, mysql_port: int) -> None:
        """Open the load balancer's ports to applications, and the servers' to it: it sends with its clients' addresses.

        Source: User Guide for Network Load Balancers, "Security groups": rules that name its group hold for such
        traffic too, and for its health checks.
        """
        for service, port, what in (("mysql", mysql_port, "MySQL"), ("read", mysql_port + READ_PORT_STEP, "reading")):
            self._from_applications(service, port, what, "balancer", "load balancer")
        for service, port, what in (("mysql", mysql_port, "MySQL"), ("role", ROLE_PORT, "role")):
            self._between(
                "balancer", "server", service, port, f"{what} from the load balancer", f"{what} to the servers"
            )

    def _from_applications(
        self, service: str, port: int, what: str, target: str = "server", target_name: str = "server"
    ) -> None:
        self._between("client", target, service, port, f"{what} from the clients", f"{what} to the {target_name}")
        for peer in self._peers("admitted_group_ids", "admitted_cidrs", "admitted_prefix_list_ids"):
            self._rule(IN, target, f"{service}-from-{peer}", port, f"{what} from an application", peer)

    def _peers(self, *fields: str) -> list[str]:
        return [peer for field in fields for peer in cast("Mapping[str, Sequence[str]]", self._args).get(field, ())]

    def _ssh_from_operators(self, label: str, cidrs: Sequence[str]) -> None:
        for peer in [*cidrs, *self._peers("operator_group_ids", "operator_prefix_list_ids")]:
            self._rule(IN, label, f"ssh-from-{peer}", SSH_PORT, "ssh from an operator", peer)

    def _ways_out(self, label: str) -> None:
        for port in PACKAGE_PORTS:
            self._rule(OUT, label, f"packages-{port}", port, "packages", "0.0.0.0/0")
        for way in self._args.get("extra_egress", ()):
            first, _, last = way["ports"].partition("-")
            cidr, protocol = way["cidr"], way["protocol"]
            name = f"extra-{protocol}-{first}-{last or first}-to-{cidr}"
            last_port = int(last or first)
            self._rule(OUT, label, name, int(first), "asked for by config", cidr, last_port, protocol)

    def _between(self, source: str, target: str, service: str, port: int, why_in: str, why_out: str) -> None:
        """Register the way from one group to another: out of the first, into the second."""
        self._rule(IN, target, f"{service}-from-{source}", port, why_in, self._groups[source].id)
        self._rule(OUT, source, f"{service}-to-{target}", port, why_out, self._groups[target].id)

    def _rule(
        self,
        kind: type[Rule],
        label: str,
        name: str,
        port: int,
        why: str,
        peer: pulumi.Input[str],
        to_port: int | None = None,
        protocol: str = "tcp",
    ) -> None:
        """Register one rule of a group, for one peer: another group, a range or a prefix list."""
        named: dict[str, Any] = {_peer_input(peer): peer}
        rule = kind(
            f"{self.name}-{label}-{name}",
            security_group_id=self._groups[label].id,
            **named,
            ip_protocol=protocol,
            from_port=port,
            to_port=to_port or port,
            description=why,
            opts=self.child(),
        )
        self._rules[label, kind].append(rule.id)
        self._all.append(rule)

    def claim(self, after: Sequence[pulumi.Resource]) -> None:
        """Claim all rules of the groups where that was left: others are revoked once these resources are there."""
        if self._args.get("shrinks"):
            self._claimed(after)

    def _claimed(self, after: Sequence[pulumi.Resource] = ()) -> Sequence[pulumi.Resource]:
        return tuple(self._no_other_rules(label, after) for label in self._groups)

    def _no_other_rules(self, label: str, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Claim all rules of a group: of resources alone, a refresh would never see another."""
        return aws.ec2.VpcSecurityGroupRulesExclusive(
            f"{self.name}-{label}-rules",
            security_group_id=self._groups[label].id,
            ingress_rule_ids=self._rules[label, IN],
            egress_rule_ids=self._rules[label, OUT],
            opts=self.child(depends_on=list(after)),
        )


def _peer_input(peer: pulumi.Input[str]) -> str:
    """Return the input of a rule that a peer stands in; a group of the component's own is not known yet."""
    if not isinstance(peer, str) or "sg-" in peer:
        return "referenced_security_group_id"
    return "prefix_list_id" if peer.startswith("pl-") else "cidr_ipv4"
