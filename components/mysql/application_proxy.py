"""The proxy of a host that is no client of the stack: an application's own, which another program has made."""

from collections.abc import Sequence
from typing import Annotated, Any, TypedDict

import pulumi

from components import checks
from components.args import args_faults
from components.component import Component
from components.host.agent import HostAgent
from components.host.remote import Target
from components.mysql.host import CONVERGE_SECONDS
from components.mysql.proxy import ProxySpec, with_proxy
from scripts.host.constants import CA_FILE, PROXY_ADDRESS
from scripts.host.group.spec import MemberSpec
from scripts.host.system.spec import FileSpec, HostSpec


class MySqlProxyArgs(TypedDict):
    """What a MySqlProxy is made from: a host, and outputs of the stack under their own names."""

    target: Target
    """How commands are run on the host, whose login user has sudo without a password."""
    mysql_host: pulumi.Input[str]
    server_names: pulumi.Input[Sequence[str]]
    server_private_ips: pulumi.Input[Sequence[str]]
    mysql_port: Annotated[pulumi.Input[int], checks.mysql_port]
    mysql_ca_certificate: pulumi.Input[str]


class MySqlProxy(Component):
    """What the connection strings of a stack need on a host of another project, so that they hold there unchanged.

    Type: mysql-pair:index:MySqlProxy. Makes: two command.remote.Command, the host agent and the convergence of the
    authority's certificate, in Java's form too, and of the HAProxy that leads to the primary and to readers, unless
    clients find MySQL at the server's address. The host is otherwise left as it is. It may have one MySqlProxy, and a
    MySqlClient needs none: `trust` does the same. When the component goes, what it made stays on the host, and goes
    with it.
    """

    ready: pulumi.Resource
    """What must be there before the host connects to MySQL."""

    def __init__(self, name: str, args: MySqlProxyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the commands."""
        self.refuse(name, args_faults(MySqlProxyArgs, args))
        super().__init__(name, opts)
        agent = HostAgent.install("client", args["target"], self)
        told = pulumi.Output.all(
            *(args["mysql_host"], args["server_names"], args["server_private_ips"]),
            *(args["mysql_port"], args["mysql_ca_certificate"]),
        )
        spec = told.apply(lambda parts: host_spec(*parts))
        self.ready = agent.run(f"{name}-converged", "converge", spec, CONVERGE_SECONDS, self)
        self.end()


def host_spec(host_name: str, names: Sequence[str], addresses: Sequence[str], port: Any, certificate: str) -> HostSpec:
    """Return what the host is to have; a StackReference gives the port as a float."""
    host = HostSpec(files=(FileSpec(CA_FILE, certificate),))
    if host_name != PROXY_ADDRESS:
        return host
    members = [MemberSpec(*member) for member in zip(names, addresses, strict=True)]
    return with_proxy(host, ProxySpec(members, int(port)))
