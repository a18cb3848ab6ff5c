"""The host agent as an operator asks it: run over ssh as root, its answer read as JSON."""

from __future__ import annotations

import json
from typing import Any

from scripts.host.constants import AGENT_DIR
from scripts.ssh import COMMAND_SECONDS, Ssh
from scripts.stack import OperatorError

NO_AGENT = ("can't open file", "can't find '__main__' module")
"""Python's words where there is no agent, and where it is of a version without this entry point."""


def ask(ssh: Ssh, host: str, verb: str, spec: str = "", seconds: float = COMMAND_SECONDS) -> Any:
    """Return what a verb of the agent prints; the agent leaves nothing behind. May be called in a thread.

    Args:
        ssh: the ways to the hosts.
        host: the host's name.
        verb: one or two words, like `accounts list`.
        spec: what the verb reads, as JSON.
        seconds: how long it may take.

    Raises:
        OperatorError: the host cannot be reached, has no agent that knows how, or the agent failed.
    """
    # -B: Python keeps no compiled files there, where the agent would have to account for them.
    command = ["sudo", "-n", "python3", "-B", f"{AGENT_DIR}/current", *verb.split()]
    done = ssh.capture(host, command, stdin=spec, seconds=seconds)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if any(words in done.stderr for words in NO_AGENT):
        raise OperatorError(
            f"{host}: the host agent in {AGENT_DIR} is missing or of an older version; `repair` or `pulumi up` puts "
            "it there"
        )
    raise OperatorError(f"{host}: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """Return what the agent said; of a traceback its last line, as when a part of Python is gone from the host."""
    text = stderr.strip()
    return text.splitlines()[-1] if "Traceback" in text else text
