"""Config of roles and users: who logs in from where, and what they may do."""

import dataclasses
import functools
from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any, NamedTuple

from components.checks import BROADEST
from scripts.host.accounts.host_parts import is_name, may_be_taken, rank
from scripts.host.accounts.names import ANYWHERE, account_key
from scripts.host.accounts.spec import CERTIFICATE_FIELDS, REQUIRE_MODES, AccountsSpec, RequireSpec, RoleSpec, UserSpec
from scripts.host.common.checks import InvalidValueError, nearest, repeated
from stack_config.clients import ClientGroup
from stack_config.databases import Databases, check_database, check_grants, read_databases
from stack_config.network import NetworkRead
from stack_config.passwords import Passwords, read_passwords
from stack_config.reader import Fault, Reader, as_list, part
from stack_config.specs import read_spec

ROLES, USERS = "roles", "users"
ROLE_EXAMPLE = 'Write a table like {"reader": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}'
USER_EXAMPLE = 'Write a table like {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}'
PRIMARY, PRIMARY_KEY = "primaryUser", "app"
"""The key of config, and the user that it is by default where there are several."""
Roles = Mapping[str, RoleSpec] | None
"""By key, those with a fault too; None if it is not known which there are."""


class Surroundings(NamedTuple):
    """What users refer to."""

    databases: Databases
    roles: Roles
    passwords: Passwords
    vpc: Sequence[IPv4Network]
    """Its ranges; none if it is not known."""
    clients: Sequence[ClientGroup]


def read_accounts(
    reader: Reader, network: NetworkRead, clients: Sequence[ClientGroup], looks_names_up: bool
) -> tuple[AccountsSpec, dict[str, str], str | None]:
    """Return who may do what, the given passwords by user key, and the key of the primary user."""
    databases = read_databases(reader)
    raw_roles = reader.raw_table(ROLES, ROLE_EXAMPLE)
    roles = raw_roles and {key: _read_role(reader, key, raw, databases) for key, raw in raw_roles.items()}
    raw_users = reader.raw_table(USERS, USER_EXAMPLE)
    passwords = read_passwords(reader, None if raw_users is None else raw_users.keys())
    surroundings = Surroundings(databases, roles, passwords, network.ranges, clients)
    users = {key: _read_user(reader, key, raw, surroundings) for key, raw in (raw_users or {}).items()}
    _check_accounts(reader, roles or {}, users)
    primary = _read_primary(reader, None if raw_users is None else users)
    subnets = {group.name: subnet for group, subnet in zip(clients, network.client_subnets, strict=False)}
    _check_hosts(reader, users, primary, subnets, looks_names_up)
    accounts = AccountsSpec(*(tuple((specs or {}).values()) for specs in (databases, roles, users)))
    return accounts, passwords.secrets, primary


def _read_role(reader: Reader, key: str, raw: object, databases: Databases) -> RoleSpec:
    reader.check(path := part(ROLES, key), key, account_key)
    role = read_spec(reader, path, raw, RoleSpec, ROLE_EXAMPLE, {"key": key}, {"name": key})
    return dataclasses.replace(role, grants=check_grants(reader, f"{path}.grants", role.grants, databases))


def _read_user(reader: Reader, key: str, raw: object, surroundings: Surroundings) -> UserSpec:
    """Return a user, with a fault too: what is concluded from a field has to ask the reader first."""
    path, passwords, vpc = part(USERS, key), surroundings.passwords, surroundings.vpc
    reader.check(path, key, account_key)
    host = _default_host(vpc)
    read_role_keys = functools.partial(_names_of, surroundings.roles, ROLES)
    groups = [group.name for group in surroundings.clients]
    user = read_spec(
        reader,
        path,
        raw,
        UserSpec,
        USER_EXAMPLE,
        given={
            "key": key,
            "generation": passwords.generations.get(key, 1),
            "finished_generation": passwords.finished.get(key, 0),
        },
        defaults={"name": key, "host": host},
        custom={
            "roles": read_role_keys,
            "defaultRoles": read_role_keys,
            "clients": functools.partial(_names_of, groups if all(groups) else None, "clients"),
            "require": _require,
            "password": _refuse_password,
        },
    )
    if isinstance(raw, dict) and "host" not in raw and vpc and not host:
        ranges = ", ".join(str(network) for network in vpc)
        wrong = f"is missing, and no range of /{BROADEST} or narrower has all of the VPC's: {ranges}"
        reader.add_fault(f"{path}.host", wrong, "Write the range that the user's hosts are in")
    user = dataclasses.replace(user, grants=check_grants(reader, f"{path}.grants", user.grants, surroundings.databases))
    fields = raw if isinstance(raw, dict) else {}
    if "database" in fields:
        database = user.database if _may_name_database(reader, path, user, surroundings) else None
    else:
        # The only one that is granted.
        granted = {grant.database for grant in user.grants if grant.database in (surroundings.databases or {})}
        database = granted.pop() if len(granted) == 1 else None
    # A login begins with all of the user's roles if nothing is said.
    default_roles = user.default_roles if "defaultRoles" in fields else user.roles
    return dataclasses.replace(user, default_roles=default_roles, database=database)


