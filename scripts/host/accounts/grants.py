"""Privileges of an account by what they are on: as the server keeps them, and as a spec's grants come to.

MySQL manual, "GRANT Statement" and "Grant Tables".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from scripts.host.accounts.names import database_of, pattern_of, quoted
from scripts.host.accounts.privileges import ALL, GRANT_OPTION, Level, static_at
from scripts.host.accounts.spec import GrantSpec


@dataclass(frozen=True)
class Target:
    """What static privileges are granted on.

    The database is as MySQL keeps it: of a whole database the pattern, of a table the name, of all of them nothing.
    """

    database: str = ""
    table: str = ""

    @property
    def level(self) -> Level:
        """How broad it is."""
        return Level.TABLE if self.table else Level.DATABASE if self.database else Level.GLOBAL

    @property
    def sql(self) -> str:
        """What follows ON."""
        if not self.database:
            return "*.*"
        return f"{quoted(self.database)}.{quoted(self.table) if self.table else '*'}"

    @property
    def words(self) -> str:
        """The target for people."""
        if self.table:
            return f"{self.database}.{self.table}"
        if not self.database:
            return "*.*"
        return f"{database_of(self.database) or self.database}.*"

    @property
    def all(self) -> frozenset[str]:
        """Every static privilege there is on it, the grant option included."""
        return static_at(self.level)


EVERYWHERE = Target()


@dataclass(frozen=True)
class Privileges:
    """An account's: static ones by target, and dynamic ones, each with whether it may be granted on."""

    static: Mapping[Target, frozenset[str]] = field(default_factory=dict)
    dynamic: Mapping[str, bool] = field(default_factory=dict)


def desired_privileges(
    grants: Iterable[GrantSpec], known_dynamic: Collection[str], literal_databases: bool
) -> Privileges:
    """Return what grants come to; what the server does not have is left out.

    Args:
        grants: those of one account; several on one target add up.
        known_dynamic: the dynamic privileges that the server has.
        literal_databases: partial_revokes is on, and _ and % in a database's name match nothing else.
    """
    static: dict[Target, frozenset[str]] = {}
    dynamic: dict[str, bool] = {}
    for grant in grants:
        target = target_of(grant, literal_databases)
        if names := _static(grant, target):
            option = frozenset({GRANT_OPTION} if grant.grant_option else ())
            static[target] = static.get(target, frozenset()) | names | option
        for name in _dynamic(grant, known_dynamic):
            dynamic[name] = dynamic.get(name, False) or grant.grant_option
    return Privileges(static, dynamic)


def unknown(grants: Iterable[GrantSpec], known_dynamic: Collection[str]) -> list[tuple[Target, str]]:
    """Return the privileges that the server does not have on their target."""
    return [
        (target, name)
        for grant in grants
        for target in [target_of(grant, literal_databases=False)]
        for name in sorted(grant.names - {ALL} - target.all - _dynamic(grant, known_dynamic))
    ]


def target_of(grant: GrantSpec, literal_databases: bool) -> Target:
    """Return what a grant is on."""
    if grant.database is None:
        return EVERYWHERE
    # MySQL knows its own database by its plain name only, and then guards it.
    plain = grant.table is not None or literal_databases or grant.database == "performance_schema"
    return Target(grant.database if plain else pattern_of(grant.database), grant.table or "")


def _static(grant: GrantSpec, target: Target) -> frozenset[str]:
    return target.all - {GRANT_OPTION} if ALL in grant.names else grant.names & target.all


def _dynamic(grant: GrantSpec, known: Collection[str]) -> frozenset[str]:
    if grant.level is not Level.GLOBAL:
        return frozenset()
    return frozenset(known) if ALL in grant.names else grant.names & frozenset(known)


def words(target: Target, names: frozenset[str]) -> str:
    """Return static privileges for people: `INSERT, SELECT`, `ALL WITH GRANT OPTION`, `none`."""
    plain = names - {GRANT_OPTION}
    text = "ALL" if plain == target.all - {GRANT_OPTION} else listed(plain) or ("USAGE" if names else "none")
    return text + (f" WITH {GRANT_OPTION}" if GRANT_OPTION in names else "")


def dynamic_words(privileges: Mapping[str, bool], known_dynamic: Collection[str]) -> str:
    """Return dynamic privileges for people."""
    if privileges and privileges.keys() >= set(known_dynamic) and len(set(privileges.values())) == 1:
        return "ALL dynamic ones" + (f" WITH {GRANT_OPTION}" if all(privileges.values()) else "")
    names = [name + (f" WITH {GRANT_OPTION}" if privileges[name] else "") for name in sorted(privileges)]
    return ", ".join(names) or "none"


def listed(names: Iterable[str]) -> str:
    """Return names for a statement or a text, in order."""
    return ", ".join(sorted(names))
