"""Running one command on a host over SSH. Source: pulumi-command v1.2.1 remote/commandOutputs.go."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, cast

import asyncssh
import asyncssh.connection

from lab.command.capture import PREVIOUS, Capture, CommandError, Job
from lab.command.connection import connected
from lab.command.engine_log import Log
from lab.command.go_text import quote

_REFUSED = (
    "Unable to set '{name}'. This only works if your SSH server is configured to accept these variables via "
    "AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could prefix the "
    "command itself with the variables in the form 'VAR=value command'"
)

_SIGNALS = {
    "ABRT": 6,
    "ALRM": 14,
    "FPE": 8,
    "HUP": 1,
    "ILL": 4,
    "INT": 2,
    "KILL": 9,
    "PIPE": 13,
    "QUIT": 3,
    "SEGV": 11,
    "TERM": 15,
}


class _Channel(asyncssh.SSHClientChannel[bytes]):
    """A session channel that learns which environment variables the server refuses, before it starts a command.

    asyncssh sends them without asking for an answer; the official provider waits for one. Made for the asyncssh
    version that lab/requirements.txt pins, which has no public way to ask.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.refused_previous: list[str] = []
        self._answers: dict[str, asyncio.Future[bool]] = {}

    def _send_request(self, request: bytes, *args: bytes, want_reply: bool = False) -> None:
        if request == b"env":
            name = args[0][4:].decode()  # an SSH string: four bytes of length, then the text
            self._answers[name] = self._loop.create_future()
            self._request_waiters.append(self._answers[name])
            want_reply = True
        super()._send_request(request, *args, want_reply=want_reply)

    async def _make_request(self, request: bytes, *args: bytes) -> bool | None:
        if request == b"shell":  # asyncssh's reading of an empty command
            request, args = b"exec", (bytes(4),)
        if request == b"exec":
            await self._check_environment()
        return await super()._make_request(request, *args)

    async def _check_environment(self) -> None:
        refused = [name for name, answer in self._answers.items() if not await answer]
        self.refused_previous = [name for name in refused if name in PREVIOUS]
        for name in refused:
            if name not in PREVIOUS:
                self.close()
                raise _VariableRefusedError(name)


# The name under which asyncssh makes a session's channel.
asyncssh.connection.SSHClientChannel = _Channel  # type: ignore[attr-defined, assignment]


class _VariableRefusedError(Exception):
    """The server does not accept an environment variable that `environment` names."""


class _Session(asyncssh.SSHClientSession[bytes]):
    """Puts what arrives into one queue, so that both streams keep their order; None ends it."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()

    def data_received(self, data: bytes, datatype: asyncssh.DataType) -> None:
        stream = "stderr" if datatype == asyncssh.EXTENDED_DATA_STDERR else "stdout"
        self.arrived.put_nowait((stream, data))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncssh's signature
        self.arrived.put_nowait(None)


async def run(job: Job, connection: dict[str, Any], log: Log) -> dict[str, str]:
    """Run the job on the connection's host and return its stdout and stderr.

    Raises:
        CommandError: no connection, a refused environment variable, or an exit code other than 0.
    """
    async with connected(connection, log.status) as client:
        channel, session = await _started(client, job, log)
        with contextlib.suppress(OSError):  # the command may end without reading its standard input
            channel.write(job.stdin.encode())
            channel.write_eof()
        capture = Capture(job.logging, log.status)
        while (arrived := await session.arrived.get()) is not None:
            await capture.feed(*arrived)
        await channel.wait_closed()
        await capture.end()
        if failure := _failure(channel):
            raise CommandError(f"{failure}: running {quote(job.command)}:\n{capture.both}")
        return capture.outputs


async def _started(client: asyncssh.SSHClientConnection, job: Job, log: Log) -> tuple[_Channel, _Session]:
    environment = [f"{name}={value}" for name, value in {**job.environment, **job.previous}.items()]
    try:
        channel, session = await client.create_session(_Session, job.command, env=environment, encoding=None)
    except _VariableRefusedError as refused:
        name = str(refused)
        await log.error(_REFUSED.format(name=name))
        reason = f"could not set environment variable {quote(name)}: ssh: setenv failed"
        raise CommandError(reason) from refused
    except asyncssh.ChannelOpenError as error:
        raise CommandError(f"ssh: rejected: {error.reason}") from error
    channel, session = cast("_Channel", channel), cast("_Session", session)
    for name in channel.refused_previous:
        await log.warning(_REFUSED.format(name=name))
    return channel, session


def _failure(channel: _Channel) -> str | None:
    """Return how the command ended, in golang.org/x/crypto/ssh's words, or None if it ended well."""
    signal = channel.get_exit_signal()
    if signal:
        name, _, message, _ = signal
        reason = f". Reason was: {message}" if message else ""
        return f"Process exited with status {128 + _SIGNALS.get(name, 0)} from signal {name}{reason}"
    status = channel.get_exit_status()
    if status is None:
        return "wait: remote command exited without exit status or exit signal"
    return f"Process exited with status {status}" if status else None