def _default_host(vpc: Sequence[IPv4Network]) -> str:
    """Return the host part of a user that has none of its own: the narrowest range with all of the VPC's in it.

    Empty if the VPC is not known, or if such a range would be broader than any that is somebody's own.
    """
    if not vpc:
        return ""
    cover = vpc[0]
    while not all(network.subnet_of(cover) for network in vpc):
        cover = cover.supernet()
    return str(cover) if cover.prefixlen >= BROADEST else ""


def _names_of(
    known: Collection[str] | None, where: str, reader: Reader, key: str, raw: object
) -> tuple[str, ...] | None:
    """Return names of what another key of config has, each of them once; None if it is no list.

    `known` are those that there are; None if that is not known.
    """

    def name(entry: Any) -> str:
        if not isinstance(entry, str) or (known is not None and entry not in known):
            raise InvalidValueError(f"{entry!r} is not in {where}", nearest(str(entry), known or (), "Put it there"))
        return entry

    listed = reader.convert(key, raw, lambda text: as_list(text, f'Write a list of names in {where}, like ["reader"]'))
    return None if listed is None else reader.refuse_repeated(key, reader.entries(key, listed, name))


def _require(reader: Reader, key: str, raw: object) -> RequireSpec | None:
    """Return what TLS a login needs: a word, or a table of what the client's certificate has to say."""
    words, example = REQUIRE_MODES[:-1], f"a table with {', '.join(CERTIFICATE_FIELDS)}"
    hint = f"Write {', '.join(words)}, or {example}"
    if isinstance(raw, dict) and raw:
        return read_spec(reader, key, raw, RequireSpec, hint, given={"mode": REQUIRE_MODES[-1]})
    if str(raw).upper() in words:
        return RequireSpec(str(raw).upper())
    reader.add_unreadable(key, f"{raw!r} is no requirement", hint)
    return None


def _refuse_password(reader: Reader, key: str, _: object) -> None:
    hint = "Remove it, and use `pulumi config set --secret --path userPasswords.KEY`"
    reader.add_unreadable(key, "is no place for a secret", hint)


def _may_name_database(reader: Reader, path: str, user: UserSpec, surroundings: Surroundings) -> bool:
    """Return whether there is the database that a user's connection string is to name.

    It is a fault too if nothing is granted there: the login would be refused (ERROR 1044).
    """
    database, roles = user.database, surroundings.roles
    if database is None or not check_database(reader, f"{path}.database", database, surroundings.databases):
        return False
    if roles is None:
        return True
    keys = [f"{path}.grants", f"{path}.roles", *(part(ROLES, key) for key in user.roles)]
    grants = [*user.grants, *(grant for key in user.roles for grant in roles[key].grants)]
    if reader.is_readable(*keys) and not any(grant.is_on(database) for grant in grants):
        wrong = f"is {database!r}, and nothing is granted to the user there"
        reader.add_fault(f"{path}.database", wrong, "Name it in one of its grants")
    return True


