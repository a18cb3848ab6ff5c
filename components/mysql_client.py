"""A MySQL client: a host with the mysql command line on it, which knows the server's authority and checks its name."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_command import remote

from components.args_check import check_args
from components.host import Host, HostArgs
from components.host_agent import HostAgent
from components.mysql_accounts import MySqlAccounts
from components.mysql_server import CONVERGE_SECONDS, MySqlServer
from components.user_data import host_spec, user_data
from scripts.host.constants import CA_FILE
from scripts.host.system.spec import HostSpec

CHECK_SECONDS = 60


class MySqlClient(pulumi.ComponentResource):
    """A MySQL client on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlClient. Makes: a mysql-pair:index:Host, one command.remote.Command (the host agent),
    one more for `trust` and for check_logins. A server can be reached through a client that is there before it, so
    the server is named afterwards, by `trust`.
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
        """Register the client.

        Raises:
            InvalidArgsError: with every fault of the args.
        """
        check_args("MySqlClient", name, HostArgs, args)
        super().__init__("mysql-pair:index:MySqlClient", name, None, opts)
        self._name, self._args = name, args
        self.host = Host(name, args, user_data("client"), opts=pulumi.ResourceOptions(parent=self))
        self.agent = HostAgent.install("client", self.host.target, parent=self)
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
        spec = server.ca_certificate.apply(self._spec)
        return self.agent.run(f"{self._name}-converged", "converge", spec, CONVERGE_SECONDS, self)

    def _spec(self, ca_certificate: str) -> HostSpec:
        args = self._args
        return host_spec("client", args.get("packages", ()), {CA_FILE: ca_certificate}, args.get("public_key"))

    def check_logins(self, name: str, accounts: MySqlAccounts, ready: Sequence[pulumi.Resource]) -> remote.Command:
        """Register a check that every user can log in from here and sees its databases; `up` fails in words if not.

        Users whose host part does not admit this host are left out. The logins are tried again whenever anything of
        an account changes.

        Args:
            name: the check's name.
            accounts: whose users they are.
            ready: the rules that let the client reach the server, and what `trust` returned.
        """
        return self.agent.run(
            name,
            "check-logins",
            accounts.login_check(),
            CHECK_SECONDS + len(accounts.spec.users),
            parent=self,
            depends_on=[accounts.applied, *ready],
            triggers=[accounts.server.instance_id],
            words=[f"--accounts={accounts.digest}"],
        )
