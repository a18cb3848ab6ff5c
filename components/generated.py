"""Secrets that the program makes: once, on the machine that it runs on, and kept in the state from then on."""

import pulumi
from pulumi_command import local

from components.component import Component
from components.host.agent import ROOT

GENERATOR = ROOT / "scripts" / "generate_password.py"


def generated(name: str, parent: Component, generation: int = 1, protect: bool = False) -> pulumi.Output[str]:
    """Return a secret that is made once for each generation: a local command's output."""
    command = local.Command(
        name,
        interpreter=["python3", "-c"],
        create=GENERATOR.read_text(),
        triggers=[generation],
        logging=local.Logging.NONE,
        add_previous_output_in_env=False,
        opts=parent.child(
            protect=protect,
            additional_secret_outputs=["stdout", "stderr"],
            # Another way to make secrets is no reason for another secret.
            ignore_changes=["interpreter", "create"],
        ),
    )
    return pulumi.Output.secret(command.stdout)
