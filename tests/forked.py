"""`python -m MODULE` as a fork of the tests' own process, which has imported it: a start costs a tenth of one anew."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from tests import PROJECT_ROOT


def start(module: str, *words: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
    """Start a module with these words, in this environment or ours; the options are those of Popen.

    It is a process of its own with streams, signals and an exit code. What a fork does not show is that the module
    finds all that it imports: each has a test that starts it anew. It is not for use beside threads that hold locks.
    """
    argv = [sys.executable, "-m", module, *words]

    def instead_of_exec() -> None:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # our ends of its pipes, which exec would close
        if env is not None:
            os.environ.clear()
            os.environ.update(env)
        os._exit(_code_of(module, words))

    # Popen connects the streams, changes the folder, and calls this where it would exec next.
    return subprocess.Popen(argv, preexec_fn=instead_of_exec, **{"cwd": PROJECT_ROOT, "text": True, **options})


def run(
    module: str, *words: str, stdin: str = "", env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a module so and return what came of it; standard error is apart unless the options say something else."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with start(module, *words, env=env, **pipes) as process:
        try:
            out, err = process.communicate(stdin, timeout=30)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _code_of(module: str, words: tuple[str, ...]) -> int:
    """Run a module as a Python that has just begun does, and return its exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Those of before are pytest's, which captures what is written to them.
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [module, *words]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code: object = 0
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = 120  # as Python's own end has it
    return code or 0
