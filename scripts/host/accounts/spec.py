"""What the program says of databases, roles and users: one shape from config through the components to the server.

Each field's check is in its metadata; config has the field under the same name in camelCase.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from scripts.host.accounts.host_parts import host_part
from scripts.host.accounts.names import (
    ANYWHERE,
    CHARSET,
    Account,
    account_key,
    account_name,
    charset,
    collation,
    database_name,
    identifier,
    is_collation_of,
)
from scripts.host.accounts.targets import GrantSpec as GrantSpec  # a part of the other specs
from scripts.host.accounts.targets import hidden
from scripts.host.common.checks import (
    InvalidValueError,
    checked,
    flag,
    matching,
    nearest,
    one_line,
    repeated,
    whole,
)
from scripts.host.common.codec import SpecFault

PLUGINS = ("caching_sha2_password", "mysql_native_password", "sha256_password")
"""The default first."""
COMMENT_LENGTH = 512
"""Characters. MySQL has no bound of its own but the packet's."""
PASSWORD_BYTES = 256
"""The plugins take no more (MAX_PLAINTEXT_LENGTH)."""
UNSIGNED = 2**32 - 1
"""The most that the columns of resource limits hold; one more becomes 0 without a word (seen on 9.7.4)."""
UNBOUNDED = -1
"""Of `password_lock_time_days`: the account stays locked until it is unlocked."""
client_name = matching(r"[a-z][a-z0-9-]*", "is no client host and no group of them", "Write a name like web")
REQUIRE_MODES = ("NONE", "SSL", "X509", "SPECIFIED")
CERTIFICATE_FIELDS = ("subject", "issuer", "cipher")


def plugin(raw: object) -> str:
    """Return the name of an authentication plugin for passwords."""
    if raw not in PLUGINS:
        hint = nearest(str(raw), PLUGINS, f"Write {PLUGINS[0]}")
        raise InvalidValueError(f"{raw!r} is no plugin for passwords", hint)
    return str(raw)


def password(raw: object) -> str:
    """Return a password; what is said of another never repeats it."""
    if not isinstance(raw, str):
        raise InvalidValueError("is not text", "Write it in quotation marks")
    try:
        size = len(raw.encode())
    except UnicodeEncodeError as error:
        hint = "Write whole ones: JSON's \\ud800 and the like come in pairs"
        raise InvalidValueError("has half a character", hint) from error
    if size > PASSWORD_BYTES:
        raise InvalidValueError(f"has {size} bytes in UTF-8", f"MySQL's plugins take at most {PASSWORD_BYTES}")
    return raw


def lock_time(raw: object) -> int:
    """Return days, UNBOUNDED for the word."""
    if raw in ("unbounded", UNBOUNDED):
        return UNBOUNDED
    return whole(0, 32767, " days, or unbounded")(raw)


@dataclass(frozen=True)
class DatabaseSpec:
    """A database. MySQL cannot rename one, so its name is its identity."""

    name: str = checked(database_name)
    charset: str = checked(charset, default=CHARSET)
    """Its default character set, changed in place; the tables there are keep theirs."""
    collation: str | None = checked(collation, default=None)
    """Its default collation; None for the character set's own."""
    drop: bool = checked(flag, default=False)
    """Whether it is dropped, with everything in it. One that is only taken out of the program stays."""

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        if self.collation and not is_collation_of(self.collation, self.charset):
            wrong = f"{self.collation} is no collation of {self.charset}"
            hint = f"Choose one like {self.charset}_bin, or set charset too"
            yield SpecFault("collation", wrong, hint, ("charset",))


@dataclass(frozen=True)
class RoleSpec:
    """A role: grants under a name, for users to have. Its host part is '%'."""

    key: str = checked(account_key)
    """What the stack calls it for good."""
    name: str = checked(account_name)
    """At most 32 characters. MySQL cannot rename a role: another name makes another role, and drops the former one."""
    grants: tuple[GrantSpec, ...] = ()
    """All that it holds; what else it has is revoked."""

    @property
    def account(self) -> Account:
        """The role's account."""
        return Account(self.name, ANYWHERE)

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        yield from hidden(self.grants)


@dataclass(frozen=True)
class RequireSpec:
    """What TLS a login needs (MySQL manual, "CREATE USER SSL/TLS Options")."""

    mode: str = "NONE"
    """NONE, SSL, X509, or SPECIFIED for the fields below."""
    subject: str | None = checked(one_line(2048), default=None)
    issuer: str | None = checked(one_line(2048), default=None)
    cipher: str | None = checked(matching(r"[A-Za-z0-9_:+-]+", "is not a cipher", "Write one"), default=None)

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        if self.mode not in REQUIRE_MODES:
            hint = f"Write one of {', '.join(REQUIRE_MODES[:-1])}, or a table of {', '.join(CERTIFICATE_FIELDS)}"
            yield SpecFault("mode", f"{self.mode!r} is no requirement", hint)
        if (self.mode == "SPECIFIED") != any(getattr(self, name) for name in CERTIFICATE_FIELDS):
            yield SpecFault("mode", "does not go with the other fields", "subject, issuer and cipher make it SPECIFIED")


