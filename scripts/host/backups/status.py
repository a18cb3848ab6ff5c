"""The status of the backups: one JSON file that monitoring may read, and drift too. It has no secret."""

import contextlib
import fcntl
import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from scripts.host.backups.repository import FOLDER
from scripts.host.common import atomic_write, state_file
from scripts.host.common.checks import TIME
from scripts.host.common.errors import HostError
from scripts.host.constants import STATUS_FILE

FILE = Path(STATUS_FILE)
UTC = timezone.utc  # noqa: UP017  Python 3.10 on a host
HELD = {
    "log": "the log is being sent",
    "scratch": "a drill or an extraction is under way",
    "restore": "a restore is under way",
}
"""The locks that are not waited for, and what whoever holds one is at."""
ID_FORM = "%Y%m%dT%H%M%SZ"
"""Of a base's id, and of the end in the name of a log file."""


class BusyError(HostError):
    """Another run is at it, or MySQL was stopped: nothing has failed."""


def load() -> dict[str, Any]:
    """Return the status; empty if there is none.

    Its keys: `set_up` (time), `base` and `drill` (the last one that ended well), `base_failure`, `drill_failure` and
    `log_failure` (time and text; null once one went well), `log` (what was sent, and when that was last all there was),
    `gap` (since when and why the log is not complete; null if it is), `progress` (of a restore, a drill or an extract
    that is under way; null without one). Of a member of a group also `chosen_since` (when it became the one that makes
    bases; null if it is not), `newest_base` (when the group's newest was begun, as far as this one knows), `gap_seen`
    (since when the log may have a gap, which is looked at; null if it has none).
    """
    status: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return status


def update(**parts: Any) -> None:
    """Replace parts of the status."""
    with held("status", wait=True):
        FILE.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        text = json.dumps({**load(), **parts}, indent=1, sort_keys=True) + "\n"
        if not FILE.exists() or FILE.read_text() != text:
            atomic_write.write(FILE, text.encode(), 0o644)


@contextlib.contextmanager
def failures_of(part: str) -> Iterator[None]:
    """Write down what fails in the block, and that nothing does."""
    try:
        yield
    except BusyError:
        raise
    except (HostError, OSError) as error:
        # On a full disk the text cannot be kept either; what failed is to be told first.
        with contextlib.suppress(OSError):
            update(**{f"{part}_failure": {"at": now(), "text": str(error)}})
        raise
    update(**{f"{part}_failure": None})


@contextlib.contextmanager
def held(name: str, wait: bool = False) -> Iterator[None]:
    """Hold a lock of this room's.

    Raises:
        BusyError: another run holds it, and it is not to be waited for.
    """
    folder = state_file.FOLDER / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise BusyError(f"{HELD[name]} on this host already: wait until that has ended") from None
        yield


def now() -> str:
    """Return the time as the status has it."""
    return written(datetime.now(UTC))


def written(moment: datetime) -> str:
    """Return a UTC time as specs, manifests and the status have it."""
    return moment.strftime(TIME)


def parsed(text: str) -> datetime:
    """Return the time that such a text has, or an id."""
    return datetime.strptime(text, TIME if "-" in text else ID_FORM).replace(tzinfo=UTC)


def age(text: str) -> float:
    """Return how many seconds ago a time was."""
    return (datetime.now(UTC) - parsed(text)).total_seconds()
