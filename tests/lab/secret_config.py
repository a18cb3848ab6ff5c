"""Secrets in a stack's config, set as an operator would."""

from __future__ import annotations

import subprocess

from lab.engine import environment
from tests import PROJECT_ROOT
from tests.lab.pair import Pair


def set_secret(pair: Pair, path: str, value: str) -> None:
    """Set a secret of the stack's config, by standard input; `path` is as `pulumi config set --path` takes it."""
    done = subprocess.run(
        ["pulumi", "config", "set", "--secret", "--path", f"mysql-pair:{path}"],
        cwd=PROJECT_ROOT,
        env=environment.variables(pair.lab),
        input=value,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
