"""A copy of the example project in a temporary folder, with the suite's own packages in place of an installation."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tests import PROJECT_ROOT

EXAMPLE = PROJECT_ROOT / "examples" / "consumer"
OWNERS = ("venv", "Pulumi.*.yaml", "__pycache__")
"""What whoever follows the README has in the example's own folder."""
VARIABLES = {"PYTHONPATH": str(PROJECT_ROOT)}
"""In which stack_outputs is found as if it were installed."""


def copied(folder: Path) -> Path:
    """Copy the example into a folder and return the copy; its `venv`, as Pulumi.yaml calls it, is the suite's."""
    copy = folder / "consumer"
    shutil.copytree(EXAMPLE, copy, ignore=shutil.ignore_patterns(*OWNERS))
    (copy / "venv").symlink_to(sys.prefix)
    return copy
