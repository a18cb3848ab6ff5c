"""A MySQL client: a host with the mysql command line on it, which knows the server's authority and checks its name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pulumi
from pulumi_command import remote

from components.host import Host, HostArgs
from components.host_tools import install_tools
from components.mysql_server import CA_FILE, MySqlServer
from components.mysql_user import MySqlUser
from components.remote_command import Step, run
from components.user_data import document, user_data
from stack_outputs.forms import quoted

CONVERGE_SECONDS = 1500
CHECK_SECONDS = 60


class MySqlClient(pulumi.ComponentResource):
    """A MySQL client on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlClient. Makes: a mysql-pair:index:Host, one command.remote.Command (the tools of
    scripts/host), one more for `trust` and for each check_login. A server can be reached through a client that is
    there before it, so the server is named afterwards, by `trust`.
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    public_ip: pulumi.Output[str | None]
    """The Elastic IP, for ssh; None of a private client."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key."""

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the client."""
        super().__init__("mysql-pair:index:MySqlClient", name, None, opts)
        self._name, self._args = name, args
        self.host = Host(name, args, user_data("client"), opts=pulumi.ResourceOptions(parent=self))
        self.tools = install_tools(f"{name}-tools", self.host.target, parent=self)
        self.instance_id = self.host.instance_id
        self.private_ip = self.host.private_ip
        self.public_ip = self.host.public_ip
        self.host_key = self.host.host_key
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "private_ip": self.private_ip,
                "public_ip": self.public_ip,
                "host_key": self.host_key,
            }
        )

    @property
    def name(self) -> str:
        """The client's name."""
        return self._name

    def trust(self, server: MySqlServer) -> remote.Command:
        """Register the convergence of packages and files, the certificate of the server's authority among them."""
        wanted = server.ca_certificate.apply(lambda certificate: json.dumps(self._document(certificate)))
        step = Step(create=self.tools.python("converge.py"), seconds=CONVERGE_SECONDS, stdin=wanted)
        installed = [self.tools.installed]
        return run(f"{self._name}-converged", self.host.target, step, parent=self, depends_on=installed)

    def _document(self, ca_certificate: str) -> dict[str, Any]:
        return document(
            "client", self._args.get("packages", ()), {CA_FILE: ca_certificate}, self._args.get("public_key")
        )

    def check_login(self, name: str, user: MySqlUser, ready: Sequence[pulumi.Resource]) -> remote.Command:
        """Register a check that this user sees its database from here; `up` fails in words if it does not.

        Args:
            name: the check's name.
            user: who logs in.
            ready: the rules that let the client reach the server, and what `trust` returned.
        """
        login = pulumi.Output.all(host=user.mysql_host, port=user.mysql_port, user=user.name, password=user.password)
        step = Step(
            create=[self.tools.path("check_login.sh"), user.database],
            seconds=CHECK_SECONDS,
            stdin=login.apply(login_options),
            triggers=[user.server_instance_id],
        )
        return run(name, self.host.target, step, parent=self, depends_on=[self.tools.installed, user, *ready])


def login_options(login: dict[str, str | int]) -> str:
    """Return a login as a MySQL option file."""
    return "[client]\n" + "".join(f"{key}={quoted(str(value))}\n" for key, value in login.items())
