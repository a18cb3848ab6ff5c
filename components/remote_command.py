"""How a command is run on a host: the house rules around pulumi_command's remote.Command, said once."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import remote

from components.ssh_route import SshRoute

Trigger = pulumi.Input[str] | Mapping[str, pulumi.Input[str]]


@dataclass(frozen=True)
class Target:
    """A host that commands run on.

    `ends_with` is what no command outlives: the instance for the commands of the first contact, the readiness check
    for all others. An instance that was lost is only created anew, which deletes nothing; but its readiness check is
    replaced, and then no command tries to undo its work on the new host, which is not the one it was done on.
    """

    name: str
    """The host's name."""
    route: SshRoute
    instance_id: pulumi.Output[str]
    ends_with: pulumi.Resource


@dataclass(frozen=True)
class Step:
    """What a command does."""

    argv: Sequence[str]
    """Of creation and of every change."""
    seconds: int = 60
    """How long a run may take."""
    stdin: pulumi.Input[str] | None = None
    """The only way in for a secret."""
    triggers: Sequence[Trigger] = ()
    """What replaces the command when it changes, no secrets; the instance's id if none is given."""
    once: bool = False
    """Whether it runs on a new instance only, whatever else changes."""


def run(
    name: str,
    target: Target,
    step: Step,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource] = (),
) -> remote.Command:
    """Register a command on a host.

    Its output is never logged, and secret unless a caller says otherwise; nothing of a former run is sent to
    the next; it ends after `step.seconds`; it runs anew on another instance, and is not undone on a gone one.
    """
    return remote.Command(
        name,
        connection=target.route.connection(),
        create=limited(step.argv, step.seconds),
        stdin=step.stdin,
        triggers=list(step.triggers) or [target.instance_id],
        logging=remote.Logging.NONE,
        add_previous_output_in_env=False,
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=[target.ends_with, *depends_on],
            deleted_with=target.ends_with,
            additional_secret_outputs=["stdout", "stderr"],
            ignore_changes=["connection", "create", "stdin"] if step.once else None,
            # Not delete_before_replace: engine 3.259 sees a replaced `ends_with` only among the deletions at the
            # end of an update, and would dial the lost host with an old host key before that.
        ),
    )


def limited(argv: Sequence[str], seconds: int) -> str:
    """Return the words as one shell command that is ended after so many seconds."""
    return shlex.join(["timeout", "--kill-after=10", str(seconds), *argv])
