"""The lock that one run of the agent holds at a time."""

import contextlib
import fcntl
import time
from collections.abc import Iterator

from scripts.host.common import state_file
from scripts.host.common.errors import HostError

SECONDS = 300
"""More than a run with one restart takes; a run that was cut off goes on without its caller."""


@contextlib.contextmanager
def exclusive() -> Iterator[None]:
    """Keep every other run of the agent on this host waiting meanwhile, the timer's too.

    Raises:
        HostError: another run did not end in time.
    """
    state_file.FOLDER.mkdir(parents=True, exist_ok=True)
    state_file.FOLDER.chmod(0o700)  # the first boot may have made it
    deadline = time.monotonic() + SECONDS
    # install.py locks the same file.
    with (state_file.FOLDER / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise HostError(f"another run on this host did not end within {SECONDS} seconds") from None
                time.sleep(0.05)
        yield
