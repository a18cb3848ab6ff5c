"""Reaching a host over SSH as the official provider does: keys, agent, host key, proxy, and how often it dials.

Source: pulumi-command v1.2.1 remote/connection.go; the error texts are golang.org/x/crypto/ssh v0.48.0's.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import asyncssh

from lab.command.capture import CommandError, Tell
from lab.command.go_text import endpoint, system_error, words

T = TypeVar("T")
FIRST_DELAY = 0.1  # seconds between two dials, growing by half each time; Pulumi's util/retry/until.go
LONGEST_DELAY = 5.0
LOGIN_TIMEOUT = 120  # seconds; the official provider waits for ever for a server that accepts and never answers

_REJECTIONS = {1: "administratively prohibited", 2: "connect failed"}


class _DialError(Exception):
    """One dial failed; the text is the official provider's."""


@dataclass(frozen=True)
class Login:
    """One end of a connection: the host, or the proxy before it."""

    host: str
    port: int
    user: str
    password: str | None
    private_key: str | None
    private_key_password: str | None
    agent_socket: str | None
    dial_error_limit: int
    """-1 means no limit."""
    per_dial_timeout: int
    """Seconds for one TCP connect; 0 means no limit."""
    host_key: str | None

    @classmethod
    def of(cls, connection: dict[str, Any]) -> Login:
        """Return the login for a connection's (or a proxy's) properties, defaults already filled in."""
        return cls(
            host=connection["host"],
            port=int(connection["port"]),
            user=connection["user"],
            password=connection.get("password"),
            private_key=connection.get("privateKey"),
            private_key_password=connection.get("privateKeyPassword"),
            agent_socket=connection.get("agentSocketPath") or os.environ.get("SSH_AUTH_SOCK") or None,
            dial_error_limit=int(connection["dialErrorLimit"]),
            per_dial_timeout=int(connection["perDialTimeout"]),
            host_key=connection.get("hostKey"),
        )

    @property
    def endpoint(self) -> str:
        """Host and port as error messages show them."""
        return endpoint(self.host, self.port)


@asynccontextmanager
async def connected(connection: dict[str, Any], tell: Tell) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """Yield an open connection and close it, and its proxy's, afterwards.

    Args:
        connection: the `connection` property in plain Python.
        tell: shows "Dial 1/10 failed: retrying" and the like.

    Raises:
        CommandError: it cannot be had.
    """
    login = Login.of(connection)
    async with AsyncExitStack() as opened:
        options = await _options(login, opened)
        proxy = connection.get("proxy")
        if proxy is None:
            client = await _retried("Dial", login, tell, lambda: _dial(login, options))
        else:
            client = await _by_proxy(Login.of(proxy), login, options, opened, tell)
        opened.push_async_callback(_close, client)
        yield client


async def _by_proxy(
    proxy: Login, login: Login, options: dict[str, Any], opened: AsyncExitStack, tell: Tell
) -> asyncssh.SSHClientConnection:
    try:
        proxy_options = await _options(proxy, opened)
        jump = await _retried("Dial proxy", proxy, tell, lambda: _dial(proxy, proxy_options))
        opened.push_async_callback(_close, jump)
        handshake = await _retried("Dial from proxy", login, tell, lambda: _dial_from(jump, login, options))
        return await _retried("Dial", login, tell, handshake)
    except CommandError as error:
        raise CommandError(f"proxy: {error}") from error


async def _retried(label: str, login: Login, tell: Tell, dial: Callable[[], Awaitable[T]]) -> T:
    """Dial until it succeeds or has failed once more often than the limit allows."""
    limit = login.dial_error_limit
    delay = FIRST_DELAY
    for dials in itertools.count(1):
        try:
            return await dial()
        except _DialError as error:
            if limit > -1 and dials > limit:
                raise CommandError(f"after {dials - 1} failed attempts: {error}") from error
            await tell(f"{label} {dials}/{'inf' if limit == -1 else limit} failed: retrying")
        await asyncio.sleep(min(delay, LONGEST_DELAY))
        delay *= 1.5
    raise AssertionError("count() has no end")


async def _dial(login: Login, options: dict[str, Any]) -> asyncssh.SSHClientConnection:
    opened = await _tcp(login)
    with _handshake_errors(options):
        return await asyncssh.run_client(opened, **options)


async def _dial_from(
    jump: asyncssh.SSHClientConnection, login: Login, options: dict[str, Any]
) -> Callable[[], Awaitable[asyncssh.SSHClientConnection]]:
    """Reach a host from the proxy, and return the handshake with it.

    The official provider repeats that one on the same channel, which the first failure has closed: only a channel
    that does not open is dialled again.
    """
    outcome: asyncssh.SSHClientConnection | _DialError
    try:
        with _handshake_errors(options):
            outcome = await asyncssh.connect(login.host, login.port, tunnel=jump, **options)
    except asyncssh.ChannelOpenError as error:
        raise _DialError(f"ssh: rejected: {_REJECTIONS.get(error.code, error.code)} ({error.reason})") from error
    except _DialError as error:
        outcome = error
    once = iter([outcome])

    async def handshake() -> asyncssh.SSHClientConnection:
        outcome = next(once, _DialError("ssh: handshake failed: EOF"))
        if isinstance(outcome, _DialError):
            raise outcome
        return outcome

    return handshake


