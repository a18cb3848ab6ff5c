"""What every part of a host's convergence stands on: its memory, its lock, programs run, files replaced whole.

The memory is /var/lib/mysql-pair: small JSON documents, for root alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

MEMORY = Path("/var/lib/mysql-pair")
ROOT = (0, 0)
LOCK_SECONDS = 300
"""More than a run with one restart takes; a run that was cut off goes on without its caller."""


class HostError(Exception):
    """What went wrong, in words for the operator."""


class Difference(TypedDict):
    """Where a host is not as it is to be; never a secret."""

    kind: str
    name: str
    what: str
    expected: str
    found: str


def difference(kind: str, name: str, what: str, expected: object, found: object) -> Difference:
    """Return a difference: of what kind of thing, which one, what of it, and both sides."""
    return {"kind": kind, "name": name, "what": what, "expected": str(expected), "found": str(found)}


def digest(content: bytes) -> str:
    """Return what stands for a file's content where that is not to be shown."""
    return f"sha256 {hashlib.sha256(content).hexdigest()[:16]}"


def recall(name: str) -> Any:
    """Return what was remembered under that name, or None."""
    path = MEMORY / name
    return json.loads(path.read_text()) if path.exists() else None


def remember(name: str, value: Any) -> None:
    """Keep a JSON value for the next run; nothing is written if it is known already."""
    text = json.dumps(value, indent=1, sort_keys=True) + "\n"
    path = MEMORY / name
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(path, text.encode(), 0o600)


def replace(path: Path, content: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Write a file so that whoever opens it sees the old content or the new one, also after a crash.

    Args:
        path: the file.
        content: all of it.
        mode: its permissions.
        owner: user and group id; without them root's.
    """
    # A dot in front: no include folder (sshd's, MySQL's, sudo's, cron's) reads such a name.
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        os.fchown(file.fileno(), *(owner or ROOT))
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was renamed or removed in a folder last through a crash."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def document() -> Any:
    """Return the JSON document on standard input.

    Raises:
        HostError: it is none.
    """
    try:
        return json.load(sys.stdin)
    except json.JSONDecodeError as error:
        raise HostError(f"what is on standard input is no JSON document: {error}") from error


def answer(act: Callable[[Any], Any]) -> int:
    """Print, as JSON, what a script makes of its document, nothing else under way meanwhile; return the exit code."""
    try:
        wanted = document()
        with alone():
            print(json.dumps(act(wanted)))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run(
    argv: Sequence[str], stdin: str = "", seconds: float = 60, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program in the C locale and return what it said, whatever its exit code.

    Raises:
        HostError: it is not there, or did not end in time.
    """
    environment = {**os.environ, "LC_ALL": "C", **(more or {})}
    try:
        return subprocess.run(
            argv, input=stdin, capture_output=True, text=True, check=False, env=environment, timeout=seconds
        )
    except FileNotFoundError as error:
        raise HostError(f"there is no {argv[0]} on this host") from error
    except subprocess.TimeoutExpired as error:
        raise HostError(f"`{' '.join(argv)}` did not end within {seconds:g} seconds") from error


def must(argv: Sequence[str], stdin: str = "", seconds: float = 60, more: Mapping[str, str] | None = None) -> str:
    """Run a program and return its standard output.

    Raises:
        HostError: it failed; its own words are in the message.
    """
    done = run(argv, stdin, seconds, more)
    if done.returncode != 0:
        raise HostError(f"`{' '.join(argv)}` failed ({done.returncode}): {words(done)}")
    return done.stdout


def words(done: subprocess.CompletedProcess[str], lines: int = 15) -> str:
    """Return the end of what a program said on standard error, or else on standard output."""
    return "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-lines:])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Keep every other convergence of this host waiting meanwhile, the timer's too.

    Raises:
        HostError: another one did not end in time.
    """
    MEMORY.mkdir(parents=True, exist_ok=True)
    MEMORY.chmod(0o700)  # the first boot may have made it
    deadline = time.monotonic() + LOCK_SECONDS
    with (MEMORY / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HostError(f"another run on this host did not end within {LOCK_SECONDS} seconds") from None
                time.sleep(0.2)
        yield
