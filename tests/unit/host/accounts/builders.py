"""Specs and server states, with everything as usual but what a test names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from scripts.host.accounts import attributes
from scripts.host.accounts.changes import Change
from scripts.host.accounts.current import CurrentAccount, Owner, ServerState
from scripts.host.accounts.names import Account
from scripts.host.accounts.passwords import sha256_crypt
from scripts.host.accounts.plan import plan
from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, GrantSpec, RoleSpec, UserSpec

HOST = "10.0.0.0/16"
SHA2, SHA256 = "caching_sha2_password", "sha256_password"
SALT = b"twenty bytes of salt"


def digest(password: str, plugin: str = SHA2) -> bytes:
    """Return an authentication string, of few rounds where the plugin writes how many."""
    if plugin == SHA2:
        return b"$A$001$" + SALT + sha256_crypt(password.encode(), SALT, 1000)
    return b"$5$" + SALT + b"$" + sha256_crypt(password.encode(), SALT, 5000)


def grant(*privileges: str, database: str | None = None, table: str | None = None, option: bool = False) -> GrantSpec:
    return GrantSpec(privileges, database, table, option)


def user(key: str = "app", **options: Any) -> UserSpec:
    return replace(UserSpec(key=key, name=key, host=HOST, password=f"of {key}"), **options)


def role(key: str, *grants: GrantSpec, name: str | None = None) -> RoleSpec:
    return RoleSpec(key, name or key, grants)


def has(key: str | None = "app", generation: int | None = 1, **options: Any) -> CurrentAccount:
    """Return a user's account as the server has it; without a key somebody else's. Attributes are named like fields."""
    name, plugin = options.pop("name", key), options.get("plugin", SHA2)
    password = options.pop("password", f"of {key}")
    account = CurrentAccount(
        Account(name, options.pop("host", HOST)),
        authentication=digest(password, plugin),
        owner=Owner("user", key) if key else None,
        generation=generation if key else None,
    )
    return with_options(account, options)


def has_role(key: str, name: str | None = None, **options: Any) -> CurrentAccount:
    account = CurrentAccount(Account(name or key, "%"), attributes=attributes.NEW_ROLE, owner=Owner("role", key))
    return with_options(account, options)


def with_options(account: CurrentAccount, options: dict[str, Any]) -> CurrentAccount:
    own = {field.name for field in fields(CurrentAccount)}
    values = {name: value for name, value in options.items() if name not in own}
    assert values.keys() <= attributes.DEFAULTS.keys()
    kept = {name: value for name, value in options.items() if name in own}
    return replace(account, attributes={**account.attributes, **values}, **kept)


def state(*accounts: CurrentAccount, **options: Any) -> ServerState:
    server = ServerState(
        version="9.7.4",
        partial_revokes=False,
        plugins=frozenset({SHA2, SHA256}),
        dynamic=frozenset({"BACKUP_ADMIN", "CLONE_ADMIN"}),
        collations={"utf8mb4_0900_ai_ci": "utf8mb4", "utf8mb4_bin": "utf8mb4", "latin1_bin": "latin1"},
        default_collations={"utf8mb4": "utf8mb4_0900_ai_ci", "latin1": "latin1_bin"},
        databases={"app": ("utf8mb4", "utf8mb4_0900_ai_ci"), "mysql": ("utf8mb4", "utf8mb4_0900_ai_ci")},
        accounts={account.account: account for account in accounts},
    )
    return replace(server, **options)


def spec_of(*specs: DatabaseSpec | RoleSpec | UserSpec) -> AccountsSpec:
    def of(kind: type) -> Any:
        return tuple(spec for spec in specs if isinstance(spec, kind))

    return AccountsSpec(of(DatabaseSpec), of(RoleSpec), of(UserSpec))


def changes(*specs: DatabaseSpec | RoleSpec | UserSpec, server: ServerState) -> list[Change]:
    return plan(spec_of(*specs), server)


def sql(planned: Iterable[Change]) -> list[str]:
    return [statement for change in planned for statement in change.statements]


def refusals(planned: Iterable[Change]) -> list[str]:
    return [f"{change.subject}: {change.refusal}" for change in planned if change.refusal]


def told(planned: Iterable[Change]) -> list[tuple[str, str, str]]:
    return [(each.what, each.expected, each.found) for change in planned for each in change.differences]
