"""The labs of the measurements: `python -m lab` on them, and the image that their hosts boot from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lab.machine import golden

PROJECT_ROOT = Path(__file__).resolve().parent.parent
SCRIPT = PROJECT_ROOT / "image/provision.sh"


def lab(verb: str, name: str) -> None:
    """Run a verb of `python -m lab`, or stop the measurement with what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "lab", verb, "--lab", name],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"bench: lab {verb} failed\n{done.stdout}{done.stderr}")


def boot_golden(is_golden: bool) -> None:
    """Have hosts boot the golden image from now on, or the plain one, whatever the caller's environment says."""
    if is_golden:
        os.environ[golden.VARIABLE] = str(SCRIPT)
    else:
        os.environ.pop(golden.VARIABLE, None)
