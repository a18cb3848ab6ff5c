"""The S3 server: versitygw, built from its Go module and cached."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab.engine.go_program import GoProgram

PROGRAM = GoProgram(
    title="the S3 server",
    module=Path(__file__).parent / "module",
    package="github.com/versity/versitygw/cmd/versitygw",
    needs=r"github\.com/versity/versitygw v([0-9.]+)",
    cache="versitygw",
    expected="about a minute on two cores; once, then cached",
    disk="about 1 GB in Go's caches (GOMODCACHE, GOCACHE) and 0.1 GB in the lab's (XDG_CACHE_HOME)",
    # Where it tells of events, and a gateway to another cloud, are a quarter of the work.
    left_out=Path(__file__).parent / "left_out",
)


def prepare() -> None:
    """Build the server where that can be done; where it cannot, the first that needs it says why."""
    if shutil.which("go"):
        ensure()


def ensure() -> Path:
    """Return the server, from the cache or built now.

    Raises:
        LabError: there is no Go, or the build fails.
    """
    return PROGRAM.ensure()
