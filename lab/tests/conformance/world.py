"""The host the cases run on: a real sshd on 127.0.0.1, keys, an agent, and ports that misbehave in known ways."""

from __future__ import annotations

import contextlib
import getpass
import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.testing.ports import free_port
from lab.testing.ssh_agent import agent
from lab.tests.conformance.case import Secret

SSHD = "/usr/sbin/sshd"

SSHD_CONFIG = """\
Port {port}
Port {strict_port}
ListenAddress 127.0.0.1
HostKey {folder}/host_ed25519
HostKey {folder}/host_rsa
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
AllowTcpForwarding yes
PermitOpen 127.0.0.1:{port} 127.0.0.1:{closed}
LogLevel ERROR
MaxStartups {max_startups}
# Or bash takes itself for a login and reads this machine's ~/.bashrc, which may speak.
SetEnv SHLVL=1
Match LocalPort {port}
    AcceptEnv LAB_* PULUMI_COMMAND_*
"""


@dataclass
class World:
    """What the @TOKENS@ of the rows stand for, and what the ports have seen."""

    folder: Path
    values: dict[str, Any]
    dials: dict[str, int] = field(default_factory=dict)

    def fill(self, value: Any, case: str) -> Any:
        """Return the value with every token in it replaced; a token alone keeps its type."""
        if isinstance(value, dict):
            return {key: self.fill(item, case) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, case) for item in value]
        if isinstance(value, Secret):
            return Secret(self.fill(value.value, case))
        if not isinstance(value, str):
            return value
        known = {**self.values, "@DIR@": str(self.effects(case))}
        if value in known:
            return known[value]
        for token, text in known.items():
            value = value.replace(token, str(text))
        return value

    def effects(self, case: str) -> Path:
        """Return the folder the case's commands may write to."""
        folder = self.folder / "effects" / case
        folder.mkdir(parents=True, exist_ok=True)
        return folder


@contextlib.contextmanager
def started(folder: Path, max_startups: str = "10:30:100") -> Iterator[World]:
    """Yield a running world whose files are in the folder, and end it afterwards.

    Args:
        folder: where its files go.
        max_startups: sshd's MaxStartups. By its default, of many dials at once some are dropped at random.
    """
    with contextlib.ExitStack() as running:
        port, strict_port, closed = (free_port() for _ in range(3))
        keys = _keys(folder)
        config = folder / "sshd_config"
        ports = {"port": port, "strict_port": strict_port, "closed": closed}
        config.write_text(SSHD_CONFIG.format(folder=folder, max_startups=max_startups, **ports))
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # sshd's own chroot for its unprivileged child
        running.enter_context(_process([SSHD, "-D", "-e", "-f", str(config)], folder / "sshd.log"))
        for listening in (port, strict_port):
            _await_port(listening)
        world = World(folder, keys)
        world.values |= {
            "@HOST@": "127.0.0.1",
            "@USER@": getpass.getuser(),
            "@PORT@": port,
            "@STRICT_PORT@": strict_port,
            "@CLOSED@": closed,
            "@SILENT@": running.enter_context(_silent_port()),
            "@DEAF@": running.enter_context(_deaf_port(world, "@DEAF@", None, port)),
            "@FLAKY@": running.enter_context(_deaf_port(world, "@FLAKY@", 3, port)),
            "@AGENT@": running.enter_context(agent(folder, folder / "agent")),
        }
        yield world


def _keys(folder: Path) -> dict[str, Any]:
    made = {
        "host_ed25519": _key(folder, "host_ed25519", "ed25519"),
        "host_rsa": _key(folder, "host_rsa", "rsa"),
        "other": _key(folder, "other", "ed25519"),
        "user": _key(folder, "user", "ed25519"),
        "user_rsa": _key(folder, "user_rsa", "rsa"),
        "user_pem": _key(folder, "user_pem", "rsa", "-m", "PEM"),
        "locked": _key(folder, "locked", "ed25519", passphrase="open sesame"),
        "agent": _key(folder, "agent", "ed25519"),
    }
    allowed = ("user", "user_rsa", "user_pem", "locked", "agent")
    (folder / "authorized_keys").write_text("".join(made[name][1] for name in allowed))
    return {
        **{f"@KEY_{name.upper()}@": private for name, (private, _) in made.items()},
        **{f"@PUBLIC_{name.upper()}@": public for name, (_, public) in made.items()},
    }


def _key(folder: Path, name: str, kind: str, *more: str, passphrase: str = "") -> tuple[str, str]:
    file = folder / name
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(file), *more]
    subprocess.run(command, check=True)
    return file.read_text(), file.with_suffix(".pub").read_text()


@contextlib.contextmanager
def _process(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield
        finally:
            process.terminate()


@contextlib.contextmanager
def _silent_port() -> Iterator[int]:
    """Yield a port that answers no TCP connect: its queue of connections is full and nobody takes them."""
    with contextlib.ExitStack() as open_sockets:
        server = open_sockets.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = open_sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@contextlib.contextmanager
def _deaf_port(world: World, name: str, refusals: int | None, target: int) -> Iterator[int]:
    """Yield a port that hangs up at once the first `refusals` times (None: always), then passes on to `target`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        world.dials[name] = 0

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                world.dials[name] += 1
                if refusals is None or world.dials[name] <= refusals:
                    client.close()
                else:
                    _pass_on(client, target)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _pass_on(client: socket.socket, target: int) -> None:
    other = socket.create_connection(("127.0.0.1", target))
    for source, sink in ((client, other), (other, client)):
        threading.Thread(target=_copy, args=(source, sink), daemon=True).start()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _await_port(port: int) -> None:
    for _ in range(250):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")
