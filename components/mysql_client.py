"""A MySQL client: a host with the mysql command line on it, and the check that it can log in."""

from __future__ import annotations

import pulumi
from pulumi_command import remote

from components.host import Host, HostArgs
from components.mysql_user import MySqlUser
from components.remote_command import Step, install_tool, run
from components.user_data import user_data

CHECK_SECONDS = 60


class MySqlClient(pulumi.ComponentResource):
    """A MySQL client on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlClient. Makes: a mysql-pair:index:Host, one command.remote.Command (the
    check's tool), and one more for each check_login.
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    public_ip: pulumi.Output[str]
    """The Elastic IP, for ssh."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key."""

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the client."""
        super().__init__("mysql-pair:index:MySqlClient", name, None, opts)
        self.host = Host(name, args, user_data("client"), opts=pulumi.ResourceOptions(parent=self))
        self.check_tool = install_tool(f"{name}-check-tool", self.host.target, "check_login.sh", parent=self)
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

    def check_login(self, name: str, user: MySqlUser, way_open: list[pulumi.Resource]) -> remote.Command:
        """Register a check that this user sees its database from here; `up` fails in words if it does not.

        Args:
            name: the check's name.
            user: who logs in.
            way_open: the rules that let the client reach the server.
        """
        login = pulumi.Output.all(host=user.mysql_host, port=user.mysql_port, user=user.name, password=user.password)
        step = Step(
            create=[self.check_tool.path, user.database],
            seconds=CHECK_SECONDS,
            stdin=login.apply(option_file),
            triggers=[user.server_instance_id],
        )
        return run(
            name,
            self.host.target,
            step,
            parent=self,
            depends_on=[self.check_tool.installed, user, *way_open],
        )


def option_file(login: dict[str, str | int]) -> str:
    """Return a MySQL option file (MySQL manual, "Using Option Files": escapes in quoted values)."""
    lines = []
    for key, value in login.items():
        escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'{key}="{escaped}"\n')
    return "[client]\n" + "".join(lines)
