"""A load balancer before a group of servers, for hosts that have no proxy: one name, which leads to the primary."""

from collections.abc import Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.component import Component, tags
from scripts.host.constants import MYSQL_PORT, READ_PORT_STEP, ROLE_PORT
from scripts.host.group.spec import MemberSpec

CHECK_SECONDS, ANSWER_SECONDS, ANSWERS = 5, 2, 2
"""How often members are asked for their role, how long each may take to answer, and how many answers count: the least
that AWS takes. Source: Elastic Load Balancing API Reference, "CreateTargetGroup"."""
IDLE_SECONDS = 6000
"""After which a connection that is idle is forgotten: the most that AWS allows, and less than MySQL's wait_timeout."""


class MySqlLoadBalancerArgs(TypedDict):
    """What a MySqlLoadBalancer is made from."""

    members: Sequence[MemberSpec]
    """The servers of the group."""
    mysql_port: NotRequired[Annotated[int, checks.mysql_port]]
    """Of all of them; 3306 if not given."""
    vpc_id: Annotated[pulumi.Input[str], checks.vpc_id]
    subnet_ids: Sequence[Annotated[pulumi.Input[str], checks.subnet_id]]
    """One in each zone that has a member."""
    security_group_id: Annotated[pulumi.Input[str], checks.security_group_id]
    """Its own, which lets clients in, and is let in by the members' on MySQL's port and on the role server's."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every resource, besides its name."""


class MySqlLoadBalancer(Component):
    """An internal Network Load Balancer: on MySQL's port it leads to the primary, on the port after it to readers.

    Type: mysql-pair:index:MySqlLoadBalancer. Makes: aws.lb.LoadBalancer, and for writes and reads each an
    aws.lb.TargetGroup with a health check by the members' role servers, an aws.lb.Listener, and an
    aws.lb.TargetGroupAttachment for every member. Members see the addresses of its clients, so that host parts of
    accounts hold. TLS goes through it; each member's certificate has its name.
    """

    host: pulumi.Output[str]
    """Its DNS name."""

    def __init__(self, name: str, args: MySqlLoadBalancerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the load balancer."""
        self.refuse(name, args_faults(MySqlLoadBalancerArgs, args))
        super().__init__(name, opts)
        self._args = args
        port = args.get("mysql_port", MYSQL_PORT)
        self._balancer = aws.lb.LoadBalancer(
            name,
            internal=True,
            load_balancer_type="network",
            ip_address_type="ipv4",
            subnets=args["subnet_ids"],
            security_groups=[args["security_group_id"]],
            # One member is the primary: every zone has to lead to it.
            enable_cross_zone_load_balancing=True,
            tags=tags(name, args.get("tags")),
            opts=self.child(),
        )
        self._listen("writes", port, "/primary", port)
        self._listen("reads", port + READ_PORT_STEP, "/reader", port)
        self.host = self._balancer.dns_name
        self.end()

    def _listen(self, part: str, port: int, path: str, mysql_port: int) -> None:
        """Register a port that leads to the members which answer 200 at the path."""
        name = f"{self.name}-{part}"
        group = aws.lb.TargetGroup(
            name,
            vpc_id=self._args["vpc_id"],
            # By address, which a member keeps when its instance is replaced.
            target_type="ip",
            protocol="TCP",
            port=mysql_port,
            preserve_client_ip="true",
            health_check={
                "protocol": "HTTP",
                "port": str(ROLE_PORT),
                "path": path,
                # A reader that lags answers 404, and is unhealthy like any other that is none.
                "matcher": "200",
                "interval": CHECK_SECONDS,
                "timeout": ANSWER_SECONDS,
                "healthy_threshold": ANSWERS,
                "unhealthy_threshold": ANSWERS,
            },
            # Sessions with a former primary end, so that pools connect anew.
            target_health_states=[{"enable_unhealthy_connection_termination": True}],
            tags=tags(name, self._args.get("tags")),
            opts=self.child(),
        )
        aws.lb.Listener(
            name,
            load_balancer_arn=self._balancer.arn,
            protocol="TCP",
            port=port,
            default_actions=[{"type": "forward", "target_group_arn": group.arn}],
            tcp_idle_timeout_seconds=IDLE_SECONDS,
            tags=tags(name, self._args.get("tags")),
            opts=self.child(),
        )
        for member in self._args["members"]:
            aws.lb.TargetGroupAttachment(
                f"{name}-{member.name}",
                target_group_arn=group.arn,
                target_id=member.address,
                port=mysql_port,
                opts=self.child(),
            )
