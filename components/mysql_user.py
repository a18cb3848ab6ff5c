"""A MySQL user: who may log in from where, with which password, and what for."""

from __future__ import annotations

from dataclasses import replace

import pulumi
from pulumi_command import local

from components.args_check import check_spec
from components.host_agent import ROOT
from components.spec_properties import properties
from scripts.host.accounts.spec import UserSpec

GENERATOR = ROOT / "scripts" / "generate_password.py"


class MySqlUser(pulumi.ComponentResource):
    """A user, described; MySqlAccounts makes it, together with all others of its server.

    Type: mysql-pair:index:MySqlUser. Makes: one command.local.Command if the password is generated. It runs before
    anything is told to MySQL, so that the password is in the state, as a secret, when the account gets it.
    """

    password: pulumi.Output[str]
    """The current password. A secret."""

    def __init__(
        self,
        name: str,
        spec: UserSpec,
        password: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the user.

        Args:
            name: the component's name.
            spec: the account; its `password` is not read.
            password: its password; without it one is generated, and a new one with each generation.
            opts: the component's options.

        Raises:
            InvalidArgsError: with every fault of the spec.
        """
        check_spec("MySqlUser", name, spec)
        # As a property too, so that a preview shows whose password changes: as a secret, never as text.
        given = {} if password is None else {"password": pulumi.Output.secret(password)}
        super().__init__("mysql-pair:index:MySqlUser", name, {**properties(spec), **given}, opts)
        self.spec = replace(spec, password="")
        self.password = pulumi.Output.secret(self._generated(name) if password is None else password)
        self.register_outputs({"password": self.password})

    def _generated(self, name: str) -> pulumi.Output[str]:
        """Return a password that is made once for each generation, on the machine that the program runs on."""
        command = local.Command(
            f"{name}-password",
            interpreter=["python3", "-c"],
            create=GENERATOR.read_text(),
            triggers=[self.spec.generation],
            logging=local.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=["stdout", "stderr"],
                # Another way to make passwords is no reason for another password.
                ignore_changes=["interpreter", "create"],
            ),
        )
        return command.stdout
