"""Verb `upgrade-check` of the MySQL server: what would not go well with another series, told before anything is done.

From the MySQL 8.4 manual, "Preparing Your Installation for Upgrade" and "What Is New in MySQL 8.4 since MySQL 8.0", and
from the checks of MySQL Shell's checkForServerUpgrade that the information schema can answer. What only a parser could
find is not looked for: words in stored programs, events and views, and statements of applications.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from scripts.host.common import process, stdin
from scripts.host.common.errors import HostError
from scripts.host.mysql import option_file, series
from scripts.host.mysql.server import Session, among
from scripts.host.mysql.spec import SeriesCheckSpec, SeriesFacts
from scripts.host.system.spec import UpgradeFinding

CHECK_SECONDS = 4 * 3600
SYSTEM = ("mysql", "sys", "performance_schema", "information_schema")
LONG_HISTORY = 1_000_000
"""Of undo records: a slow shutdown, which purges them all, would take minutes with more."""

AUTO_INCREMENT = """
SELECT CONCAT_WS('.', table_schema, table_name, column_name) FROM information_schema.columns
WHERE extra LIKE '%%auto_increment%%' AND data_type IN ('float', 'double')"""
PREFIX_KEYS = """
SELECT DISTINCT CONCAT_WS('.', s.table_schema, s.table_name)
FROM information_schema.statistics s JOIN information_schema.partitions p USING (table_schema, table_name)
WHERE s.sub_part IS NOT NULL AND p.partition_method IN ('KEY', 'LINEAR KEY')
AND FIND_IN_SET(s.column_name, REPLACE(REPLACE(p.partition_expression, '`', ''), ' ', ''))"""
FOREIGN_KEYS = """
SELECT k.constraint_schema, k.table_name, k.constraint_name,
    k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name
FROM information_schema.key_column_usage k WHERE k.referenced_column_name IS NOT NULL"""
UNIQUE_KEYS = """
SELECT table_schema, table_name, index_name, column_name FROM information_schema.statistics
WHERE non_unique = 0 AND sub_part IS NULL"""
NAMES = """
SELECT CONCAT('database ', schema_name), schema_name FROM information_schema.schemata
UNION SELECT CONCAT('table ', table_schema, '.', table_name), table_name FROM information_schema.tables
UNION SELECT CONCAT('column ', table_schema, '.', table_name, '.', column_name), column_name
    FROM information_schema.columns
