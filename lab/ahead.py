"""Build what takes longest, the engine and the S3 server, while the lab's Python packages are still being installed.

Standard library alone; `python3 -m lab.ahead`. What needs one of them later waits for it.
"""

from __future__ import annotations

import shutil
import sys

from lab.engine import build as engine
from lab.s3 import build as s3
from lab.settings import LabError


def main() -> None:
    """Build both, one after the other, as each is built on all cores; where there is no Go, `lab setup` says so."""
    if not shutil.which("go"):
        return
    try:
        engine.ensure_engine()
        s3.ensure()
    except LabError as error:
        sys.exit(f"lab: {error}")


if __name__ == "__main__":
    main()
