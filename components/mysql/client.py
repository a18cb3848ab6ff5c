"""A MySQL client: a host with the mysql command line on it, which knows the server's authority and checks its name."""

from collections.abc import Sequence

import pulumi
from pulumi_command import remote

from components.args import args_faults
from components.host.host import HostArgs
from components.host.user_data import host_spec
from components.mysql.accounts import MySqlAccounts
from components.mysql.host import CONVERGE_SECONDS, MySqlHost
from components.mysql.proxy import ProxySpec, with_proxy
from components.mysql.server import MySqlServer
from scripts.host.constants import CA_FILE
from scripts.host.system.spec import HostSpec

CHECK_SECONDS = 60


class MySqlClient(MySqlHost):
    """A MySQL client on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlClient. Makes: a mysql-pair:index:Host, one command.remote.Command (the host agent),
    one more for `trust` and for check_logins. A server can be reached through a client that is there before it, so
    the server is named afterwards, by `trust`.
    """

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the client."""
        self.refuse(name, args_faults(HostArgs, args))
        super().__init__("client", name, args, opts)
        self._args = args
        self.end()

    def trust(self, server: MySqlServer, proxy: ProxySpec | None = None) -> remote.Command:
        """Register the convergence of packages and files, the certificate of the server's authority among them.

        With a proxy, this host's connections go through it. `server` is the first member of a group, as all of them
        have one authority: the proxy leads to the group when that one has joined it, and not before.
        """

        def spec(pem: str) -> HostSpec:
            return host_spec("client", self._args, {CA_FILE: pem})

        converged, after = server.ca_certificate.apply(spec), []
        if proxy:
            both = pulumi.Output.all(converged, server.private_ip)
            converged, after = both.apply(lambda known: with_proxy(known[0], proxy.at(known[1]))), server.ready
        return self.agent.run(f"{self.name}-converged", "converge", converged, CONVERGE_SECONDS, self, after)

    def check_logins(self, name: str, accounts: MySqlAccounts, ready: Sequence[pulumi.Resource]) -> remote.Command:
        """Register a check that every user can log in from here and sees its databases; `up` fails in words if not.

        Only users whose login MySQL takes from this host are tried, and only their passwords are sent; see
        MySqlAccounts.warn_of_untried. The logins are tried again whenever anything of an account changes. `ready` are
        the rules that let the client reach the server, and what `trust` returned.
        """
        return self.agent.run(
            name,
            "check-logins",
            accounts.login_check(self.name, self.private_ip),
            CHECK_SECONDS + len(accounts.spec.users),
            parent=self,
            depends_on=[*accounts.applied, *ready],
            triggers=[accounts.server.instance_id],
            words=[f"--accounts={accounts.digest}"],
        )
