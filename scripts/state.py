"""What a stack's commands were last given and what they answered, from its state: what the stack says is there.

Secrets are in plain here, so nothing of it is written or shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from scripts.stack import Stack

COMMAND = "command:remote:Command"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which pulumi marks a value that is more than JSON (sdk/go/common/resource/sig)."""
INSTALL, CONVERGE, CERTIFY = "install", "converge", "certify"
APPLY_ACCOUNTS, CHECK_LOGINS = "accounts apply", "check-logins"
REPAIRING = (INSTALL, CONVERGE, CERTIFY, APPLY_ACCOUNTS, CHECK_LOGINS)
"""Verbs that put hosts and MySQL right, and try the logins then; `install` puts the host agent on a host.

None of their commands has a delete, so to replace one only runs it again.
"""


@dataclass(frozen=True)
class Command:
    """A command that runs a verb of the host agent."""

    urn: str
    host: str
    verb: str
    stdin: str
    stdout: str

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Self | None:
        """Return what a resource of the state is, None if it runs no verb of the agent: its first trigger says so."""
        inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
        trigger = next(iter(plain(inputs.get("triggers")) or []), None)
        if (
            resource["type"] != COMMAND
            or resource.get("delete")
            or not (isinstance(trigger, dict) and "verb" in trigger)
        ):
            return None
        stdin, stdout = plain(inputs.get("stdin")) or "", plain(outputs.get("stdout")) or ""
        return cls(resource["urn"], trigger["host"], trigger["verb"], stdin, stdout)


@dataclass(frozen=True)
class Commands:
    """The stack's commands that run a verb of the host agent."""

    commands: Sequence[Command]

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Read them."""
        return cls([command for command in map(Command.of, stack.resources()) if command])

    def find(self, verb: str, host: str | None = None) -> Command | None:
        """Return the command that runs a verb, on this host or on whichever it is."""
        matching = (command for command in self.commands if command.verb == verb and host in (None, command.host))
        return next(matching, None)

    def diff_spec(self, host: str) -> dict[str, Any] | None:
        """Return the DiffSpec of a host, a ServerDiffSpec of the server; None if the host was never converged."""
        install, converge, certify = (self.find(verb, host) for verb in (INSTALL, CONVERGE, CERTIFY))
        if converge is None:
            return None
        spec = {"host": json.loads(converge.stdin), "agent": json.loads(install.stdin) if install else {}}
        if "mysql" in spec["host"]:
            spec["certificate"] = json.loads(certify.stdin) if certify else None
            spec["authority"] = json.loads(certify.stdout)["ca_certificate"] if certify else None
        return spec

    @property
    def repairing(self) -> list[str]:
        """The URNs of the commands that a repair runs again."""
        return [command.urn for command in self.commands if command.verb in REPAIRING]


def plain(value: Any) -> Any:
    """Return a value of the state, out of its wrapping if it is a secret."""
    if isinstance(value, dict) and SIGNATURE in value:
        return json.loads(value["plaintext"]) if "plaintext" in value else None
    return value
