"""`tunnel USER --port P`: a port of this machine that leads to the server's MySQL, by way of a client host."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import threading
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from urllib.parse import quote, urlsplit

from scripts.accounts import entry_of
from scripts.ssh import CONNECT_SECONDS, KEPT_ALIVE, Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.verb import CLIENT, USER, Argument, Verb

HERE = "127.0.0.1"
OPEN = "open"
OPEN_SECONDS = 2 * CONNECT_SECONDS


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Keep the tunnel open until it is ended; return 0 after Ctrl-C."""
    url = entry_of(stack.secret_output("connection_strings"), arguments.user, stack.name)
    refuse_taken(arguments.port)
    with logins(stack) as ssh:
        host, outputs = ssh.access.client(arguments.host), ssh.access.outputs
        ca_file = ssh.folder / "ca.pem"
        ca_file.write_text(outputs["mysql_ca_certificate"])
        to = f"{outputs['mysql_host']}:{outputs['mysql_port']:.0f}"
        words = f"{HERE}:{arguments.port} leads to {to} by way of {host}; Ctrl-C ends it."
        return keep_open(ssh, host, arguments.port, to, f"{words}\n{how_to_use(url, arguments, ca_file, stack.name)}")


def refuse_taken(port: int) -> None:
    """Refuse a port that cannot be listened on.

    Raises:
        OperatorError: it cannot.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HERE, port))
        except PermissionError as error:
            raise OperatorError(f"port {port} of this machine is root's: choose one from 1024 on") from error
        except OSError as error:
            raise OperatorError(f"port {port} of this machine is taken: choose another --port") from error


def keep_open(ssh: Ssh, host: str, port: int, to: str, words: str) -> int:
    """Open the tunnel, say the words, and wait for its end.

    Raises:
        OperatorError: it did not open, or broke off.
    """
    # ssh runs the local command when the way is open and the port is listened on: nobody has to knock at MySQL.
    flags = [*KEPT_ALIVE, "-N", "-L", f"{HERE}:{port}:{to}"]
    for option in ("ExitOnForwardFailure=yes", "PermitLocalCommand=yes", f"LocalCommand=echo {OPEN}"):
        flags += ["-o", option]
    ended = False
    tunnel: subprocess.Popen[str] | None = None

    def end(*_: int | FrameType | None) -> None:
        nonlocal ended
        ended = True
        if tunnel:
            tunnel.terminate()

    before = signal.signal(signal.SIGINT, end)
    # Of its own session: Ctrl-C comes here alone, and ssh has nothing to say about it.
    tunnel = subprocess.Popen(
        ssh.argv(host, [], flags),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    late = threading.Timer(OPEN_SECONDS, tunnel.kill)
    late.start()
    try:
        assert tunnel.stdout and tunnel.stderr  # noqa: S101  they are pipes
        if tunnel.stdout.readline().strip() == OPEN:
            late.cancel()
            print(words, flush=True)
        said = tunnel.stderr.read().strip()
        tunnel.wait()
    finally:
        late.cancel()
        tunnel.terminate()
        tunnel.wait()
        signal.signal(signal.SIGINT, before)
    if ended:
        return 0
    raise OperatorError(f"the tunnel through {host} broke off: {said or 'no answer'}")


def how_to_use(url: str, arguments: Namespace, ca_file: Path, stack: str) -> str:
    """Return what one needs to know, without the password."""
    parts = urlsplit(url)
    tls = f"ssl-mode=VERIFY_CA&ssl-ca={quote(str(ca_file), safe='')}"
    return f"""\
  mysql://{parts.username}@{HERE}:{arguments.port}{parts.path}?{tls}
The password is in
  pulumi stack output connection_strings --show-secrets --stack {stack}
{ca_file} is there as long as the tunnel is. The server's certificate names its private address
and not {HERE}, so it is VERIFY_CA here and not VERIFY_IDENTITY. That is enough: the authority signs for this one
server alone, and its key never leaves the server's disk."""


def port_number(text: str) -> int:
    """Return a TCP port.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no TCP port, 1 to 65535")
    return int(text)


VERB = Verb(
    name="tunnel",
    help="forward a port of this machine to the server's MySQL, through a client host",
    description="Prints the connection string to use, without the password. Ctrl-C ends it.",
    arguments=[
        USER,
        Argument("--port", "the port on 127.0.0.1", metavar="P", type=port_number, required=True),
        CLIENT,
    ],
    run=run,
)
