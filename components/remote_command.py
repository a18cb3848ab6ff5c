"""How a command is run on a host: the house rules around pulumi_command's remote.Command, said once."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
from pulumi_command import remote

HOST_SCRIPTS = Path(__file__).resolve().parent.parent / "scripts" / "host"
TOOL_FOLDER = "/usr/local/lib/mysql-pair"

SSH_USER = "ubuntu"
DIALS = 10
"""A known host answers at once; a wrong key or host key counts as a failed dial too and must end."""
FIRST_DIALS = 90
"""The readiness gate's: about 7 minutes of refused dials (pulumi-command waits up to 5 s between two)."""
DIAL_SECONDS = 15


@dataclass(frozen=True)
class Target:
    """A host that commands run on.

    `ends_with` is what no command outlives: the instance for the readiness gate, the gate for all others. An
    instance that was lost is only created anew, which deletes nothing; but its gate is replaced, and then no
    command tries to undo its work on the new host, which is not the one it was done on.
    `host_key` is the pinned public key; None for the gate alone, which is what finds it out.
    `private_key` is None for the agent at SSH_AUTH_SOCK: the provider finds its path, so no diff shows it.
    """

    ends_with: pulumi.Resource
    instance_id: pulumi.Output[str]
    address: pulumi.Output[str]
    private_key: pulumi.Input[str] | None
    host_key: pulumi.Output[str] | None = None

    def connection(self) -> remote.ConnectionArgs:
        """Return how pulumi-command reaches this host."""
        return remote.ConnectionArgs(
            host=self.address,
            user=SSH_USER,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=FIRST_DIALS if self.host_key is None else DIALS,
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
    """

    create: Sequence[str]
    seconds: int = 60
    stdin: pulumi.Input[str] | None = None
    delete: Sequence[str] | None = None
    triggers: Sequence[pulumi.Input[str]] = field(default_factory=tuple)


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
            # Not delete_before_replace: engine 3.259 sees a replaced `ends_with` only among the deletions at the
            # end of an update, and would dial the lost host with an old host key before that.
        ),
    )


def limited(argv: Sequence[str], seconds: int) -> str:
    """Return the words as one shell command that is ended after so many seconds."""
    return shlex.join(["timeout", "--kill-after=10", str(seconds), *argv])


@dataclass(frozen=True)
class Tool:
    """A file of scripts/host that stays on a host; another content is another path, and runs anew."""

    path: str
    installed: remote.Command


def install_tool(name: str, target: Target, file: str, parent: pulumi.Resource) -> Tool:
    """Put a file of scripts/host on a host, for root to read and everyone to run."""
    text = (HOST_SCRIPTS / file).read_text()
    path = tool_path(file, text)
    # The name appears with its content complete: `mv` within a folder is atomic.
    script = f"mkdir -p {TOOL_FOLDER} && cat >{path}.new && chmod 755 {path}.new && mv {path}.new {path}"
    step = Step(create=["sudo", "-n", "sh", "-c", script], stdin=text)
    return Tool(path, run(name, target, step, parent))


def tool_path(file: str, text: str) -> str:
    """Return where a tool of that file name and content lies on a host."""
    return f"{TOOL_FOLDER}/{hashlib.sha256(text.encode()).hexdigest()[:12]}-{file}"
