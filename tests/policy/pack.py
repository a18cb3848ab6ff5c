"""The pack's own virtual environment, made as a user makes it: `pulumi install` in the pack's folder."""

from __future__ import annotations

import fcntl
import subprocess
from collections.abc import Mapping

from lab.settings import cache_folder
from tests import PROJECT_ROOT

PACK = PROJECT_ROOT / "policy"
LAB_CONFIG = PACK / "lab.json"
REQUIREMENTS = PACK / "requirements.txt"
INSTALLED = PACK / ".venv" / "installed-by-tests.txt"
"""The requirements of the last installation: it takes half a minute, and nobody changes them often."""


def install(variables: Mapping[str, str]) -> None:
    """Make the pack ready to run, once, in an environment that has a lab's `pulumi` on its PATH."""
    with (cache_folder() / "policy.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(variables)


def _install(variables: Mapping[str, str]) -> None:
    required = REQUIREMENTS.read_text()
    if INSTALLED.exists() and INSTALLED.read_text() == required:
        return
    done = subprocess.run(
        ["pulumi", "install"], cwd=PACK, env=variables, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    INSTALLED.write_text(required)
