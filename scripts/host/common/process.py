"""Programs that the agent runs, in the C locale."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from scripts.host.common.errors import HostError, TooSlowError

Completed = subprocess.CompletedProcess[str]
Environment = Mapping[str, str]
"""Variables besides the agent's own."""
NO_MORE: Environment = {}
POLL_SECONDS = 1.0


def run(argv: Sequence[str], stdin: str = "", seconds: float = 60, environment: Environment = NO_MORE) -> Completed:
    """Run a program and return what it printed, whatever its exit code.

    Raises:
        TooSlowError: the program did not end in time.
        HostError: there is no such program.
    """
    with _started(argv, environment) as process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise TooSlowError(f"`{' '.join(argv)}` did not end within {seconds:g} seconds") from error
    return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)


def run_while(argv: Sequence[str], progress: Callable[[], object], quiet_seconds: float, seconds: float) -> Completed:
    """Run a program for as long as it gets on, as what `progress` returns tells, and for so many seconds at most.

    It gets on while that, the size of a log for instance, stays the same for `quiet_seconds` at most; see run.
    """
    with _started(argv) as process:
        begun = moved = time.monotonic()
        seen = progress()
        while True:
            try:
                stdout, stderr = process.communicate(timeout=POLL_SECONDS)
                return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)
            except subprocess.TimeoutExpired as error:
                now = time.monotonic()
                if (current := progress()) != seen:
                    seen, moved = current, now
                if now - moved > quiet_seconds or now - begun > seconds:
                    process.kill()
                    raise TooSlowError(f"`{' '.join(argv)}` did not end within {now - begun:.0f} seconds") from error


def must(argv: Sequence[str], stdin: str = "", seconds: float = 60, environment: Environment = NO_MORE) -> str:
    """Run a program and return its standard output, or raise HostError with its own words if it fails."""
    done = run(argv, stdin, seconds, environment)
    if done.returncode != 0:
        raise HostError(f"`{' '.join(argv)}` failed ({done.returncode}): {last_lines(done)}")
    return done.stdout


def last_lines(done: Completed, lines: int = 15) -> str:
    """Return the end of what a program printed on standard error, or else on standard output."""
    return "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-lines:])


def _started(argv: Sequence[str], environment: Environment = NO_MORE) -> subprocess.Popen[str]:
    pipe, variables = subprocess.PIPE, {**os.environ, "LC_ALL": "C", **environment}
    try:
        return subprocess.Popen(
            argv, stdin=pipe, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace", env=variables
        )
    except FileNotFoundError as error:
        raise HostError(f"there is no {argv[0]} on this host") from error
