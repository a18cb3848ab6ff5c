"""`tunnel USER --port P`: a port of this machine that leads to MySQL, or a group's proxy, by way of a client host."""

import contextlib
import socket
from pathlib import Path
from typing import Annotated
from urllib.parse import quote, urlsplit

import typer

from scripts.host.constants import PROXY_ADDRESS
from scripts.ssh import CONNECT_SECONDS, Ssh, last_words, logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, ClientHost, StackName, User
from stack_outputs.forms import url

LOOPBACK = "127.0.0.1"
OPEN = "open"
OPEN_SECONDS = 2 * CONNECT_SECONDS
ONE_SERVER = f""" The server's certificate names its private address
and not {LOOPBACK}, so it is VERIFY_CA here and not VERIFY_IDENTITY. That is enough: the authority signs for this one
server alone, and its key never leaves the server's disk."""


Port = Annotated[int, typer.Option(min=1, max=65535, help=f"The port on {LOOPBACK}.")]


def tunnel(user: User, port: Port, host: ClientHost = None, stack: StackName = DEFAULT_STACK) -> None:
    """Forward a port of this machine to the server's MySQL, through a client host; of a group to the primary's.

    Prints the connection string to use, without the password. Ctrl-C ends the tunnel.
    """
    refuse_taken(port)
    with logins(Stack(stack)) as ssh:
        state, client = ssh.access.state, ssh.access.client(host)
        login, ca_file = state.login(user), ssh.folder / "ca.pem"
        ca_file.write_text(state.ca_certificate)
        server = f"{login.host}:{login.port}"
        by_proxy = login.host == PROXY_ADDRESS
        way = f"MySQL by way of {client}'s proxy" if by_proxy else f"{server} by way of {client}"
        words = f"{LOOPBACK}:{port} leads to {way}; Ctrl-C ends it."
        keep_open(ssh, client, port, server, f"{words}\n{how_to_use(url(login), port, ca_file, stack)}")


def refuse_taken(port: int) -> None:
    """Refuse a port that cannot be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError as error:
            raise OperatorError(f"port {port} of this machine is root's: choose one from 1024 on") from error
        except OSError as error:
            raise OperatorError(f"port {port} of this machine is taken: choose another --port") from error


def keep_open(ssh: Ssh, host: str, port: int, server: str, words: str) -> None:
    """Open the tunnel, say the words, and wait for Ctrl-C."""
    # ssh runs the local command when the way is open and the port is listened on: nobody has to knock at MySQL.
    flags = ["-N", "-L", f"{LOOPBACK}:{port}:{server}"]
    for option in ("ExitOnForwardFailure=yes", "PermitLocalCommand=yes", f"LocalCommand=echo {OPEN}"):
        flags += ["-o", option]
    with (
        contextlib.suppress(KeyboardInterrupt),
        ssh.in_background(host, [], flags, seconds=OPEN_SECONDS) as (process, line),
    ):
        if line == OPEN:
            print(words, flush=True)
        raise OperatorError(f"the tunnel through {host} broke off: {last_words(process)}")


def how_to_use(login_url: str, port: int, ca_file: Path, stack: str) -> str:
    """Return what one needs to know, without the password."""
    parts = urlsplit(login_url)
    # Where client hosts have a proxy, the certificate names its address.
    mode, why = ("VERIFY_IDENTITY", "") if parts.hostname == LOOPBACK else ("VERIFY_CA", ONE_SERVER)
    return f"""\
  mysql://{parts.username}@{LOOPBACK}:{port}{parts.path}?ssl-mode={mode}&ssl-ca={quote(str(ca_file), safe="")}
The password is in
  pulumi stack output connection_strings --show-secrets --stack {stack}
{ca_file} is there as long as the tunnel is.{why}"""
