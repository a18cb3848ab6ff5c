"""accounts.py on the pair's server, run as the program runs it, without harm to the stack's own databases and users."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests import PROJECT_ROOT
from tests.lab.pair import Pair

sys.path.insert(0, str(PROJECT_ROOT / "scripts" / "host"))  # its modules lie in one folder on a host, too

import password_check as password_check

SCRIPT = "/usr/local/lib/mysql-pair/current/accounts.py"
HOST = "10.%"
"""A host part that admits nobody in particular."""
CHANGING = (
    *("alter_db", "create_db", "drop_db", "create_user", "alter_user", "rename_user", "drop_user", "set_password"),
    *("create_role", "drop_role", "grant", "grant_roles", "revoke", "revoke_all", "revoke_roles"),
    "alter_user_default_role",
)
"""MySQL's counters of statements that change accounts and databases."""

Row = dict[str, Any]


def grant(*privileges: str, database: str | None = None, table: str | None = None, option: bool = False) -> Row:
    """Return a grant of a document."""
    return {"privileges": list(privileges), "database": database, "table": table, "grant_option": option}


def user(key: str, **fields: Any) -> Row:
    """Return a user of a document."""
    row = {
        "key": key,
        "name": key,
        "host": HOST,
        "plugin": "caching_sha2_password",
        "password": f"Pa$$w0rd of {key}",
        "generation": 1,
        "finished_generation": 0,
        "grants": [],
        "roles": [],
        "default_roles": [],
        "locked": False,
        "password_lifetime_days": None,
        "comment": None,
        "adopt": False,
    }
    assert fields.keys() <= row.keys()
    return row | fields


def role(key: str, *grants: Row, name: str | None = None) -> Row:
    """Return a role of a document."""
    return {"key": key, "name": name or key, "grants": list(grants)}


def database(name: str, **fields: Any) -> Row:
    """Return a database of a document."""
    return {"name": name, "charset": "utf8mb4", "collation": None, "drop": False} | fields


@dataclass
class Script:
    """The script, and what it is told beside the stack's own document."""

    pair: Pair
    own: Mapping[str, list[Row]]
    databases: set[str] = field(default_factory=set)
    """Those that were made here."""

    def run(self, verb: str, *rows: Iterable[Row]) -> subprocess.CompletedProcess[str]:
        """Run it with databases, roles and users, as many of these as are given, from the end."""
        document = copy.deepcopy(dict(self.own))
        for kind, more in zip(("users", "roles", "databases"), reversed(rows), strict=False):
            document[kind] = document[kind] + list(more)
        self.databases |= {row["name"] for row in document["databases"]}
        return self.pair.ssh("server", f"sudo python3 {SCRIPT} {verb}", stdin=json.dumps(document))

    def apply(self, *rows: Iterable[Row]) -> dict[str, Any]:
        """Make it so; it has to end well. Return what it says of the users."""
        done = self.run("apply", *rows)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)["users"]
        return found

    def refused(self, *rows: Iterable[Row]) -> str:
        """Make it so as far as it goes; something has to be refused. Return what is said of it."""
        done = self.run("apply", *rows)
        assert done.returncode == 1, done.stdout
        assert json.loads(done.stdout)["users"].keys() >= {row["key"] for row in self.own["users"]}
        return done.stderr

    def differences(self, *rows: Iterable[Row]) -> list[tuple[str, str, str, str]]:
        """Return what differs: of what, which, as it should be, as it is."""
        done = self.run("differences", *rows)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return [(row["name"], row["what"], row["expected"], row["found"]) for row in json.loads(done.stdout)]

    def listed(self) -> dict[str, Any]:
        """Return what `list` says, by account."""
        done = self.pair.ssh("server", f"sudo python3 {SCRIPT} list")
        assert done.returncode == 0, done.stderr
        return {row["account"]: row for row in json.loads(done.stdout)["users"]}

    def changing(self) -> int:
        """Return how many statements that change something the server has had."""
        rows = (line.split("\t") for line in self.pair.sql("show global status like 'Com\\_%'").splitlines())
        counters = {name.removeprefix("Com_"): int(count) for name, count in rows}
        return sum(counters[name] for name in CHANGING)

    def grants(self, account: str) -> set[str]:
        """Return SHOW GRANTS without what everybody has."""
        lines = set(self.pair.sql(f"show grants for {account}").splitlines())
        return {line.replace(account.replace("'", "`"), "X") for line in lines if "GRANT USAGE ON *.*" not in line}

    def put_back(self) -> None:
        """Leave the stack's own, and nothing else."""
        kept = {"sys"} | {row["name"] for row in self.own["databases"]}
        self.apply([database(name, drop=True) for name in sorted(self.databases - kept)], [], [])
        self.databases.clear()


def own_document(pair: Pair) -> dict[str, list[Row]]:
    """Return what the stack itself tells the script: without it the script would drop the stack's users."""
    done = pair.pulumi("stack", "export", "--show-secrets", "--stack", pair.lab.name)
    assert done.returncode == 0, done.stderr
    for resource in json.loads(done.stdout)["deployment"]["resources"]:
        if resource["urn"].endswith("::accounts-applied"):
            stdin = resource["inputs"]["stdin"]
            text = json.loads(stdin["plaintext"]) if isinstance(stdin, dict) else stdin
            found: dict[str, list[Row]] = json.loads(text)
            return found
    return {"databases": [], "roles": [], "users": []}
