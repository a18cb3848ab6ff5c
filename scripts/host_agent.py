"""The host agent as an operator asks it, over ssh as root."""

import json
import subprocess
from typing import Any

from scripts.host.constants import AGENT_DIR
from scripts.ssh import FAILED, KEPT_ALIVE, Ssh
from scripts.stack import OperatorError

NO_AGENT = ("can't open file", "can't find '__main__' module")
"""Python's words where there is no agent, and where it is of a version without this entry point."""


def ask(ssh: Ssh, host: str, verb: str, spec: str, seconds: float) -> Any:
    """Return what a verb of the agent prints that reads a spec as JSON. May be called in a thread.

    Raises:
        OperatorError: the host cannot be reached, has no agent that knows how, or the agent failed.
    """
    # -B: Python keeps no compiled files there, where the agent would have to account for them.
    command = ["sudo", "-n", "python3", "-B", f"{AGENT_DIR}/current", *verb.split()]
    argv = ssh.argv(host, command, KEPT_ALIVE)
    try:
        done = subprocess.run(argv, input=spec, capture_output=True, encoding="utf-8", check=False, timeout=seconds)
    except subprocess.TimeoutExpired as error:
        raise OperatorError(f"{host} did not answer within {seconds:g} seconds") from error
    if done.returncode == 0:
        return json.loads(done.stdout)
    reason = done.stderr.strip()
    if done.returncode == FAILED:
        raise OperatorError(f"{host} cannot be reached by ssh: {reason or 'the connection broke off'}")
    if any(words in reason for words in NO_AGENT):
        raise OperatorError(
            f"{host}: the host agent in {AGENT_DIR} is missing or of an older version; `repair` or `pulumi up` puts "
            "it there"
        )
    # Of a traceback its last line, as when a part of Python is gone from the host.
    raise OperatorError(f"{host}: {reason.splitlines()[-1] if 'Traceback' in reason else reason}")