def _check_accounts(reader: Reader, roles: Mapping[str, RoleSpec], users: Mapping[str, UserSpec]) -> None:
    """Refuse what is one account to MySQL, for which a role is an account too."""
    named = [(part(ROLES, key), (role.name, ANYWHERE)) for key, role in roles.items()]
    named += [(part(USERS, key), (user.name, user.host)) for key, user in users.items() if user.host]
    readable = [(key, account) for key, account in named if reader.is_readable(f"{key}.name", f"{key}.host")]
    for key, (name, host), other in repeated(readable):
        wrong = f"is the account '{name}'@'{host}', which {other} is too"
        reader.add_fault(key, wrong, "Give one another name or host")


def refuse_capitals(reader: Reader, accounts: AccountsSpec) -> None:
    """Refuse names of databases and tables that a server with lower_case_table_names = 1 would show otherwise.

    A pattern too: the next run would revoke the grant that MySQL keeps in lower case.
    """
    names = [(part("databases", database.name), database.name) for database in accounts.databases]
    for kind, specs in ((ROLES, accounts.roles), (USERS, accounts.users)):
        for spec in specs:
            for at, grant in enumerate(spec.grants):
                path = f"{part(kind, spec.key)}.grants[{at}]"
                names.append((f"{path}.table", grant.table or ""))
                names.append((f"{path}.database", (grant.database or "") if grant.pattern else ""))
    for key, name in names:
        if name != name.lower():
            wrong = f"{name!r} has capitals, which MySQL does not keep with lowerCaseTableNames = 1"
            reader.add_fault(key, wrong, "Write it in lower case")


def _read_primary(reader: Reader, users: Mapping[str, UserSpec] | None) -> str | None:
    """Return the user that the connection string is for; None if there is none, or it cannot be told."""

    def user_key(raw: Any) -> str:
        if users is not None and raw not in users:
            raise InvalidValueError(f"{raw!r} is not in users", nearest(str(raw), users, "Name one of them, or none"))
        return str(raw)

    chosen = reader.read(PRIMARY, user_key)
    if not users or not reader.is_readable(PRIMARY):
        return None
    primary = chosen or (PRIMARY_KEY if len(users) > 1 else next(iter(users)))
    if primary not in users:
        reader.add_fault(PRIMARY, "is missing", f"Set it to one of {', '.join(sorted(users))}")
        return None
    if users[primary].locked:
        reader.add_fault(
            PRIMARY if chosen else f"{part(USERS, primary)}.locked",
            f"{primary} is locked, and the connection string is for it",
            f"Unlock it, or set {PRIMARY} to another user",
        )
    return primary


def _check_hosts(
    reader: Reader,
    users: Mapping[str, UserSpec],
    primary: str | None,
    subnets: Mapping[str, IPv4Network],
    looks_names_up: bool,
) -> None:
    """Refuse names to a server that looks none up, and a primary user as whom no client host of its can log in.

    It warns of the other users. `subnets` are those of the client groups; none if they are not known.
    """
    by_name: dict[str, list[str]] = {}
    for key, user in users.items():
        if user.host:
            by_name.setdefault(user.name, []).append(key)
    for key, user in users.items():
        path = f"{part(USERS, key)}.host"
        if not user.host or not reader.is_readable(path):
            continue
        if is_name(user.host) and not looks_names_up:
            wrong = f"is {user.host!r}, a name, and mysqlSettings.skip_name_resolve keeps mysqld from looking names up"
            reader.add_fault(path, wrong, "Write an address or a range, or set skip_name_resolve to false")
        namesakes = [name for name in by_name[user.name] if name != key]
        others = [users[name].host for name in namesakes if reader.is_readable(f"{part(USERS, name)}.host")]
        own = [subnet for group, subnet in subnets.items() if user.is_for(group)]
        if user.locked or not own or any(may_be_taken(user.host, others, subnet) for subnet in own):
            continue
        ranges = " and ".join(sorted({str(subnet) for subnet in own}))
        wrong = f"is {user.host!r}, which no client host is in (they are in {ranges})"
        if any(may_be_taken(user.host, (), subnet) for subnet in own):
            hiding = " and ".join(sorted(others, key=rank))
            wrong = f"is {user.host!r}, and MySQL takes every login of a client host for the account from {hiding}"
        if key == primary:
            reader.add_fault(path, wrong, f"Write a range that they are in, or set {PRIMARY} to another user")
        else:
            reader.warnings.append(Fault(path, wrong, "No login of this user can be checked"))
