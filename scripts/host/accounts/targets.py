"""What privileges are granted on: as a spec says it, and as MySQL keeps it."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from scripts.host.accounts.names import (
    IDENTIFIER_LENGTH,
    SYSTEM_SCHEMAS,
    database_of,
    identifier,
    matches,
    pattern_of,
    quoted,
)
from scripts.host.accounts.privileges import ALL, READABLE, Level, privilege, refusal, static_at
from scripts.host.common.checks import Check, InvalidValueError, checked, flag
from scripts.host.common.codec import SpecFault

PLACE = ("database", "pattern", "table", "columns", "function", "procedure")
"""The fields of a grant that say what it is on."""


def _no_star(instead: str) -> Check:
    def check(raw: object) -> str:
        if raw == "*":
            raise InvalidValueError("is '*'", instead)
        return identifier(raw)

    return check


@dataclass(frozen=True)
class GrantSpec:
    """Privileges on the whole server, databases, a table, some of its columns, or a routine.

    MySQL manual, "GRANT Statement".
    """

    privileges: tuple[str, ...] = checked(privilege)
    """("ALL",) for all that the level has."""
    database: str | None = checked(_no_star("Leave it out for the whole server"), default=None)
    """None for the whole server."""
    table: str | None = checked(_no_star("Leave it out for all tables of the database"), default=None)
    """None for all tables of the database."""
    grant_option: bool = checked(flag, default=False)
    """Whether they may be granted on."""
    pattern: bool = checked(flag, default=False)
    """Whether the database is a pattern, in which % and _ are wildcards; a \\ before one takes it as it is."""
    columns: tuple[str, ...] = checked(identifier, default=())
    """Of the table; none for the whole of it."""
    function: str | None = checked(identifier, default=None)
    procedure: str | None = checked(identifier, default=None)

    @property
    def names(self) -> frozenset[str]:
        """The privileges as MySQL shows them; of columns without these."""
        return frozenset(self.privileges)

    @property
    def name(self) -> str:
        """The table's or the routine's; MySQL compares those of routines in lower case."""
        return self.table or (self.function or self.procedure or "").lower()

    @property
    def kind(self) -> str:
        """FUNCTION, PROCEDURE, or nothing."""
        return "FUNCTION" if self.function else "PROCEDURE" if self.procedure else ""

    @property
    def level(self) -> Level:
        """What they are granted on."""
        return Level.COLUMN if self.columns else level_of(self.database, self.name, self.kind)

    @property
    def target(self) -> str:
        """The target in words: *.*, app.*, app.orders, app.orders (id), procedure app.archive."""
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        pattern = " (pattern)" if self.pattern else ""
        return f"{self.kind.lower()} {self.database or '*'}.{self.name or '*'}{columns}{pattern}".lstrip()

    @property
    def is_whole_database(self) -> bool:
        """Whether it is on the whole of one database."""
        return self.level is Level.DATABASE and not self.pattern

    def is_on(self, database: str) -> bool:
        """Return whether something of a database is granted."""
        if self.database is None:
            return True
        return matches(self.database, database) if self.pattern else self.database == database

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        if not self.privileges:
            yield SpecFault("privileges", "is empty", "Name at least one, or leave the grant out")
        if ALL in self.names and len(self.names) > 1:
            yield SpecFault("privileges", "has others beside ALL", "Leave them out, or ALL")
        if fault := self._place_fault():
            yield SpecFault(*fault, needs=PLACE)
            return
        for name in self.privileges:
            if refused := refusal(name, self.level, self.database):
                yield SpecFault("privileges", *refused, needs=PLACE)

    def _place_fault(self) -> tuple[str, str, str] | None:
        """Return a field that says what the grant is on, what is wrong with it, and a hint."""
        said = [field for field in ("table", "function", "procedure") if getattr(self, field) is not None]
        if len(said) > 1:
            return said[1], f"is there beside {said[0]}", "Write a grant of its own for each"
        if said and self.database is None:
            return said[0], "is there without database", f"Name the {said[0]}'s database too"
        if self.columns and self.table is None:
            return "columns", "is there without table", "Name their table too"
        if self.database == "information_schema":
            wrong = "is information_schema, of which everyone sees what is granted to them"
            return "database", wrong, "Leave the grant out"
        if self.pattern:
            return self._pattern_fault(said)
        length = len(pattern_of(self.database or ""))
        if self.level is Level.DATABASE and length > IDENTIFIER_LENGTH:
            wrong = f"has {length} characters once \\ stands before each _, % and \\, as GRANT needs it"
            return "database", wrong, f"MySQL allows {IDENTIFIER_LENGTH}: grant on its tables one by one, or rename it"
        return None

    def _pattern_fault(self, said: list[str]) -> tuple[str, str, str] | None:
        if said:
            return said[0], "is there beside pattern", "A pattern is for whole databases: leave one of them out"
        if self.database is None or database_of(self.database) is not None:
            return "pattern", "is true, and database has no wildcard", "Write one, like dev%, or leave pattern out"
        if own := sorted(schema for schema in SYSTEM_SCHEMAS if matches(self.database, schema)):
            return (
                "database",
                f"{self.database!r} matches {own[0]}, a schema of MySQL's own",
                "Write a narrower pattern",
            )
        return None

    @property
    def own_database(self) -> str | None:
        """The database that has to be made for it; None for the server's own schemas, for a pattern and for none."""
        is_own = self.pattern or self.database in (*READABLE, "information_schema")
        return None if is_own else self.database


