"""Where clients find MySQL: at the server's own address, or by the proxy of the client's host."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.mysql.proxy import ProxySpec
from components.mysql.server import MySqlServer
from scripts.host.constants import PROXY_ADDRESS


@dataclass(frozen=True)
class Endpoint:
    """Where connection strings lead."""

    host: pulumi.Input[str]
    port: pulumi.Input[int]
    read_port: pulumi.Input[int]
    """Where reads are led to a reader; of one server the same as `port`."""

    @classmethod
    def of_server(cls, server: MySqlServer) -> Endpoint:
        """Return that of one server."""
        return cls(server.mysql_host, server.mysql_port, server.mysql_port)

    @classmethod
    def of_proxy(cls, proxy: ProxySpec) -> Endpoint:
        """Return that of a client host's proxy."""
        return cls(PROXY_ADDRESS, proxy.port, proxy.read_port)
