"""The MySQL server: a host with mysql-server on it, listening for the clients."""

from __future__ import annotations

import pulumi

from components.firewall import MYSQL_PORT
from components.host import Host, HostArgs
from components.remote_command import Step, install_tool, run
from components.user_data import user_data


class MySqlServer(pulumi.ComponentResource):
    """A MySQL server on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlServer. Makes: a mysql-pair:index:Host, and two command.remote.Command (the
    version, and the tool MySqlUser works with).
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    public_ip: pulumi.Output[str]
    """The Elastic IP, for ssh."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key."""
    mysql_host: pulumi.Output[str]
    """Where clients find MySQL: the private address."""
    mysql_port: pulumi.Output[int]
    """MySQL's TCP port."""
    mysql_version: pulumi.Output[str]
    """What `select version()` said when the host was made."""

    def __init__(self, name: str, args: HostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the server."""
        super().__init__("mysql-pair:index:MySqlServer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.host = Host(name, args, user_data("server"), ready_args=["mysql"], opts=child)
        query = ["sudo", "-n", "mysql", "--batch", "--skip-column-names", "--execute=select version()"]
        version = run(f"{name}-version", self.host.target, Step(create=query), parent=self)
        self.user_tool = install_tool(f"{name}-user-tool", self.host.target, "apply_user.py", parent=self)
        self.instance_id = self.host.instance_id
        self.private_ip = self.host.private_ip
        self.public_ip = self.host.public_ip
        self.host_key = self.host.host_key
        self.mysql_host = self.host.private_ip
        self.mysql_port = pulumi.Output.from_input(MYSQL_PORT)
        self.mysql_version = pulumi.Output.unsecret(version.stdout).apply(str.strip)
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "private_ip": self.private_ip,
                "public_ip": self.public_ip,
                "host_key": self.host_key,
                "mysql_host": self.mysql_host,
                "mysql_port": self.mysql_port,
                "mysql_version": self.mysql_version,
            }
        )
