"""A MySQL user with every privilege on one database, made on the server and not over the network."""

from __future__ import annotations

import json
from typing import TypedDict
from urllib.parse import quote

import pulumi

from components.mysql_server import CA_FILE, MySqlServer
from components.remote_command import Step, run


class MySqlUserArgs(TypedDict):
    """What a MySqlUser is made from."""

    server: MySqlServer
    """The server the user lives on."""
    name: str
    """The user's name, at most 32 characters."""
    host: str
    """The host part, where logins may come from: an address, a CIDR range (MySQL 8.0.23) or a pattern."""
    database: str
    """The database it has every privilege on; made if it does not exist, never dropped."""
    password: pulumi.Input[str]
    """The password. A new one is an update in place."""


class MySqlUser(pulumi.ComponentResource):
    """A MySQL user. Another name or host part replaces it; deletion drops the user and leaves the database.

    Type: mysql-pair:index:MySqlUser. Makes: one command.remote.Command, which runs
    scripts/host/apply_user.py as root on the server, the password on its standard input.
    """

    connection_string: pulumi.Output[str]
    """mysql://user:password@host:port/database?ssl-mode=VERIFY_IDENTITY&ssl-ca=..., each part percent-encoded, the
    authority's certificate where client hosts keep it. A secret."""
    mysql_host: pulumi.Output[str]
    """The server's private address."""
    mysql_port: pulumi.Output[int]
    """The server's TCP port."""

    def __init__(self, name: str, args: MySqlUserArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the user."""
        shown = {"name": args["name"], "host": args["host"], "database": args["database"]}
        super().__init__("mysql-pair:index:MySqlUser", name, shown, opts)
        server = args["server"]
        self.name = args["name"]
        self.database = args["database"]
        self.password = pulumi.Output.secret(args["password"])
        self.mysql_host = server.mysql_host
        self.mysql_port = server.mysql_port
        self.server_instance_id = server.instance_id
        step = Step(
            create=[*server.tools.python("apply_user.py"), "present"],
            delete=[*server.tools.current("apply_user.py"), "absent"],
            stdin=self.password.apply(lambda password: document(args, password)),
            triggers=[args["name"], args["host"]],
        )
        run(f"{name}-applied", server.host.target, step, parent=self, depends_on=server.ready)
        parts = pulumi.Output.all(self.mysql_host, self.mysql_port, self.password)
        self.connection_string = pulumi.Output.secret(
            parts.apply(lambda p: connection_string(args["name"], p[2], p[0], p[1], args["database"]))
        )
        self.register_outputs(
            {
                "connection_string": self.connection_string,
                "mysql_host": self.mysql_host,
                "mysql_port": self.mysql_port,
            }
        )


def document(args: MySqlUserArgs, password: str) -> str:
    """Return what apply_user.py reads, as JSON in ASCII: the host's locale does not matter then."""
    return json.dumps({"user": args["name"], "host": args["host"], "password": password, "database": args["database"]})


def connection_string(user: str, password: str, host: str, port: int, database: str) -> str:
    """Return a login as a URL (MySQL manual, "Connecting Using URI-Like Strings"; RFC 3986)."""
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    tls = f"ssl-mode=VERIFY_IDENTITY&ssl-ca={quote(CA_FILE, safe='')}"
    return f"mysql://{login}@{host}:{int(port)}/{quote(database, safe='')}?{tls}"
