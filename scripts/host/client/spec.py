"""What the program says of the logins that a client host tries, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LoginSpec:
    """A user to be tried."""

    key: str
    name: str
    host: str
    """The account's host part."""
    password: str = field(repr=False)
    locked: bool
    """Whether the login is to be refused because the account is locked."""
    needs_certificate: bool
    """Whether the account asks for a client certificate, which no client host has: the login is not tried."""
    databases: tuple[str, ...]
    """Those that the user should see."""


@dataclass(frozen=True)
class LoginCheckSpec:
    """Where MySQL is, and who should be able to log in."""

    host: str
    port: int
    logins: tuple[LoginSpec, ...]


@dataclass(frozen=True)
class LoginCheckAnswer:
    """Whose logins were tried."""

    tried: tuple[str, ...]
    """Keys of users."""
    not_tried: Mapping[str, str]
    """By the key of another user: why its login could not succeed from this host."""
