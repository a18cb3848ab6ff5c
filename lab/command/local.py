"""Running one command on this machine. Source: pulumi-command v1.2.1 local/commandOutputs.go."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from lab.command.capture import Capture, CommandError, Job
from lab.command.engine_log import Log
from lab.command.go_text import quote, system_error

DEFAULT_INTERPRETER = ["/bin/sh", "-c"]
CHUNK = 65536  # bytes read at once


async def run(job: Job, properties: dict[str, Any], log: Log) -> dict[str, str]:
    """Run the job with the resource's interpreter in its folder and return its stdout and stderr.

    Raises:
        CommandError: it could not be started, or ended with an exit code other than 0.
    """
    capture = Capture(job.logging, log.status)
    try:
        process = await _started(job, properties)
    except CommandError as error:
        raise CommandError(f"{error}: running {quote(job.command)}:\n") from error
    try:
        await asyncio.gather(
            _pump(process.stdout, "stdout", capture),
            _pump(process.stderr, "stderr", capture),
            _give(process.stdin, job.stdin),
        )
        code = await process.wait()
    except asyncio.CancelledError:
        process.kill()  # and then it has ended by a signal, which is what the user is told
        code = await process.wait()
    await capture.end()
    if code:
        raise CommandError(f"{_ending(code)}: running {quote(job.command)}:\n{capture.both}")
    return capture.outputs


async def _started(job: Job, properties: dict[str, Any]) -> Process:
    arguments = [*(properties.get("interpreter") or DEFAULT_INTERPRETER), job.command]
    folder = properties.get("dir")
    environment = {**os.environ, **job.environment, **job.previous}
    _check_program(arguments[0])
    if folder is not None and not Path(folder).is_dir():
        raise CommandError(f"chdir {folder}: no such file or directory")
    try:
        return await asyncio.create_subprocess_exec(
            *arguments,
            stdin=PIPE if job.stdin else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=folder,
            env=environment,
        )
    except OSError as error:
        raise CommandError(f"fork/exec {arguments[0]}: {system_error(error)}") from error


def _check_program(program: str) -> None:
    if "/" not in program and shutil.which(program) is None:
        raise CommandError(f"exec: {quote(program)}: executable file not found in $PATH")


async def _pump(stream: asyncio.StreamReader | None, name: str, capture: Capture) -> None:
    while stream and (data := await stream.read(CHUNK)):
        await capture.feed(name, data)


async def _give(stdin: asyncio.StreamWriter | None, text: str) -> None:
    if stdin is None:
        return
    try:
        stdin.write(text.encode())
        await stdin.drain()
        stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        return  # the command ended without reading all of it


def _ending(code: int) -> str:
    """Return how the process ended in the words of Go's os.ProcessState."""
    if code > 0:
        return f"exit status {code}"
    return f"signal: {signal.strsignal(-code) or -code}".lower()
