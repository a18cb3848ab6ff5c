"""What `accounts list` answers: users and roles for people, without those that the server has for itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from scripts.host.accounts import attributes
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.grants import dynamic_words, words
from scripts.host.accounts.names import pattern_of
from scripts.host.accounts.targets import EVERYWHERE, Privileges, Target


@dataclass(frozen=True)
class ListedUser:
    """A user."""

    key: str | None
    """In the stack's config; None: the stack does not manage it."""
    account: str
    plugin: str
    grants: tuple[str, ...]
    roles: tuple[str, ...]
    locked: bool
    generation: int | None
    password_changed: str | None
    old_password_accepted: bool
    comment: str | None
    attributes: Mapping[str, str]
    """What is not at its default, such as REQUIRE and resource limits, in words."""
    beyond: tuple[str, ...]
    """Of a user that the stack does not manage: grants, its roles' too, that no account of the stack's has."""


@dataclass(frozen=True)
class ListedRole:
    """A role."""

    key: str | None
    account: str
    grants: tuple[str, ...]


@dataclass(frozen=True)
class AccountList:
    """All of a server's that are not its own, those that the stack manages first."""

    users: tuple[ListedUser, ...]
    roles: tuple[ListedRole, ...]


def listed(server: ServerState) -> AccountList:
    """Return the list of a server's accounts."""
    accounts = sorted(
        (account for account in server.accounts.values() if not account.is_servers_own),
        key=lambda account: (account.owner is None, account.owner.key if account.owner else ""),
    )
    held = {role for account in server.accounts.values() for role in account.roles}
    managed = [account for account in accounts if account.owner]
    users, roles = [], []
    for account in accounts:
        is_role = account.owner.kind == "role" if account.owner else account.is_like_a_role and account.account in held
        if is_role:
            roles.append(ListedRole(_key(account), account.account.sql, _grants(account.privileges, server)))
        else:
            beyond = () if account.owner else _grants(_beyond(account, managed, server), server)
            users.append(_user(account, server, beyond))
    return AccountList(tuple(users), tuple(roles))


def _key(account: CurrentAccount) -> str | None:
    return account.owner.key if account.owner else None


def _user(account: CurrentAccount, server: ServerState, beyond: tuple[str, ...]) -> ListedUser:
    comment = account.attributes.get("comment")
    return ListedUser(
        key=_key(account),
        account=account.account.sql,
        plugin=account.plugin,
        grants=_grants(account.privileges, server),
        roles=tuple(sorted(role.name for role in account.roles)),
        locked=account.attributes["locked"],
        generation=account.generation,
        password_changed=account.changed.isoformat() + "Z" if account.changed else None,
        old_password_accepted=account.old_password,
        comment=comment if isinstance(comment, str) else None,
        attributes=attributes.told(account.attributes),
        beyond=beyond,
    )


def _beyond(account: CurrentAccount, managed: Iterable[CurrentAccount], server: ServerState) -> Privileges:
    """Return what an account may do, by its roles too, that none of the stack's may."""
    theirs = [own.privileges for each in managed for own in _with_roles(each, server)]
    static: dict[Target, frozenset[str]] = {}
    dynamic: dict[str, bool] = {}
    for own in _with_roles(account, server):
        for target, names in own.privileges.static.items():
            held = {name for privileges in theirs for at in _holding(target) for name in privileges.on(at)}
            if more := {name for name in names if not {name, name.partition(" (")[0]} & held}:
                static[target] = static.get(target, frozenset()) | more
        known = {name for privileges in theirs for name in privileges.dynamic}
        dynamic |= {name: option for name, option in own.privileges.dynamic.items() if name not in known}
    return Privileges(static, dynamic)


def _with_roles(account: CurrentAccount, server: ServerState) -> list[CurrentAccount]:
    """Return an account and all roles that it has, those of its roles too."""
    having = {account.account: account}
    waiting = [account]
    while waiting:
        for role in waiting.pop().roles:
            if role in server.accounts and role not in having:
                having[role] = server.accounts[role]
                waiting.append(having[role])
    return list(having.values())


def _holding(target: Target) -> tuple[Target, ...]:
    """Return the targets on which a privilege is one on this target too: the database of a table, and everything."""
    return target, Target(pattern_of(target.database) if target.name else target.database), EVERYWHERE


def _grants(privileges: Privileges, server: ServerState) -> tuple[str, ...]:
    """Return privileges by what they are on: `INSERT, SELECT ON app.*`, ` WITH GRANT OPTION` behind it."""
    lines = [words(target, privileges.static[target], f" ON {target.words}") for target in sorted(privileges.static)]
    if privileges.dynamic:
        lines.append(f"{dynamic_words(privileges.dynamic, server.dynamic)} ON *.*")
    return tuple(lines)
