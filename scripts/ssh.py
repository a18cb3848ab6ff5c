"""ssh to a host of a stack: its key held by a throw-away agent, its host key pinned to the one `up` saw."""

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.host.constants import LOGIN_USER, SSH_PORT
from scripts.stack import OperatorError, Stack, ended_with_us, run_in_foreground
from scripts.state import State

KEY_SECONDS = 120
"""How long the agent keeps the key: long enough for a login, short if the agent should be left behind."""
AGENT_SECONDS = 5.0
NO_AGENT = 2
"""ssh-add(1): it could not contact the agent, whose socket is there a moment before it listens."""
CONNECT_SECONDS = 15
FAILED = 255
"""Exit code of ssh itself (ssh(1))."""
KNOWN_HOSTS = "known_hosts"
KEPT_ALIVE = ("-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3")
"""Ends a connection that has gone silent after 45 seconds."""


@dataclass(frozen=True)
class Endpoint:
    """One host's sshd. `jump` is the host that it is reached through."""

    name: str
    address: str
    host_key: str
    port: int = SSH_PORT
    jump: "Endpoint | None" = None


@dataclass(frozen=True)
class Access:
    """What it takes to log in to a stack's hosts."""

    state: State
    overrides: Mapping[str, Any]
    """Config's sshEndpoints."""

    def endpoint(self, name: str) -> Endpoint:
        """Return the endpoint of a host by its name."""
        hosts, stack = self.state.hosts, self.state.stack.name
        if not hosts:
            raise OperatorError(f"stack {stack!r} has no hosts yet: {self.state.stack.up_hint()}")
        if name not in hosts:
            raise OperatorError(f"stack {stack!r} has no host {name!r}; it has {', '.join(hosts)}")
        connection, host_key = hosts[name]
        if override := self.overrides.get(name):
            return Endpoint(name, override["host"], host_key, int(override["port"]))
        jump = None
        if proxy := connection.get("proxy"):
            jump = next((other for other, host in hosts.items() if host.host_key in proxy["hostKey"]), None)
            if jump is None:
                raise OperatorError(
                    f"host {name!r} is private and its jump host is gone from stack {stack!r}: set sshEndpoints for it"
                )
        port = int(connection.get("port") or SSH_PORT)
        return Endpoint(name, connection["host"], host_key, port, self.endpoint(jump) if jump else None)

    def client(self, name: str | None) -> str:
        """Return the name of a client host if the stack has it; of the first one without a name."""
        names = [host for host in self.state.hosts if host not in self.state.server_names]
        if not names:
            raise OperatorError(f"stack {self.state.stack.name!r} has no client host to go through")
        if name is not None and name not in names:
            stack = self.state.stack.name
            raise OperatorError(f"stack {stack!r} has no client host {name!r}; it has {', '.join(names)}")
        return name or names[0]


@dataclass(frozen=True)
class Ssh:
    """Ways to the hosts of a stack, as long as `logins` is open."""

    access: Access
    agent: str
    """The socket of the agent that has the key."""
    folder: Path
    """A private folder, gone afterwards; it has known_hosts."""

    def argv(self, host: str, command: Sequence[str], flags: Sequence[str] = ()) -> list[str]:
        """Return ssh's command line for a command on a host; nothing of the operator's own ssh configuration counts.

        Args:
            host: the host's name.
            command: one word is a line for the host's shell; several are quoted, one by one.
            flags: more of ssh's own.
        """
        endpoint = self.access.endpoint(host)
        argv = ["ssh", *flags]
        if endpoint.jump:
            through = ["ssh", *self._login(endpoint.jump), "-W", f"[{endpoint.address}]:{endpoint.port}"]
            argv += ["-o", f"ProxyCommand={shlex.join(through)}"]
        argv += self._login(endpoint)
        if command:
            argv += ["--", command[0] if len(command) == 1 else shlex.join(command)]
        return argv

    def _login(self, endpoint: Endpoint) -> list[str]:
        options = {
            "IdentityAgent": self.agent,
            "IdentityFile": "none",
            "UserKnownHostsFile": str(self.folder / KNOWN_HOSTS),
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
        return ["-F", "none", *flags, "-p", str(endpoint.port), f"{LOGIN_USER}@{endpoint.address}"]

    def run(self, host: str, command: Sequence[str], flags: Sequence[str] = ()) -> int:
        """Run a command on our own standard streams and return its exit code (255: ssh itself failed)."""
        return run_in_foreground(self.argv(host, command, flags))

    @contextlib.contextmanager
    def in_background(
        self, host: str, command: Sequence[str], flags: Sequence[str] = (), stdin: str = "", *, seconds: float
    ) -> Iterator[tuple[subprocess.Popen[str], str]]:
        """Run a command beside us until the block ends; give it, and its first line: "" if it ended without one.

        Ctrl-C does not reach it. `seconds` is how long the first line may take.
        """
        argv = self.argv(host, command, [*KEPT_ALIVE, *flags])
        with ended_with_us(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
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


def last_words(process: subprocess.Popen[str]) -> str:
    """Return why a command in the background ended, or never began: what ssh or the command said."""
    assert process.stderr  # noqa: S101  it is a pipe
    return process.stderr.read().strip() or "no answer"


@contextlib.contextmanager
def logins(stack: Stack, key_seconds: int = KEY_SECONDS) -> Iterator[Ssh]:
    """Give the ways to the stack's hosts, in the main thread alone. A login may begin within `key_seconds`."""
    state = State.of(stack)
    access, private_key = Access(state, stack.config_table("sshEndpoints")), stack.config("sshPrivateKey")
    with tempfile.TemporaryDirectory(prefix="mysql-pair-") as name, _ending_well():
        folder = Path(name)
        known_hosts = "".join(f"{name} {host.host_key}\n" for name, host in state.hosts.items())
        (folder / KNOWN_HOSTS).write_text(known_hosts)
        with _agent(folder, private_key, key_seconds) as agent:
            yield Ssh(access, agent, folder)


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
    argv = ["ssh-agent", "-D", "-a", str(socket)]
    with ended_with_us(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as agent:
        _add_key(socket, private_key, seconds, agent)
        yield str(socket)


def _add_key(socket: Path, private_key: str, seconds: int, agent: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + AGENT_SECONDS
    while True:
        added = subprocess.run(
            ["ssh-add", "-q", "-t", str(seconds), "-"],
            input=private_key.strip() + "\n",
            env={**os.environ, "SSH_AUTH_SOCK": str(socket), "SSH_ASKPASS_REQUIRE": "never"},
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # without a terminal it cannot stop to ask for a passphrase
        )
        if added.returncode == 0:
            return
        if added.returncode != NO_AGENT:
            raise OperatorError("ssh-add does not take the stack's sshPrivateKey; set it anew, without a passphrase")
        if agent.poll() is not None or time.monotonic() > deadline:
            raise OperatorError("ssh-agent did not start")
        time.sleep(0.01)


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
