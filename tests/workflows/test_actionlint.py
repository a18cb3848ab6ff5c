"""actionlint reads the workflows: contexts, expressions, inputs of actions, and the shell lines by shellcheck."""

from __future__ import annotations

import os
import subprocess

from tests import PROJECT_ROOT

MODULE = PROJECT_ROOT / "tools" / "actionlint"


def test_actionlint_finds_nothing() -> None:
    files = sorted(map(str, (PROJECT_ROOT / ".github" / "workflows").glob("*.yml")))
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    done = subprocess.run(
        ["go", "tool", "actionlint", *files],
        cwd=MODULE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
