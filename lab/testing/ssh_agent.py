"""A real ssh agent for a test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ADD_ONCE_IT_ANSWERS = 'until ssh-add -l >/dev/null 2>&1; [ $? != 2 ]; do sleep 0.1; done; exec ssh-add -q "$@"'
"""2: nobody listens yet, the socket there or not."""


@contextmanager
def agent(folder: Path, *keys: Path) -> Iterator[str]:
    """Run an ssh agent that holds these keys, and give its socket, which is in the folder."""
    socket = folder / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        add = ["sh", "-c", ADD_ONCE_IT_ANSWERS, "add", *map(str, keys)]
        subprocess.run(add, env={**os.environ, "SSH_AUTH_SOCK": str(socket)}, check=True, timeout=30)
        yield str(socket)
    finally:
        process.terminate()
        process.wait()
