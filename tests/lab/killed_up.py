"""`python -m lab up`, killed on the way."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from lab.testing.processes import running, wait_for
from tests import PROJECT_ROOT


def killed_when(reached: Callable[[], bool], name: str) -> None:
    """Start `lab up`, and kill it with all that it started, but the hosts, once something is reached."""
    up = subprocess.Popen(
        [sys.executable, "-m", "lab", "up", "--lab", name],
        cwd=PROJECT_ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(reached, up, seconds=240)
    deadline = time.monotonic() + 30
    # By session: one that is started while others are killed is found the next time. A host's is its own.
    while left := sorted(process.pid for process in running() if process.session == up.pid):
        assert time.monotonic() < deadline
        for pid in left:
            with contextlib.suppress(ProcessLookupError):  # one that has just ended by itself
                os.kill(pid, signal.SIGKILL)
    up.wait()
    time.sleep(0.5)  # open files are closed
