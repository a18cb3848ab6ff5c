"""A plugin's process ends with its engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.engine.plugins import IMPORT_FOLDER
from lab.testing.processes import running, wait_for

ENGINE = """
import subprocess, sys, time
plugin = "import time; from lab import plugin_process as p; p.end_with_the_engine(); print(flush=True); time.sleep(60)"
started = subprocess.Popen([sys.executable, "-c", plugin], stdout=subprocess.PIPE)
started.stdout.readline()
print(started.pid, flush=True)
time.sleep(60)
"""


def runs(pid: int) -> bool:
    return pid in {process.pid for process in running()}


@pytest.mark.parametrize("end", ["the engine is killed", "the engine asks"])
def test_a_plugin_ends(end: str) -> None:
    engine = subprocess.Popen([sys.executable, "-c", ENGINE], cwd=IMPORT_FOLDER, stdout=subprocess.PIPE, text=True)
    with engine:
        assert engine.stdout
        plugin = int(engine.stdout.readline())
        assert runs(plugin)
        if end == "the engine is killed":
            engine.kill()
        else:
            subprocess.run(["kill", "-INT", str(plugin)], check=True)
        wait_for(lambda: not runs(plugin), seconds=20)
        engine.kill()
