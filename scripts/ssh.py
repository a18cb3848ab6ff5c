"""ssh to a host of a stack: its key held by a throw-away agent, its host key pinned to the one `up` saw."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.endpoint import Access, Endpoint
from scripts.host.constants import LOGIN_USER
from scripts.stack import OperatorError, Stack, run_in_foreground

KEY_SECONDS = 120
"""How long the agent keeps the key: long enough for a login, short if the agent should be left behind."""
AGENT_SECONDS = 5.0
NO_AGENT = 2
"""ssh-add(1): it could not contact the agent, whose socket is there a moment before it listens."""
CONNECT_SECONDS = 15
COMMAND_SECONDS = 120
SSH_FAILED = 255
KNOWN_HOSTS = "known_hosts"
KEPT_ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
"""Ends a connection that has gone silent after 45 seconds."""


@dataclass(frozen=True)
class Ssh:
    """Ways to the hosts of a stack, as long as `logins` is open."""

    access: Access
    agent: str
    """The socket of the agent that has the key."""
    folder: Path
    """A private folder, gone afterwards; it has known_hosts."""

    def argv(self, host: str, command: Sequence[str], flags: Sequence[str] = ()) -> list[str]:
        """Return ssh's command line for a command on a host; `flags` are more of ssh's own.

        Raises:
            OperatorError: the stack has no such host.
        """
        return ssh_argv(self.access.endpoint(host), self.agent, self.folder / KNOWN_HOSTS, command, flags)

    def run(self, host: str, command: Sequence[str], flags: Sequence[str] = ()) -> int:
        """Run a command on our own standard streams and return its exit code (255: ssh itself failed)."""
        return run_in_foreground(self.argv(host, command, flags))

    def capture(
        self, host: str, command: Sequence[str], stdin: str = "", seconds: float = COMMAND_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and return what it said, whatever its exit code. May be called in a thread.

        Raises:
            OperatorError: the host does not let one in, or did not answer in time.
        """
        argv = self.argv(host, command, KEPT_ALIVE)
        try:
            done = subprocess.run(
                argv, input=stdin, capture_output=True, encoding="utf-8", check=False, timeout=seconds
            )
        except subprocess.TimeoutExpired as error:
            raise OperatorError(f"{host} did not answer within {seconds:g} seconds") from error
        if done.returncode == SSH_FAILED:
            raise OperatorError(f"{host} cannot be reached by ssh: {done.stderr.strip() or 'the connection broke off'}")
        return done

    @contextlib.contextmanager
    def in_background(
        self, host: str, command: Sequence[str], flags: Sequence[str] = (), stdin: str = "", *, seconds: float
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run a command beside us until the block ends; give it, and its first line: "" if it ended without one.

        Args:
            host: the host's name.
            command: the command; Ctrl-C does not reach it.
            flags: more of ssh's own.
            stdin: what the command reads.
            seconds: how long the first line may take.
        """
        process = subprocess.Popen(
            self.argv(host, command, [*KEPT_ALIVE, *flags]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        late = threading.Timer(seconds, process.kill)
        late.start()
        try:
            assert process.stdin and process.stdout  # noqa: S101  they are pipes
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(stdin)
                process.stdin.close()
            line = process.stdout.readline().strip()
            late.cancel()
            yield process, line
        finally:
            late.cancel()
            process.terminate()
            process.wait()


@contextlib.contextmanager
def logins(stack: Stack, key_seconds: int = KEY_SECONDS) -> Iterator[Ssh]:
    """Give the ways to the stack's hosts. In the main thread alone.

    Args:
        stack: the stack.
        key_seconds: how long a login may begin.

    Raises:
        OperatorError: the stack is not up, or there is no key.
    """
    access = Access.of(stack)
    with tempfile.TemporaryDirectory(prefix="mysql-pair-") as name, _ending_well():
        folder = Path(name)
        known_hosts = "".join(f"{name} {host.host_key}\n" for name, host in access.hosts().items())
        (folder / KNOWN_HOSTS).write_text(known_hosts)
        with _agent(folder, access.private_key, key_seconds) as agent:
            yield Ssh(access, agent, folder)


def ssh_argv(
    endpoint: Endpoint, agent: str, known_hosts: Path, command: Sequence[str], flags: Sequence[str] = ()
) -> list[str]:
    """Return ssh's command line: nothing of the operator's own ssh configuration counts."""
    argv = _login(endpoint, agent, known_hosts)
    if endpoint.jump:
        through = [*_login(endpoint.jump, agent, known_hosts), "-W", f"[{endpoint.address}]:{endpoint.port}"]
        argv[1:1] = ["-o", f"ProxyCommand={shlex.join(through)}"]
    argv[1:1] = flags
    return [*argv, *remote_line(command)]


def _login(endpoint: Endpoint, agent: str, known_hosts: Path) -> list[str]:
    """Return the command line that logs in to one host."""
    options = {
        "IdentityAgent": agent,
        "IdentityFile": "none",
        "UserKnownHostsFile": str(known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": endpoint.name,
        "HostKeyAlgorithms": "ssh-ed25519",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "BatchMode": "yes",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "LogLevel": "ERROR",
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", *flags, "-p", str(endpoint.port), f"{LOGIN_USER}@{endpoint.address}"]


def remote_line(command: Sequence[str]) -> list[str]:
    """Return what ssh sends: one word is a line for the host's shell; several are quoted, one by one."""
    if not command:
        return []
    return ["--", command[0] if len(command) == 1 else shlex.join(command)]


@contextlib.contextmanager
def _agent(folder: Path, private_key: str | None, seconds: int) -> Iterator[str]:
    """Give the socket of an agent that holds the key: one of our own, or without a key the operator's."""
    if private_key is None:
        own = os.environ.get("SSH_AUTH_SOCK")
        if not own:
            raise OperatorError(
                "the stack has no sshPrivateKey and there is no ssh agent: start one, or set the key with "
                "`pulumi config set --secret sshPrivateKey`"
            )
        yield own
        return
    socket = folder / "agent"
    agent = subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _add_key(socket, private_key, seconds, agent)
        yield str(socket)
    finally:
        agent.terminate()
        agent.wait()


def _add_key(socket: Path, private_key: str, seconds: int, agent: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + AGENT_SECONDS
    while (code := _ssh_add(socket, private_key, seconds)) == NO_AGENT:
        if agent.poll() is not None or time.monotonic() > deadline:
            raise OperatorError("ssh-agent did not start")
        time.sleep(0.01)
    if code != 0:
        raise OperatorError("ssh-add does not take the stack's sshPrivateKey; set it anew, without a passphrase")


def _ssh_add(socket: Path, private_key: str, seconds: int) -> int:
    added = subprocess.run(
        ["ssh-add", "-q", "-t", str(seconds), "-"],
        input=private_key.strip() + "\n",
        env={**os.environ, "SSH_AUTH_SOCK": str(socket), "SSH_ASKPASS_REQUIRE": "never"},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal it cannot stop to ask for a passphrase
    )
    return added.returncode


@contextlib.contextmanager
def _ending_well() -> Iterator[None]:
    """Make SIGTERM and SIGHUP an ordinary exit, so that the agent ends and the folder goes."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
