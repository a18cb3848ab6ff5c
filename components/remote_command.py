"""How a command is run on a host: the house rules around pulumi_command's remote.Command, said once."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_command import remote

SSH_USER = "ubuntu"
SSH_PORT = 22
DIALS = 3
"""A host that has answered before answers at once, and a wrong host key is a failed dial too: it must be told, not
retried."""
DIALS_BEHIND_JUMP = 0
"""Behind a proxy pulumi-command tries the handshake again on the channel that the first one has closed: it can only
fail, and hides the reason."""
FIRST_DIALS = 90
"""Of a host that is still booting: about 7 minutes of refused dials (pulumi-command waits up to 5 s between two)."""
DIAL_SECONDS = 15


@dataclass(frozen=True)
class Target:
    """A host that commands run on.

    `ends_with` is what no command outlives: the instance for the commands of the first contact, the readiness gate
    for all others. An instance that was lost is only created anew, which deletes nothing; but its gate is replaced,
    and then no command tries to undo its work on the new host, which is not the one it was done on.
    `host_key` is the pinned public key; None where a host is not known yet, and then no secret is sent.
    `private_key` is None for the agent at SSH_AUTH_SOCK: the provider finds its path, so no diff shows it.
    `jump` is the host that this one is reached through.
    """

    ends_with: pulumi.Resource
    instance_id: pulumi.Output[str]
    address: pulumi.Input[str]
    private_key: pulumi.Input[str] | None
    port: int = SSH_PORT
    host_key: pulumi.Output[str] | None = None
    jump: Target | None = None

    def connection(self) -> remote.ConnectionArgs:
        """Return how pulumi-command reaches this host."""
        return remote.ConnectionArgs(
            host=self.address,
            port=float(self.port),
            user=SSH_USER,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=self._dials(),
            per_dial_timeout=DIAL_SECONDS,
            proxy=self.jump.as_proxy() if self.jump else None,
        )

    def _dials(self) -> int:
        if self.jump:
            return DIALS_BEHIND_JUMP
        return FIRST_DIALS if self.host_key is None else DIALS

    def as_proxy(self) -> remote.ProxyConnectionArgs:
        """Return how pulumi-command reaches another host through this one."""
        return remote.ProxyConnectionArgs(
            host=self.address,
            port=float(self.port),
            user=SSH_USER,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=DIALS,
            per_dial_timeout=DIAL_SECONDS,
        )


@dataclass(frozen=True)
class Step:
    """What a command does.

    Args:
        create: argv of creation and of every change.
        seconds: how long a run may take.
        stdin: the only way in for a secret.
        delete: argv of deletion; it gets the same standard input.
        triggers: what replaces the command when it changes, besides the instance's id. No secrets.
        once: run on a new instance only, whatever else changes.
    """

    create: Sequence[str]
    seconds: int = 60
    stdin: pulumi.Input[str] | None = None
    delete: Sequence[str] | None = None
    triggers: Sequence[pulumi.Input[str]] = field(default_factory=tuple)
    once: bool = False


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
        connection=target.connection(),
        create=limited(step.create, step.seconds),
        delete=limited(step.delete, step.seconds) if step.delete else None,
        stdin=step.stdin,
        triggers=[target.instance_id, *step.triggers],
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