def hidden(grants: Iterable[GrantSpec]) -> Iterator[SpecFault]:
    """Yield which grants by pattern MySQL does not look at, as the same account has one on less or on one database.

    Source: MySQL manual, "Access Control, Stage 2: Request Verification": of mysql.db the first row that matches.
    """
    whole = [grant for grant in grants if grant.level is Level.DATABASE and grant.database]
    for other, grant in itertools.product(whole, whole):
        missing = sorted(other.names - grant.names)
        if not other.pattern or ALL in grant.names or not missing:
            continue
        database = grant.database or ""
        # What both match has the wildcards themselves for characters.
        if other.is_on(re.sub(r"\\(.)", r"\1", database) if grant.pattern else database):
            wrong = f"{other.target} grants {', '.join(missing)}, and {grant.target} hides that from MySQL"
            yield SpecFault("grants", wrong, f"Put the privileges into the grant on {grant.target} too")


def level_of(database: str | None, name: str, kind: str) -> Level:
    """Return the level of a grant on these; without a name on a whole database, without both on the server."""
    return Level.ROUTINE if kind else Level.TABLE if name else Level.DATABASE if database else Level.GLOBAL


@dataclass(frozen=True, order=True)
class Target:
    """What static privileges are granted on.

    The database is as MySQL keeps it: of a whole database the pattern, of a table the name, of all of them nothing.
    """

    database: str = ""
    name: str = ""
    """The table's or the routine's."""
    kind: str = ""
    """FUNCTION or PROCEDURE."""

    @property
    def sql(self) -> str:
        """What follows ON."""
        if not self.database:
            return "*.*"
        return f"{self.kind} {quoted(self.database)}.{quoted(self.name) if self.name else '*'}".lstrip()

    @property
    def words(self) -> str:
        """The target for people."""
        database = self.database if self.name else database_of(self.database)
        return f"{self.kind.lower()} {database or self.database or '*'}.{self.name or '*'}".lstrip()

    @property
    def all(self) -> frozenset[str]:
        """Every static privilege there is on it, the grant option included; of a table none on its columns."""
        return static_at(level_of(self.database, self.name, self.kind))


EVERYWHERE = Target()


@dataclass(frozen=True)
class Privileges:
    """An account's: static ones by target, and dynamic ones, each with whether it may be granted on."""

    static: Mapping[Target, frozenset[str]] = field(default_factory=dict)
    dynamic: Mapping[str, bool] = field(default_factory=dict)

    def on(self, target: Target) -> frozenset[str]:
        """Return the static ones on a target."""
        return self.static.get(target, frozenset())
