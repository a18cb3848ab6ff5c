"""How a command is run on a host: the way there by ssh, and the house rules around pulumi_command's remote.Command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pulumi
from pulumi_command import remote

from scripts.host.constants import LOGIN_USER, SSH_PORT

Trigger = pulumi.Input[str] | Mapping[str, pulumi.Input[str]]
DIALS = 3
"""A host that has answered before answers at once, and a wrong host key is a failed dial too: it must be reported, not
retried."""
DIALS_BEHIND_JUMP = 0
"""Behind a proxy pulumi-command tries the handshake again on the channel that the first one has closed: it can only
fail, and hides the reason."""
FIRST_DIALS_BEHIND_JUMP = 10
"""About 11 seconds in which a new host's port may be closed: the first boot restarts sshd after it has greeted. The key
is not pinned yet, so none can be wrong."""
FIRST_DIALS = 90
"""Of a host that is still booting: about 7 minutes of refused dials (pulumi-command waits up to 5 s between two)."""
DIAL_SECONDS = 15


@dataclass(frozen=True)
class SshRoute:
    """The way to a host's sshd."""

    address: pulumi.Input[str]
    host_key: pulumi.Input[str] | None = None
    """The pinned public key; None for a host that is not known yet, to which no secret is sent."""
    private_key: pulumi.Input[str] | None = None
    """None for the agent at SSH_AUTH_SOCK. The provider finds its path itself: in the program's inputs, another path in
    another session would be a change in every preview."""
    port: int = SSH_PORT
    user: str = LOGIN_USER
    jump: "SshRoute | None" = None

    @cached_property
    def shared_connection(self) -> pulumi.Output[remote.ConnectionArgs]:
        """How pulumi-command reaches the host, which the SDK puts together once for all of its commands."""
        return pulumi.Output.from_input(self.connection())

    def connection(self) -> remote.ConnectionArgs:
        """Return how pulumi-command reaches the host."""
        if self.jump:
            proxy = remote.ProxyConnectionArgs(**self.jump._fields(), dial_error_limit=DIALS)
            dials = FIRST_DIALS_BEHIND_JUMP if self.host_key is None else DIALS_BEHIND_JUMP
            return remote.ConnectionArgs(**self._fields(), dial_error_limit=dials, proxy=proxy)
        dials = FIRST_DIALS if self.host_key is None else DIALS
        return remote.ConnectionArgs(**self._fields(), dial_error_limit=dials)

    def _fields(self) -> dict[str, Any]:
        """Return what a host and a jump host have in common."""
        return {
            "host": self.address,
            "port": float(self.port),
            "user": self.user,
            "private_key": self.private_key,
            "host_key": self.host_key,
            "per_dial_timeout": DIAL_SECONDS,
        }


@dataclass(frozen=True)
class Target:
    """A host that commands run on.

    `ends_with` is what no command outlives: the instance for the commands of the first contact, the readiness check
    for all others. An instance that was lost is only created anew, which deletes nothing; but its readiness check is
    replaced, and then no command tries to undo its work on the new host, which is not the one it was done on.
    """

    name: str
    route: SshRoute
    instance_id: pulumi.Output[str]
    ends_with: pulumi.Resource

    def run(
        self,
        name: str,
        argv: Sequence[str],
        seconds: int,
        stdin: pulumi.Input[str],
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
        triggers: Sequence[Trigger] = (),
        once: bool = False,
    ) -> remote.Command:
        """Register a command of creation and of every change.

        Its output is never logged, and secret unless a caller says otherwise; nothing of a former run is sent to
        the next; it runs anew on another instance, and is not undone on a gone one.

        Args:
            seconds: how long a run may take.
            stdin: the only way in for a secret.
            triggers: what replaces the command when it changes, no secrets; the instance's id if none is given.
            once: whether it runs on a new instance only, whatever else changes.
        """
        return remote.Command(
            name,
            connection=self.route.shared_connection,
            create=limited(argv, seconds),
            stdin=stdin,
            triggers=list(triggers) or [self.instance_id],
            logging=remote.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(
                parent=parent,
                depends_on=[self.ends_with, *depends_on],
                deleted_with=self.ends_with,
                additional_secret_outputs=["stdout", "stderr"],
                ignore_changes=["connection", "create", "stdin"] if once else None,
                # Not delete_before_replace: engine 3.259 sees a replaced `ends_with` only among the deletions at the
                # end of an update, and would dial the lost host with an old host key before that.
            ),
        )


def limited(argv: Sequence[str], seconds: int) -> str:
    """Return the words as one shell command that is ended after so many seconds."""
    return shlex.join(["timeout", "--kill-after=10", str(seconds), *argv])
