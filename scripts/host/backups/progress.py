"""How far a restore or a drill is: a line in the journal now and then, and the last one in the status."""

import contextlib
import syslog
import time
from collections.abc import Iterator

from scripts.host.backups import status

NAME = "mysql-pair-restore"
"""Of the lines: journalctl --identifier."""
EVERY_SECONDS = 15.0
GIB = 1 << 30


class Progress:
    """Counts what is done of a whole, in bytes."""

    def __init__(self, what: str, total: int) -> None:
        """Begin."""
        self._what, self._total = what, total
        self._done, self._begun = 0, time.monotonic()
        self._told = self._begun
        tell(f"{what}: {total / GIB:.2f} GiB")

    def add(self, size: int) -> None:
        """Count so many bytes more."""
        self._done += size
        if (now := time.monotonic()) - self._told >= EVERY_SECONDS:
            self._told = now
            tell(self.text(now - self._begun))

    def text(self, seconds: float) -> str:
        """Return how far it is after so many seconds."""
        share = min(self._done / max(self._total, 1), 1.0)
        left = seconds * (1 - share) / share if share else 0.0
        return f"{self._what}: {share:.0%} of {self._total / GIB:.2f} GiB, about {left / 60:.0f} min to go"


def tell(text: str) -> None:
    """Say where it is."""
    syslog.openlog(NAME)
    syslog.syslog(text)
    # On a full disk the restore itself is to say so.
    with contextlib.suppress(OSError):
        status.update(progress={"text": text, "at": status.now()})


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Have the status say nothing of it any more after the block."""
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            status.update(progress=None)
