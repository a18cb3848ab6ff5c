"""ssh to a host of a stack: its key held by a throw-away agent, its host key pinned to the one `up` saw."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.endpoint import Endpoint, find_endpoint
from scripts.stack import OperatorError, Stack

LOGIN = "ubuntu"
KEY_SECONDS = "120"
"""How long the agent keeps the key: long enough for a login, short if the agent should be left behind."""
AGENT_SECONDS = 5.0
CONNECT_SECONDS = 15


def run_ssh(stack: Stack, host: str, command: Sequence[str]) -> int:
    """Open a shell on a host, or run a command there, and return its exit code (255: ssh itself failed).

    Raises:
        OperatorError: no such host, the stack is not up, or there is no key.
    """
    endpoint = find_endpoint(stack, host)
    private_key = stack.config("sshPrivateKey")
    with tempfile.TemporaryDirectory(prefix="mysql-pair-") as name, _ending_well():
        folder = Path(name)
        known_hosts = folder / "known_hosts"
        hosts = [endpoint, *([endpoint.jump] if endpoint.jump else [])]
        known_hosts.write_text("".join(f"{one.name} {one.host_key}\n" for one in hosts))
        with _agent(folder, private_key) as agent:
            return _passed_through(ssh_argv(endpoint, agent, known_hosts, command))


def ssh_argv(endpoint: Endpoint, agent: str, known_hosts: Path, command: Sequence[str]) -> list[str]:
    """Return ssh's command line: nothing of the operator's own ssh configuration counts."""
    argv = _login(endpoint, agent, known_hosts)
    if endpoint.jump:
        through = [*_login(endpoint.jump, agent, known_hosts), "-W", f"[{endpoint.address}]:{endpoint.port}"]
        argv[1:1] = ["-o", f"ProxyCommand={shlex.join(through)}"]
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
    return ["ssh", "-F", "none", *flags, "-p", str(endpoint.port), f"{LOGIN}@{endpoint.address}"]


def remote_line(command: Sequence[str]) -> list[str]:
    """Return what ssh sends: one word is a line for the host's shell; several are quoted, one by one."""
    if not command:
        return []
    return ["--", command[0] if len(command) == 1 else shlex.join(command)]


@contextlib.contextmanager
def _agent(folder: Path, private_key: str | None) -> Iterator[str]:
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
        _wait_for(socket, agent)
        _add_key(socket, private_key)
        yield str(socket)
    finally:
        agent.terminate()
        agent.wait()


def _wait_for(socket: Path, agent: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + AGENT_SECONDS
    while not socket.exists():
        if agent.poll() is not None or time.monotonic() > deadline:
            raise OperatorError("ssh-agent did not start")
        time.sleep(0.01)


def _add_key(socket: Path, private_key: str) -> None:
    added = subprocess.run(
        ["ssh-add", "-q", "-t", KEY_SECONDS, "-"],
        input=private_key.strip() + "\n",
        env={**os.environ, "SSH_AUTH_SOCK": str(socket), "SSH_ASKPASS_REQUIRE": "never"},
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # without a terminal it cannot stop to ask for a passphrase
    )
    if added.returncode != 0:
        raise OperatorError("ssh-add does not take the stack's sshPrivateKey; set it anew, without a passphrase")


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


def _passed_through(argv: Sequence[str]) -> int:
    """Run ssh on our own standard streams and return its exit code, as a shell would count a signal."""
    # Ctrl-C goes to the whole foreground group: ssh ends by it, and this process waits for ssh. A handler and
    # not SIG_IGN, which ssh would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    ssh = subprocess.Popen(argv)
    try:
        code = ssh.wait()
    finally:
        if ssh.poll() is None:
            ssh.terminate()
            ssh.wait()
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 else 128 - code
