"""What a stack's commands were last given and what they answered, from its state: what the stack says is there.

Secrets are in plain here, so nothing of it is written or shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.stack import Stack

COMMAND = "command:remote:Command"
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which pulumi marks a value that is more than JSON (sdk/go/common/resource/sig)."""
CONVERGED, TOOLS, LOGINS = "-converged", "-tools", "-logins"
SERVER, CERTIFICATE, ACCOUNTS = "server", "server-certificate", "accounts-applied"


@dataclass(frozen=True)
class Command:
    """A remote command."""

    urn: str
    stdin: str
    stdout: str


@dataclass(frozen=True)
class Commands:
    """The stack's remote commands, by resource name."""

    by_name: Mapping[str, Command]

    @classmethod
    def of(cls, stack: Stack) -> Commands:
        """Read them.

        Raises:
            OperatorError: the state cannot be read.
        """
        found = [it for it in stack.resources() if it["type"] == COMMAND and not it.get("delete")]
        return cls(
            {
                it["urn"].split("::")[-1]: Command(
                    it["urn"],
                    plain(it.get("inputs", {}).get("stdin")) or "",
                    plain(it.get("outputs", {}).get("stdout")) or "",
                )
                for it in found
            }
        )

    @property
    def hosts(self) -> list[str]:
        """The hosts that were converged, the server first."""
        names = [name.removesuffix(CONVERGED) for name in self.by_name if name.endswith(CONVERGED)]
        return sorted(names, key=lambda name: (name != SERVER, name))

    def wanted(self, host: str) -> dict[str, Any]:
        """Return what scripts/host/differences.py compares a converged host with."""
        tools = self.by_name.get(f"{host}{TOOLS}")
        certificate = self.by_name.get(CERTIFICATE) if host == SERVER else None
        return {
            "converged": json.loads(self.by_name[f"{host}{CONVERGED}"].stdin),
            "certificate": {
                "identity": json.loads(certificate.stdin),
                "authority": json.loads(certificate.stdout)["ca_certificate"],
            }
            if certificate
            else None,
            "tools": json.loads(tools.stdin) if tools else {},
        }

    @property
    def mending(self) -> list[str]:
        """The URNs of the commands that put hosts right, and of those that try the logins then.

        None has a delete, so to replace one only runs it again.
        """
        names = [f"{host}{part}" for host in self.hosts for part in (TOOLS, CONVERGED)]
        names += [CERTIFICATE, ACCOUNTS, *(f"{host}{LOGINS}" for host in self.hosts)]
        return [self.by_name[name].urn for name in names if name in self.by_name]


def plain(value: Any) -> Any:
    """Return a value of the state, out of its wrapping if it is a secret."""
    if isinstance(value, dict) and SIGNATURE in value:
        return json.loads(value["plaintext"]) if "plaintext" in value else None
    return value
