"""`python -m MODULE` as a fork of the tests' own process, which has imported it: a start costs a tenth of one anew."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from tests import PROJECT_ROOT


def start(module: str, *words: str, env: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[str]:
    """Start a module with these words, in this environment or ours; the options are those of Popen.

    It is a process of its own with streams, signals and an exit code. What a fork does not show is that the module
    finds all that it imports: each has a test that starts it anew. It is not for use beside threads that hold locks.
    Where processes share all tests out, it is started anew: one that has served gRPC before ends a fork of it by abort.
    """
    argv = [sys.executable, "-m", module, *words]
    options = {"cwd": PROJECT_ROOT, "text": True, **options}
    if "PYTEST_XDIST_WORKER" in os.environ:
        return subprocess.Popen(argv, env=env, **options)
    name = f"{module}.__main__" if hasattr(import_module(module), "__path__") else module
    import_module(name)  # once, with all that it imports

    def instead_of_exec() -> None:
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # our ends of its pipes, which exec would close
        if env is not None:
            os.environ.clear()
            os.environ.update(env)
        os._exit(_code_of(name, words))

    # Popen connects the streams, changes the folder, and calls this where it would exec next.
    return subprocess.Popen(argv, preexec_fn=instead_of_exec, **options)


def run(
    module: str, *words: str, stdin: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a module so to its end, within half a minute, and return what came of it."""
    pipe = subprocess.PIPE
    with start(module, *words, env=env, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            out, err = process.communicate(stdin, timeout=30)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _code_of(name: str, words: tuple[str, ...]) -> int:
    """Run a module as a Python that has just begun does, and return its exit code."""
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Those of before are pytest's, which captures what is written to them.
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [name, *words]
    del sys.modules[name]  # it is run, and not only imported
    code: object = None
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    sys.stdout.flush()
    return code or 0
