"""What the program says of the logins that a client host tries."""

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
    databases: tuple[str, ...]
    """Those that the user should see."""


@dataclass(frozen=True)
class GroupCheckSpec:
    """Who is asked whether a group has a primary."""

    addresses: tuple[str, ...]
    """The members'."""
    digest: str
    """Another one whenever something of the members is to be changed: then they are asked."""


@dataclass(frozen=True)
class LoginCheckSpec:
    """Where MySQL is, and who should be able to log in."""

    host: str
    port: int
    read_port: int
    """Where a group's readers are; of one server the same as `port`."""
    logins: tuple[LoginSpec, ...]
