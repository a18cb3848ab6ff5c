"""A MySQL user: who may log in from where, with which password, and what for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_command import local

from components.mysql_grants import GrantArgs, databases, document, shown
from components.mysql_role import MySqlRole

GENERATOR = Path(__file__).resolve().parent.parent / "scripts" / "generate_password.py"
PLUGIN = "caching_sha2_password"


class MySqlUserArgs(TypedDict):
    """What a MySqlUser is made from. All of it is changed in place; another name or host part renames the account."""

    key: str
    """What the stack calls the user for good."""
    name: str
    """The account's name, at most 32 characters."""
    host: str
    """The host part, where logins may come from: an address, a CIDR range (MySQL 8.0.23) or a pattern."""
    grants: Sequence[GrantArgs]
    """All that it holds; what else it has is revoked."""
    database: NotRequired[str | None]
    """The database that its connection strings name."""
    password: NotRequired[pulumi.Input[str] | None]
    """Its password; without it one is generated, and a new one with each generation."""
    generation: NotRequired[int]
    """Raised with a new password, the old one is accepted until that generation is finished; 1 if not given."""
    finished_generation: NotRequired[int]
    """Equal to the generation, the old password is discarded; 0 if not given."""
    plugin: NotRequired[str]
    """How it proves who it is; caching_sha2_password if not given."""
    roles: NotRequired[Sequence[MySqlRole]]
    """Roles granted to it."""
    default_roles: NotRequired[Sequence[MySqlRole]]
    """Those that are active from the login on; all of `roles` if not given."""
    locked: NotRequired[bool]
    """Whether it may not log in."""
    password_lifetime_days: NotRequired[int | None]
    """Days until its password expires; 0 for never, the server's default_password_lifetime if not given."""
    comment: NotRequired[str | None]
    """A comment, kept by the server."""
    adopt: NotRequired[bool]
    """Whether an account of that name that somebody else made is taken over; it is refused if not given."""


class MySqlUser(pulumi.ComponentResource):
    """A user, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlUser. Makes: one command.local.Command if the password is generated. It runs before
    anything is told to MySQL, so that the password is in the state, as a secret, when the account gets it.
    """

    password: pulumi.Output[str]
    """The current password. A secret."""

    def __init__(self, name: str, args: MySqlUserArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the user."""
        roles = list(args.get("roles", ()))
        default_roles = list(args.get("default_roles", roles))
        common: dict[str, Any] = {
            "key": args["key"],
            "name": args["name"],
            "host": args["host"],
            "plugin": args.get("plugin", PLUGIN),
            "generation": args.get("generation", 1),
            "finished_generation": args.get("finished_generation", 0),
            "roles": [role.name for role in roles],
            "default_roles": [role.name for role in default_roles],
            "locked": args.get("locked", False),
            "password_lifetime_days": args.get("password_lifetime_days"),
            "comment": args.get("comment"),
        }
        given = args.get("password")
        # As a property too, so that a preview shows whose password changes: as a secret, never as text.
        shown_password = {} if given is None else {"password": pulumi.Output.secret(given)}
        properties = {**common, **shown_password, "grants": shown(args["grants"]), "database": args.get("database")}
        super().__init__("mysql-pair:index:MySqlUser", name, properties, opts)
        # After it: the constructor keeps the properties as outputs, under these names.
        self.key, self.name, self.database = args["key"], args["name"], args.get("database")
        self.password = pulumi.Output.secret(given if given is not None else self._generated(name, common))
        self.document = self.password.apply(
            lambda password: {
                **common,
                "password": password,
                "grants": document(args["grants"]),
                "adopt": args.get("adopt", False),
            }
        )
        """What accounts.py reads of it. A secret."""
        visible = sorted(databases([*args["grants"], *(grant for role in default_roles for grant in role.grants)]))
        # The whole document: whatever changes, the login is tried again.
        self.login_check = self.document.apply(lambda found: {**found, "databases": visible})
        """What check_logins.py reads of it. A secret."""
        self.register_outputs({"password": self.password})

    def _generated(self, name: str, common: dict[str, Any]) -> pulumi.Output[str]:
        """Return a password that is made once for each generation, on the machine that the program runs on."""
        made = local.Command(
            f"{name}-password",
            interpreter=["python3", "-c"],
            create=GENERATOR.read_text(),
            triggers=[common["generation"]],
            logging=local.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=["stdout", "stderr"],
                # Another way to make passwords is no reason for another password.
                ignore_changes=["interpreter", "create"],
            ),
        )
        return made.stdout