@dataclass(frozen=True)
class UserSpec:
    """A user, known by its key. All of it is changed in place; another name or host part renames the account."""

    key: str = checked(account_key)
    """What the stack calls the user for good."""
    name: str = checked(account_name)
    """The account's name, at most 32 characters."""
    host: str = checked(host_part)
    """The host part, where logins may come from: an address, a CIDR range (MySQL 8.0.23) or a pattern."""
    grants: tuple[GrantSpec, ...] = ()
    """All that it holds; what else it has is revoked."""
    roles: tuple[str, ...] = checked(account_key, default=())
    """Keys of the roles granted to it."""
    default_roles: tuple[str, ...] = checked(account_key, default=())
    """Keys of those that are active from the login on."""
    database: str | None = checked(identifier, default=None)
    """The database that its connection strings name."""
    plugin: str = checked(plugin, default=PLUGINS[0])
    """How it proves who it is."""
    password: str = checked(password, default="", repr=False)
    """The current password, a secret; empty until the program knows it."""
    generation: int = checked(whole(1, 1_000_000), default=1)
    """Raised with a new password, the old one is accepted until that generation is finished."""
    finished_generation: int = checked(whole(0, 1_000_000), default=0)
    """Equal to the generation, the old password is discarded."""
    locked: bool = checked(flag, default=False)
    """Whether it may not log in."""
    password_lifetime_days: int | None = checked(whole(0, 65535, " days"), default=None)
    """None for the server's own rule, 0 for never."""
    password_history: int | None = checked(whole(0, 65535), default=None)
    """How many former passwords may not be used again; None for the server's own rule."""
    password_reuse_interval_days: int | None = checked(whole(0, 65535, " days"), default=None)
    """How long a former password may not be used again; None for the server's own rule."""
    password_require_current: bool | None = checked(flag, default=None)
    """Whether the user has to give the current password to change it; None for the server's own rule."""
    failed_login_attempts: int = checked(whole(0, 32767), default=0)
    """How many wrong passwords in a row lock the account; 0 for none."""
    password_lock_time_days: int = checked(lock_time, default=0)
    """How long it is locked then; UNBOUNDED for until it is unlocked."""
    require: RequireSpec = RequireSpec()
    """What TLS a login needs."""
    max_queries_per_hour: int = checked(whole(0, UNSIGNED), default=0)
    """0 for no limit, as for the three below (MySQL manual, "Setting Account Resource Limits")."""
    max_updates_per_hour: int = checked(whole(0, UNSIGNED), default=0)
    max_connections_per_hour: int = checked(whole(0, UNSIGNED), default=0)
    max_user_connections: int = checked(whole(0, UNSIGNED), default=0)
    comment: str | None = checked(one_line(COMMENT_LENGTH), default=None)
    """Kept by the server."""
    clients: tuple[str, ...] = checked(client_name, default=())
    """Client hosts, or groups of them, that try the login and are told the password; all that may log in if empty."""
    adopt: bool = checked(flag, default=False)
    """Whether an account of that name that somebody else made is taken over; it is refused otherwise."""

    password_expired: ClassVar[bool] = False
    """No spec says so: a password that was expired by hand is drift."""

    @property
    def account(self) -> Account:
        """The user's account."""
        return Account(self.name, self.host)

    @property
    def needs_certificate(self) -> bool:
        """Whether a login needs a client certificate, which no client host has."""
        return self.require.mode == "X509" or bool(self.require.subject or self.require.issuer)

    def is_for(self, client: str) -> bool:
        """Return whether the user is for a client host of that name."""
        return not self.clients or any(re.fullmatch(rf"{name}(-\d+)?", client) for name in self.clients)

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        yield from hidden(self.grants)
        if self.finished_generation > self.generation:
            wrong = f"is {self.finished_generation}, and the password in use is of generation {self.generation}"
            yield SpecFault("finished_generation", wrong, f"Write {self.generation}, or raise generation")
        for key in self.default_roles:
            if key not in self.roles:
                wrong = f"{key!r} is not among the user's roles"
                yield SpecFault("default_roles", wrong, "Put it into roles too", ("roles",))
        if bool(self.failed_login_attempts) != bool(self.password_lock_time_days):
            other = "password_lock_time_days"
            yield SpecFault(
                "failed_login_attempts", f"and {other} only work together", "Set both, or neither", (other,)
            )


@dataclass(frozen=True)
class AccountsSpec:
    """All databases, roles and users of a stack, each with a key or name of its own."""

    databases: tuple[DatabaseSpec, ...] = ()
    roles: tuple[RoleSpec, ...] = ()
    users: tuple[UserSpec, ...] = ()

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        for index, user in enumerate(self.users):
            for key in user.roles:
                if key not in {role.key for role in self.roles}:
                    yield SpecFault(f"users[{index}].roles", f"{key!r} is no role", "Put it into roles too", ("roles",))
        roles = [(f"roles[{index}]", role.key, role.account) for index, role in enumerate(self.roles)]
        users = [(f"users[{index}]", user.key, user.account) for index, user in enumerate(self.users)]
        for named in (
            [(f"databases[{index}]", database.name) for index, database in enumerate(self.databases)],
            [(place, key) for place, key, _ in roles],
            [(place, key) for place, key, _ in users],
            # To MySQL a role is an account too.
            [(place, account.sql) for place, _, account in (*roles, *users)],
        ):
            for place, name, other in repeated(named):
                yield SpecFault(place, f"is {name}, which {other} is too", "Give each a name and a key of its own")
