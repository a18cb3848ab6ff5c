"""The MySQL server: a host with mysql-server on it, set up as asked for, with a certificate of its own authority."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_command import remote

from components.firewall import MYSQL_PORT
from components.host import Host, HostArgs, InstanceArgs
from components.host_tools import HOST_SCRIPTS, install_tools
from components.mysql_options import OPTION_FILE, base_settings, option_file
from components.remote_command import Step, run
from components.user_data import document, user_data
from scripts.host.mysql.spec import Setting

CONVERGE_SECONDS = 1500
"""Long enough for packages behind another's lock, and for a restart that rolls back."""
CERTIFICATE_SECONDS = 60
UNITS = "/etc/systemd/system"
CA_FILE = "/etc/mysql-pair/ca.pem"
"""Where client hosts keep the certificate of the server's authority."""


class MySqlArgs(TypedDict):
    """How mysqld is set up."""

    mysql_port: NotRequired[int]
    """MySQL's TCP port; 3306 if not given."""
    x_protocol: NotRequired[bool]
    """Whether the X protocol is served, on port 33060; off if not given."""
    require_secure_transport: NotRequired[bool]
    """Whether a login without TLS is refused; on if not given."""
    derived_settings: NotRequired[Mapping[str, Setting]]
    """mysqld settings that follow from the host's size: known to be good, so they hold from the first start."""
    settings: NotRequired[Mapping[str, Setting]]
    """mysqld settings by name with underscores; they win over the derived ones. Changed in place: dynamic ones live,
    others by one restart; one that MySQL refuses fails the update and changes nothing."""


class ServerArgs(InstanceArgs, MySqlArgs):
    """What is chosen for the server; config says it."""


class MySqlServerArgs(HostArgs, MySqlArgs):
    """What a MySqlServer is made from."""


class MySqlServer(pulumi.ComponentResource):
    """A MySQL server on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlServer. Makes: a mysql-pair:index:Host, and three command.remote.Command: the tools of
    scripts/host, the convergence of packages, files and settings, and the server's certificate, whose authority is
    made on the host and whose key never leaves it.
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    public_ip: pulumi.Output[str | None]
    """The Elastic IP; None of a private server."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key."""
    mysql_host: pulumi.Output[str]
    """Where clients find MySQL: the private address, which the certificate names."""
    mysql_port: pulumi.Output[int]
    """MySQL's TCP port."""
    mysql_version: pulumi.Output[str]
    """What `select version()` said when the server was last converged."""
    ca_certificate: pulumi.Output[str]
    """The certificate of the authority that clients check the server by, PEM."""

    def __init__(self, name: str, args: MySqlServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the server."""
        self._name, self._args = name, args
        # As the component's own properties, so that a preview shows a changed setting by its name.
        shown = {"settings": self._settings(), "packages": list(args.get("packages", ()))}
        super().__init__("mysql-pair:index:MySqlServer", name, shown, opts)
        child = pulumi.ResourceOptions(parent=self)
        first_boot = option_file({**self._base(), **args.get("derived_settings", {})})
        self.host = Host(name, args, user_data("server", {OPTION_FILE: first_boot}), opts=child)
        self.tools = install_tools(f"{name}-tools", self.host.target, parent=self)
        converged = self._converge()
        certificate = self._certificate(converged)
        self.instance_id = self.host.instance_id
        self.private_ip = self.host.private_ip
        self.public_ip = self.host.public_ip
        self.host_key = self.host.host_key
        self.mysql_host = self.host.private_ip
        self.mysql_port = pulumi.Output.from_input(args.get("mysql_port", MYSQL_PORT))
        self.mysql_version = said(converged, "mysql_version")
        self.ca_certificate = said(certificate, "ca_certificate")
        self.ready: list[pulumi.Resource] = [converged, certificate]
        """What must be there before anything is done in MySQL."""
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "private_ip": self.private_ip,
                "public_ip": self.public_ip,
                "host_key": self.host_key,
                "mysql_host": self.mysql_host,
                "mysql_port": self.mysql_port,
                "mysql_version": self.mysql_version,
                "ca_certificate": self.ca_certificate,
            }
        )

    def _base(self) -> dict[str, Setting]:
        args = self._args
        return base_settings(
            args.get("mysql_port", MYSQL_PORT),
            args.get("x_protocol", False),
            args.get("require_secure_transport", True),
        )

    def _settings(self) -> dict[str, Setting]:
        """Return all settings that mysqld's file has."""
        return {**self._base(), **self._args.get("derived_settings", {}), **self._args.get("settings", {})}

    def _converge(self) -> remote.Command:
        """Register the convergence of the host and of mysqld's settings."""
        args, settings = self._args, self._settings()
        units = {f"{UNITS}/{path.name}": path.read_text() for path in sorted((HOST_SCRIPTS / "units").iterdir())}
        wanted: dict[str, Any] = document("server", args.get("packages", ()), units, args.get("public_key"))
        wanted["mysql"] = {"option_file": OPTION_FILE, "content": option_file(settings), "settings": settings}
        step = Step(create=self.tools.python("converge.py"), seconds=CONVERGE_SECONDS, stdin=json.dumps(wanted))
        target, done = self.host.target, [self.tools.installed]
        return run(f"{self._name}-converged", target, step, parent=self, depends_on=done)

    def _certificate(self, converged: remote.Command) -> remote.Command:
        """Register the server's certificate: of its own, so that a changed setting leaves the authority known."""
        identity = pulumi.Output.json_dumps(
            {"addresses": [self.host.private_ip], "names": [self.host.private_dns]},
        )
        step = Step(create=self.tools.python("certify.py"), seconds=CERTIFICATE_SECONDS, stdin=identity)
        return run(f"{self._name}-certificate", self.host.target, step, parent=self, depends_on=[converged])


def said(command: remote.Command, key: str) -> pulumi.Output[str]:
    """Return one of the facts that a command prints as a JSON object; none of them is a secret."""
    return pulumi.Output.unsecret(command.stdout).apply(lambda text: str(json.loads(text)[key]))