async def _tcp(login: Login) -> socket.socket:
    """Connect within the login's time limit, which covers this alone and not the SSH handshake."""
    label = f"dial tcp {login.endpoint}"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(login.per_dial_timeout or None):
            addresses = await loop.getaddrinfo(login.host, login.port, type=socket.SOCK_STREAM)
            return await _first_reached(addresses)
    except TimeoutError as error:
        raise _DialError(f"{label}: i/o timeout") from error
    except socket.gaierror as error:
        raise _DialError(f"dial tcp: lookup {login.host}: no such host") from error
    except OSError as error:
        raise _DialError(f"{label}: connect: {system_error(error)}") from error


async def _first_reached(addresses: list[tuple[Any, ...]]) -> socket.socket:
    """Return a socket connected to the first address that answers; the last one's error if none does."""
    *others, last = addresses
    for address in others:
        try:
            return await _reached(address)
        except OSError:
            continue
    return await _reached(last)


async def _reached(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, _, target = address
    opened = socket.socket(family, kind, protocol)
    opened.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(opened, target)
    except BaseException:
        opened.close()
        raise
    return opened


@contextmanager
def _handshake_errors(options: dict[str, Any]) -> Iterator[None]:
    """Turn what can go wrong between the TCP connection and the open session into the official texts."""
    try:
        yield
    except asyncssh.ChannelOpenError:
        raise
    except asyncssh.Error as error:
        raise _DialError(f"ssh: handshake failed: {_handshake_text(error, options)}") from error
    except OSError as error:
        text = _hung_up(options, system_error(error))
        raise _DialError(f"ssh: handshake failed: {text}") from error


def _handshake_text(error: asyncssh.Error, options: dict[str, Any]) -> str:
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "ssh: host key mismatch"
    if isinstance(error, asyncssh.PermissionDenied):
        tried = words(["none", *options["preferred_auth"]])
        return f"ssh: unable to authenticate, attempted methods {tried}, no supported methods remain"
    if isinstance(error, asyncssh.ConnectionLost):
        return _hung_up(options, "EOF")
    return f"ssh: disconnect, reason {error.code}: {error.reason}"


def _hung_up(options: dict[str, Any], text: str) -> str:
    """Return what to say of a server that hung up in the handshake.

    asyncssh does not look whether its host key algorithms suit the server, which then hangs up. Where an RSA key is
    pinned, this is so with every OpenSSH since 8.8, and the user should be told.
    """
    if options["server_host_key_algs"] != ["ssh-rsa"]:
        return text
    return f"ssh: no common algorithm for host key; we offered: [ssh-rsa], then: {text}. Pin the ed25519 key instead"


async def _options(login: Login, opened: AsyncExitStack) -> dict[str, Any]:
    """Return asyncssh's options for this login; nothing is read from the user's own SSH configuration."""
    host_key = _host_key(login)
    keys: list[Any] = []
    if login.private_key is not None:
        keys = [_private_key(login.private_key, login.private_key_password)]
    if login.agent_socket:
        # Reached even when a private key is given, which alone is then offered: the official provider tries the
        # method `publickey` once, and fails where the agent cannot be reached.
        offered = await _agent_keys(login.agent_socket, opened)
        keys = keys or offered
    return {
        "username": login.user,
        "client_keys": keys or None,
        "password": login.password,
        "preferred_auth": _methods(login),
        "known_hosts": ([host_key], [], []) if host_key else None,
        "server_host_key_algs": [host_key.get_algorithm()] if host_key else (),
        "agent_path": None,
        "config": None,
        "login_timeout": LOGIN_TIMEOUT,
    }


def _methods(login: Login) -> list[str]:
    public_key = ["publickey"] if login.private_key is not None or login.agent_socket else []
    password = ["password", "keyboard-interactive"] if login.password is not None else []
    first_key = login.private_key is not None
    return [*public_key, *password] if first_key else [*password, *public_key]


def _host_key(login: Login) -> asyncssh.SSHKey | None:
    if login.host_key is None:
        return None
    try:
        return asyncssh.import_public_key(login.host_key)
    except asyncssh.KeyImportError as error:
        raise CommandError("failed to parse host key: ssh: no key found") from error


def _private_key(text: str, password: str | None) -> asyncssh.SSHKey:
    try:
        key = asyncssh.import_private_key(text)
    except asyncssh.KeyEncryptionError as error:
        raise CommandError("x509: decryption password incorrect") from error
    except asyncssh.KeyImportError as error:
        if "Passphrase" not in str(error):
            raise CommandError("ssh: no key found") from error
        if password is None:
            raise CommandError("ssh: this private key is passphrase protected") from error
        return _encrypted_key(text, password)
    if password is not None:
        raise CommandError("ssh: key is not password protected")
    return key


def _encrypted_key(text: str, password: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(text, password)
    except asyncssh.KeyEncryptionError as error:
        raise CommandError("x509: decryption password incorrect") from error
    except asyncssh.KeyImportError as error:
        raise CommandError("ssh: no key found") from error


async def _agent_keys(path: str, opened: AsyncExitStack) -> list[asyncssh.SSHKeyPair]:
    try:
        agent = await asyncssh.connect_agent(path)
        opened.push_async_callback(_close, agent)
        return list(await agent.get_keys())
    except OSError as error:
        raise CommandError(f"dial unix {path}: connect: {system_error(error)}") from error


async def _close(opened: asyncssh.SSHClientConnection | asyncssh.SSHAgentClient) -> None:
    opened.close()
    await opened.wait_closed()
