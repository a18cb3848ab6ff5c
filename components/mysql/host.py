"""What the server and the clients of MySQL have in common: a host with packages, files and the host agent."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi

from components.args import of_kind
from components.host.agent import HostAgent
from components.host.host import Host, HostArgs, HostOutputs
from components.host.user_data import user_data

CONVERGE_SECONDS = 1500
"""Long enough for packages behind another's lock, and for a restart that rolls back."""


class MySqlHost(HostOutputs):
    """A server or a client of MySQL on an EC2 instance of its own."""

    def __init__(
        self,
        role: str,
        name: str,
        args: HostArgs,
        opts: pulumi.ResourceOptions | None = None,
        shown: Mapping[str, Any] | None = None,
        first_files: Mapping[str, str] | None = None,
        first_packages: Sequence[str] | None = None,
    ) -> None:
        """Register the host of a role, server or client, and its agent.

        Args:
            shown: the component's own properties.
            first_files: more files of the first boot, by path.
            first_packages: those of the first boot; the role's if not given.
        """
        super().__init__(name, opts, shown)
        host_args = cast("HostArgs", of_kind(HostArgs, args))
        self.host = Host(name, host_args, user_data(role, first_files, first_packages), self.child())
        self.agent = HostAgent.install(role, self.host.target, parent=self)
        self.instance_id = self.host.instance_id
        self.private_ip = self.host.private_ip
        self.public_ip = self.host.public_ip
        self.host_key = self.host.host_key