UNION SELECT CONCAT('routine ', routine_schema, '.', routine_name), routine_name FROM information_schema.routines
UNION SELECT CONCAT('trigger ', trigger_schema, '.', trigger_name), trigger_name FROM information_schema.triggers
UNION SELECT CONCAT('event ', event_schema, '.', event_name), event_name FROM information_schema.events"""
HOLDERS = """
SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.global_grants
WHERE priv = %s AND user NOT IN ('root', 'debian-sys-maint') ORDER BY 1"""
"""MySQL's upgrade gives root what takes the privilege's place."""
RESERVED = {(8, 4): ("MANUAL", "PARALLEL", "QUALIFY", "TABLESAMPLE")}
"""The words that a series reserves which those before do not (MySQL 8.4 manual, "Keywords and Reserved Words")."""
PLUGINS = {
    (8, 3): {"daemon_memcached": "Uninstall it"},
    (8, 4): {
        "keyring_file": "Move to the keyring component before",
        "keyring_encrypted_file": "Move to the keyring component before",
        "keyring_oci": "Move to the keyring component before",
        "authentication_fido": "Uninstall it; authentication_webauthn is in its place",
    },
}
"""The plugins that a series does not have, which those before have (manual, "What Is New")."""
ACCOUNT_PLUGINS = {
    (8, 4): {
        "mysql_native_password": (
            "is off",
            "Give them caching_sha2_password (ALTER USER ... IDENTIFIED WITH), or set mysqlSettings."
            "mysql_native_password to true together with the release",
        ),
        "authentication_fido": ("is gone", "Give them another plugin (ALTER USER ... IDENTIFIED WITH)"),
    },
    (9, 0): {
        "mysql_native_password": (
            "is gone",
            "Give them caching_sha2_password (ALTER USER ... IDENTIFIED WITH)",
        )
    },
}
PRIVILEGES = {(8, 4): {"SET_USER_ID": "SET_ANY_DEFINER and ALLOW_NONEXISTENT_DEFINER"}}
"""Dynamic privileges that a series does not have, and what takes their place."""


def check(spec: SeriesCheckSpec) -> SeriesFacts:
    """Return what would not go well with the target series; or have mysqld ready to be shut down for it.

    Raises:
        HostError: mysqld is down, or the data do not go to that series.
    """
    session = Session()
    version = str(session.one("SELECT VERSION()"))
    if why := series.refusal(version, spec.target):
        raise HostError(f"{why}: nothing was changed")
    if spec.prepare:
        # All is purged and merged, so that the data files are as any series reads them; until the next start.
        slow = _history(session) < LONG_HISTORY
        session.do(f"SET GLOBAL innodb_fast_shutdown = {0 if slow else 1}")
        return SeriesFacts(version, ())
    new = series.of(version) != series.of(spec.target)
    checks: list[Callable[[Session, SeriesCheckSpec], Iterator[UpgradeFinding]]] = [_tables, _prepared]
    if new:
        checks += [_settings, _accounts, _privileges, _plugins, _columns, _partitions, _foreign_keys, _words, _purge]
    return SeriesFacts(version, tuple(finding for part in checks for finding in part(session, spec)))


def tables() -> list[UpgradeFinding]:
    """Return what `CHECK TABLE ... FOR UPGRADE` says of every table: it reads no rows, unless it has to."""
    # Whatever the locale is: names need not be ASCII.
    argv = ["nice", "-n", "19", "mysqlcheck", "--default-character-set=utf8mb4", "--check-upgrade", "--all-databases"]
    printed = process.must(argv, seconds=CHECK_SECONDS)
    found, table = [], ""
    for line in printed.splitlines():
        told = re.match(r"(error|warning) *: (.*)", line, re.IGNORECASE)
        if not told:
            table = line.split()[0] if line.strip() else table
        else:
            stops = told[1].lower() == "error"
            found.append(UpgradeFinding(f"{table}: {told[2]}", "Do what it says, and run this again", stops))
    return found


def _tables(_session: Session, _spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    yield from tables()


def _prepared(session: Session, _spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    if rows := session.rows("XA RECOVER"):
        wrong = f"{len(rows)} XA transactions are prepared, which another series may not take over"
        yield UpgradeFinding(wrong, "Commit or roll back each of them (XA RECOVER lists them)", True)


def _settings(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    printed = process.must(["my_print_defaults", "mysqld", "server"])
    names = {option_file.variable(line.removeprefix("--").partition("=")[0]) for line in printed.splitlines()}
    persisted = {
        str(name) for (name,) in session.rows("SELECT variable_name FROM performance_schema.persisted_variables")
    }
    for name in sorted((names | persisted) & spec.removed.keys()):
        where = f"SET PERSIST {name}" if name in persisted else f"The setting {name}"
        hint = f"{spec.removed[name]}; in config it is mysqlSettings.{name}"
        hint = f"RESET PERSIST {name}" if name in persisted else hint
        yield UpgradeFinding(f"{where} is unknown to MySQL {spec.target}, which does not start with it", hint, True)


def _accounts(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    gone = {plugin: told for table in _upto(ACCOUNT_PLUGINS, spec) for plugin, told in table.items()}
    for plugin, (how, hint) in gone.items():
        query = "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE plugin = %s ORDER BY 1"
        if names := _list(session.rows(query, [plugin])):
            yield UpgradeFinding(f"{plugin} {how} in MySQL {spec.target}: {names} could not log in", hint, False)


def _privileges(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    for table in _upto(PRIVILEGES, spec):
        for privilege, instead in table.items():
            if names := _list(session.rows(HOLDERS, [privilege])):
                wrong = f"MySQL {spec.target} has no privilege {privilege}, which {names} have"
                yield UpgradeFinding(wrong, f"Grant {instead} in its place when MySQL is upgraded", False)


def _plugins(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    gone = {plugin: hint for table in _upto(PLUGINS, spec) for plugin, hint in table.items()}
    installed = {str(name) for (name,) in session.rows("SELECT plugin_name FROM information_schema.plugins")}
    for name in sorted(gone.keys() & installed):
        yield UpgradeFinding(f"MySQL {spec.target} has no plugin {name}, which is installed", gone[name], True)


def _columns(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    if names := _list(session.rows(f"{AUTO_INCREMENT} AND {_own('table_schema')}", SYSTEM)):
        wrong = f"AUTO_INCREMENT of FLOAT or DOUBLE is no more in MySQL {spec.target}: {names}"
        yield UpgradeFinding(wrong, "Make BIGINT of it (ALTER TABLE ... MODIFY)", True)


def _partitions(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    if names := _list(session.rows(f"{PREFIX_KEYS} AND {_own('s.table_schema')}", SYSTEM)):
        wrong = f"MySQL {spec.target} does not partition by prefixes of columns: {names}"
        yield UpgradeFinding(wrong, "Partition by another key, or by the whole column", True)


def _foreign_keys(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    unique: dict[tuple[str, str, str], set[str]] = {}
    for schema, table, index, column in session.rows(f"{UNIQUE_KEYS} AND {_own('table_schema')}", SYSTEM):
        unique.setdefault((schema, table, index), set()).add(column)
    keys: dict[tuple[str, str], tuple[tuple[str, str], set[str]]] = {}
    rows = session.rows(f"{FOREIGN_KEYS} AND {_own('k.constraint_schema')}", SYSTEM)
    for schema, table, name, to_schema, to_table, column in rows:
        keys.setdefault((f"{schema}.{table}", name), ((to_schema, to_table), set()))[1].add(column)
    whole = [(key[:2], columns) for key, columns in unique.items()]
    partial = [f"{table} ({name})" for (table, name), referred in keys.items() if referred not in whole]
    if partial:
        wrong = f"Foreign keys refer to what is no whole unique key, which MySQL {spec.target} does not make anew"
        hint = "Add a unique key there; until then a dump is not loaded with restrict_fk_on_non_standard_key on"
        yield UpgradeFinding(f"{wrong}: {', '.join(sorted(partial))}", hint, False)


def _words(session: Session, spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    words = {word for table in _upto(RESERVED, spec) for word in table}
    found = [what for what, name in session.rows(NAMES) if str(name).upper() in words]
    found = [what for what in found if not what.partition(" ")[2].startswith(tuple(f"{name}." for name in SYSTEM))]
    if found:
        wrong = f"Names that are reserved words in MySQL {spec.target}: {', '.join(sorted(found))}"
        yield UpgradeFinding(wrong, "Put them in backticks in every statement, or rename them", False)


def _purge(session: Session, _spec: SeriesCheckSpec) -> Iterator[UpgradeFinding]:
    if (length := _history(session)) >= LONG_HISTORY:
        wrong = f"{length} undo records are not purged yet: the shutdown would take long, so it will purge none"
        yield UpgradeFinding(wrong, "End old transactions, wait, and run this again", False)


def _history(session: Session) -> int:
    query = "SELECT count FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'"
    return int(session.one(query))


def _own(column: str) -> str:
    return f"{column} NOT IN ({among(SYSTEM)})"


def _upto(tables: Mapping[Any, Any], spec: SeriesCheckSpec) -> Iterator[Any]:
    """Yield what each series up to the target has changed."""
    return (table for number, table in sorted(tables.items()) if number <= series.of(spec.target))


def _list(rows: Sequence[tuple[object, ...]]) -> str:
    return ", ".join(str(row[0]) for row in rows)


check_verb = stdin.verb(SeriesCheckSpec, check)
