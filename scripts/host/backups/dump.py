"""The dump that a base is: what mysqldump is asked for, its parts with a digest each, and the accounts beside it.

The schema `mysql` is not dumped: its tables differ between versions. Accounts, roles, grants and passwords, those still
accepted beside a new one among them, are rows of its grant tables, and are kept as statements that name each column.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from scripts.host.mysql.server import Session, among

SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
OPTIONS = (
    "--no-defaults",
    "--single-transaction",
    # GTIDs are in the manifest: read at the moment of the snapshot, and set by the restore.
    "--set-gtid-purged=OFF",
    "--routines",
    "--events",
    "--triggers",
    "--hex-blob",
    # The same rows give the same text, whatever order they lie in.
    "--order-by-primary",
    "--skip-dump-date",
    "--no-tablespaces",
    "--default-character-set=utf8mb4",
    "--max-allowed-packet=1G",
)
FIRST_WORDS = b"-- Current Database: "
"""What mysqldump prints once its snapshot is taken."""
LAST_WORDS = b"-- Dump completed"
ACCOUNTS = "accounts"
"""The part that mysqldump did not write."""
GRANT_TABLES = (
    "user",
    "db",
    "tables_priv",
    "columns_priv",
    "procs_priv",
    "proxies_priv",
    "global_grants",
    "role_edges",
    "default_roles",
    "password_history",
)
"""MySQL manual, "Grant Tables"."""
OWN_ACCOUNTS = ("mysql.infoschema", "mysql.session", "mysql.sys", "root", "debian-sys-maint")
"""Every server has its own: MySQL's, root by the operating system's word, the distribution's."""
USER_COLUMNS = ("user", "from_user", "to_user", "default_role_user")
_PART = re.compile(
    rb"-- (Table structure|Dumping data|Temporary view structure|Final view structure) for (?:table|view) (`.*`)$"
    rb"|-- Dumping (events|routines) for database '(.*)'$"
)


def argv(socket: str, *words: str) -> list[str]:
    """Return mysqldump's command line."""
    return ["mysqldump", OPTIONS[0], f"--socket={socket}", "--user=root", *OPTIONS[1:], *words]


@dataclass
class Part:
    """A part of a dump: a table with its rows and triggers, a view, a database's routines or events."""

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    bytes: int = 0
    kind: str = "table"


class Parts:
    """Reads a dump line by line, and knows the digest of the whole and of each part."""

    def __init__(self) -> None:
        """Begin before the first line."""
        self.whole = hashlib.sha256()
        self.bytes = 0
        self.complete = False
        """Whether mysqldump has said that it is."""
        self._parts: dict[str, Part] = {}
        self._database = ""
        self._part: Part | None = None

    def add(self, line: bytes) -> None:
        """Take the next line, with its end."""
        self.whole.update(line)
        self.bytes += len(line)
        if line.startswith(b"--"):
            # Comments: they name the host, the version and the part that begins.
            self._heading(line.rstrip(b"\n"))
        elif self._part is not None:
            self._part.digest.update(line)
            self._part.bytes += len(line)

    def begin(self, name: str, kind: str) -> None:
        """Begin a part, or go on with it."""
        self._part = self._parts.setdefault(name, Part(kind=kind))

    def digests(self) -> dict[str, dict[str, object]]:
        """Return digest, size in bytes and kind of each part, by its name."""
        return {
            name: {"sha256": part.digest.hexdigest(), "bytes": part.bytes, "kind": part.kind}
            for name, part in self._parts.items()
        }

    def _heading(self, line: bytes) -> None:
        if line.startswith(FIRST_WORDS):
            self._database, self._part = _text(line[len(FIRST_WORDS) :]), None
        elif line.startswith(LAST_WORDS):
            self.complete, self._part = True, None
        elif match := _PART.match(line):
            what, name, set_of, _ = match.groups()
            if set_of:
                self.begin(f"{self._database} {_text(set_of)}", _text(set_of))
            else:
                self.begin(f"{self._database}.{_text(name)}", "view" if b"view" in what else "table")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace").strip()


def databases(session: Session) -> list[str]:
    """Return the databases that are not MySQL's own."""
    query = f"SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ({among(SYSTEM)}) ORDER BY 1"  # noqa: S608
    return [name for (name,) in session.rows(query, SYSTEM)]


def data_bytes(session: Session) -> int:
    """Return about how large the data of these databases is, with its indexes."""
    query = (
        "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) FROM information_schema.tables"  # noqa: S608
        f" WHERE table_schema NOT IN ({among(SYSTEM)})"
    )
    return int(session.rows(query, SYSTEM)[0][0])


def not_transactional(session: Session) -> list[str]:
    """Return the tables whose engine knows no snapshot: their rows may be of any moment while the base was made."""
    query = (
        "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables"  # noqa: S608
        f" WHERE table_schema NOT IN ({among(SYSTEM)}) AND table_type = 'BASE TABLE' AND engine <> 'InnoDB' ORDER BY 1"
    )
    return [name for (name,) in session.rows(query, SYSTEM)]


def accounts(session: Session) -> Iterator[str]:
    """Yield the statements that bring the accounts back, but for those that every server has of its own."""
    for table in GRANT_TABLES:
        names = _columns(session, table)
        if not names:
            continue
        quoted = [f"`{name}`" for name in names]
        # Text of any column, as digits: whatever is in it, passwords' salts for instance, it survives.
        values = ", ".join(f"HEX(CAST({name} AS CHAR CHARACTER SET utf8mb4))" for name in quoted)
        own = [name for name in names if name.lower() in USER_COLUMNS]
        condition = " AND ".join(f"`{name}` NOT IN ({among(OWN_ACCOUNTS)})" for name in own)
        query = f"SELECT {values} FROM mysql.`{table}` WHERE {condition}"  # noqa: S608  MySQL's own names
        for row in session.rows(query, OWN_ACCOUNTS * len(own)):
            yield f"REPLACE INTO mysql.`{table}` ({', '.join(quoted)}) VALUES ({', '.join(map(_literal, row))});\n"  # noqa: S608
    yield "FLUSH PRIVILEGES;\n"


def forget_accounts(session: Session) -> None:
    """Delete all accounts but those that every server has of its own."""
    for table in GRANT_TABLES:
        own = [name for name in _columns(session, table) if name.lower() in USER_COLUMNS]
        if own:
            condition = " AND ".join(f"`{name}` NOT IN ({among(OWN_ACCOUNTS)})" for name in own)
            session.do(f"DELETE FROM mysql.`{table}` WHERE {condition}", OWN_ACCOUNTS * len(own))  # noqa: S608
    session.do("FLUSH PRIVILEGES")


def _columns(session: Session, table: str) -> list[str]:
    query = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'mysql' AND table_name = %s"
        " ORDER BY ordinal_position"
    )
    return [str(name) for (name,) in session.rows(query, [table])]


def _literal(digits: str | None) -> str:
    return "NULL" if digits is None else f"_utf8mb4 0x{digits}" if digits else "''"


def chunk_mib(data: int) -> int:
    """Return how many MiB each part of an upload has, so that a dump of so many bytes of data has few enough."""
    return max(16, data // (9000 << 20) + 1)


def table_names(parts: dict[str, dict[str, object]]) -> Sequence[str]:
    """Return the names of the parts that are tables."""
    return [name for name, part in parts.items() if part["kind"] == "table"]
