"""Programs that the agent runs, in the C locale."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from scripts.host.common.errors import HostError


def run(
    argv: Sequence[str], stdin: str = "", seconds: float = 60, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it printed, whatever its exit code.

    Args:
        argv: the program and its arguments.
        stdin: its standard input.
        seconds: how long it may take.
        environment: variables besides the agent's own.

    Raises:
        HostError: the program is not there, or did not end in time.
    """
    try:
        return subprocess.run(
            argv,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            timeout=seconds,
        )
    except FileNotFoundError as error:
        raise HostError(f"there is no {argv[0]} on this host") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"`{' '.join(argv)}` did not end within {seconds:g} seconds") from error


def must(
    argv: Sequence[str], stdin: str = "", seconds: float = 60, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program and return its standard output.

    Raises:
        HostError: the program failed; its own words are in the message.
    """
    done = run(argv, stdin, seconds, environment)
    if done.returncode != 0:
        raise HostError(f"`{' '.join(argv)}` failed ({done.returncode}): {last_lines(done)}")
    return done.stdout


def last_lines(done: subprocess.CompletedProcess[str], lines: int = 15) -> str:
    """Return the end of what a program printed on standard error, or else on standard output."""
    return "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-lines:])
