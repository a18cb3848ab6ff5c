"""Notes on a client host of mysql-pair: reads that stack's outputs, and deploys an application that logs in by them."""

from __future__ import annotations

import pulumi
from pulumi_command import remote

import deployment
from settings import Settings, chosen
from stack_outputs.reader import StackOutputs

settings = Settings.read()
pair = StackOutputs(pulumi.StackReference(settings.stack))
choice = chosen(settings, pair)
url: pulumi.Output[str] = choice.apply(lambda choice: pair.sqlalchemy_url(choice.user))

remote.Command(
    "notes",
    connection=choice.apply(lambda choice: deployment.connection(choice, settings.ssh_user)),
    # No `update`: what creates converges, and an update may find a host that has nothing yet. No `triggers`: they
    # replace, and the deletion in a replacement would dial the host that was there before, which may be gone. What a
    # replaced client host changes is in `stdin`, so it is an update, on the new host.
    create=deployment.command("apply"),
    delete=deployment.command("remove"),
    # Standard input is the one way in for a secret: not a command's text, nor `environment`.
    stdin=pulumi.Output.all(choice, url).apply(lambda parts: deployment.standard_input(*parts)),
    logging=remote.Logging.NONE,
    # True, the default, hands a run's output to the next one in its environment.
    add_previous_output_in_env=False,
    # Replaced by hand (`pulumi up --replace URN`), it must not end with the deletion of what it has just set up.
    opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout", "stderr"], delete_before_replace=True),
)

pulumi.export("client", choice.apply(lambda choice: choice.client.name))
pulumi.export("url", choice.apply(lambda choice: f"http://127.0.0.1:{choice.port}/"))
