"""A stand-in of mysqld: an option file, what a start makes of it, and SET GLOBAL."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import open_files, option_file, server, settings
from scripts.host.mysql.option_file import same
from scripts.host.mysql.server import Error
from scripts.host.mysql.settings import Settings
from scripts.host.mysql.spec import MySqlSpec

READ_ONLY = {
    "bind_address",
    "innodb_buffer_pool_instances",
    "innodb_page_cleaners",
    "lower_case_table_names",
    "open_files_limit",
}
DEFAULTS = {
    "bind_address": "*",
    "innodb_buffer_pool_instances": "1",
    "innodb_buffer_pool_size": "134217728",
    "innodb_io_capacity": "10000",
    "innodb_io_capacity_max": "20000",
    "innodb_page_cleaners": "4",
    "key_buffer_size": "8388608",
    "long_query_time": "10.000000",
    "lower_case_table_names": "0",
    "max_connections": "151",
    "open_files_limit": "10000",
    "require_secure_transport": "OFF",
    "sort_buffer_size": "262144",
    "sql_mode": "STRICT_TRANS_TABLES",
}
DISTRIBUTION = {"bind_address": "127.0.0.1", "key_buffer_size": "16777216"}
MAXIMUM = {"max_connections": 100000}
CHUNK = 134217728
NR_OPEN = 1048576
"""What the kernel lets a process have (fs.nr_open)."""
ANYWHERE = "0.0.0.0"  # noqa: S104  # the usual bind_address


class Mysqld:
    """A server with an option file, whose variables come from its start and from SET GLOBAL."""

    def __init__(self, path: Path, default_instances: int = 1) -> None:
        self.option_file = path
        self.default_instances = default_instances
        """Of a buffer pool of 1 GiB or more: 8 on MySQL 8.0."""
        self.open_files = 10000
        """What systemd allows, as it has last read its units."""
        self.resizing = 0
        """How many questions about the buffer pool find it still on its way."""
        self.joining = 0
        """How many settings Group Replication refuses, as it is starting."""
        self.running = True
        self.starts = 0
        self.statements: list[str] = []
        self.variables: dict[str, str] = {}
        self.read_at_start: set[str] = set()
        self.mysqlx = True
        self.persisted: dict[str, str] = {}
        self.start()

    def systemctl(self, argv: Sequence[str]) -> None:
        """Read the drop-in of the unit, as systemd does."""
        assert argv == ["systemctl", "daemon-reload"]
        drop_in = open_files.PATH.read_text() if open_files.PATH.exists() else "LimitNOFILE=10000\n"
        self.open_files = min(int(drop_in.partition("LimitNOFILE=")[2].partition("\n")[0]), NR_OPEN)

    def start(self) -> None:
        """Read the file; fail on what mysqld would stumble over."""
        self.starts += 1
        text = self.option_file.read_text() if self.option_file.exists() else ""
        lines = [line.split(" = ", 1) for line in text.splitlines() if " = " in line]
        own = {name: value.strip('"') for name, value in lines}
        self.running = "nonsense!" not in own.values()
        if not self.running:
            raise HostError("mysqld does not come up: [ERROR] Can't start server: cannot resolve hostname!")
        self.mysqlx = own.pop("mysqlx", "ON") == "ON"
        self.read_at_start = set(own)
        self.variables = DEFAULTS | DISTRIBUTION
        self._size_pool(own.pop("innodb_buffer_pool_size", DEFAULTS["innodb_buffer_pool_size"]), own)
        for name, value in (own | self.persisted).items():
            self._take(name.removeprefix("loose_"), value)
        self.variables["open_files_limit"] = str(self.open_files)
        most = self.open_files - 10 - 2 * 400
        self.variables["max_connections"] = str(min(int(self.variables["max_connections"]), most))

    def _size_pool(self, size: str, own: dict[str, str]) -> None:
        """Give the pool instances, chunks and a size (InnoDB of MySQL 8.0, innodb_buffer_pool_size_init)."""
        instances = int(own.pop("innodb_buffer_pool_instances", self.default_instances))
        instances = 1 if int(size) < 1024**3 else instances
        chunk = min(CHUNK, -(-int(size) // instances))
        self.unit = chunk * instances
        self.variables["innodb_buffer_pool_instances"] = str(instances)
        self.variables["innodb_buffer_pool_size"] = str(-(-int(size) // self.unit) * self.unit)

    def is_started(self) -> bool:
        """Start the server if it is down; return whether it is up."""
        if not self.running:
            with contextlib.suppress(HostError):
                self.start()
        return self.running

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer the queries of the module."""
        if "variables_info" in statement:
            return [(name,) for name in self.read_at_start]
        if "global_status" in statement:
            self.resizing -= 1
            return [(args[0], "Withdrawing blocks to be shrunken." if self.resizing >= 0 else "Completed resizing")]
        if "plugins" in statement:
            return [("mysqlx", int(self.mysqlx))]
        if "persisted_variables" in statement:
            return [(name, self.persisted[name]) for name in args if name in self.persisted]
        return [(name, self.variables[name]) for name in args if name in self.variables]

    def one(self, statement: str) -> Any:
        """Answer SELECT @@GLOBAL."""
        name = statement.removeprefix("SELECT @@GLOBAL.")
        if name not in self.variables:
            raise Error(1193, f"Unknown system variable '{name}'")
        return self.variables[name]

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Set a variable as MySQL does: with an error, with a warning, or as asked."""
        if statement.startswith("RESET PERSIST"):
            del self.persisted[statement.split()[-1]]
            return []
        name = statement.split()[2]
        if name in READ_ONLY:
            raise Error(1238, f"Variable '{name}' is a read only variable")
        if self.joining:
            self.joining -= 1
            raise Error(3724, "This option cannot be set while START or STOP GROUP_REPLICATION is ongoing.")
        self.statements.append(name)
        value = args[0] if args else DEFAULTS[name]
        if value == "NONSENSE":
            raise Error(1231, f"Variable '{name}' can't be set to the value of 'NONSENSE'")
        self._take(name, str(value))
        if name == "sort_buffer_size":
            return [(1287, "'sort_buffer_size' is deprecated")]
        if same(value, self.variables[name]) or value == "ANSI":
            return []
        return [(1292, f"Truncated incorrect {name} value: '{value}'")]

    def _take(self, name: str, value: str) -> None:
        if name == "sql_mode" and value == "ANSI":
            value = "REAL_AS_FLOAT,PIPES_AS_CONCAT,ANSI"
        if name == "innodb_buffer_pool_size":
            if int(value) < 1024**3 and self.variables["innodb_buffer_pool_instances"] != "1":
                return  # a warning alone, seen on 8.0.45
            value = str(-(-int(value) // self.unit) * self.unit)
        if name == "innodb_io_capacity_max":
            value = str(max(int(value), int(self.variables["innodb_io_capacity"])))
        if name in MAXIMUM:
            value = str(min(int(value), MAXIMUM[name]))
        self.variables[name] = value


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, instances: int = 1) -> Mysqld:
    """Return a running server without settings of its own, started once, that the agent takes for the host's."""
    monkeypatch.setattr(option_file, "PATH", folder / "zz.cnf")
    monkeypatch.setattr(open_files, "PATH", folder / "drop-in.conf")
    running = Mysqld(option_file.PATH, instances)
    monkeypatch.setattr(process, "must", running.systemctl)
    monkeypatch.setattr(settings, "Session", lambda: running)
    monkeypatch.setattr(server, "start", running.is_started)
    monkeypatch.setattr(server, "restart", running.start)
    monkeypatch.setattr(option_file, "check", lambda *_: None)
    monkeypatch.setattr(option_file, "values_without", lambda: DISTRIBUTION)
    return running


def converge(mysqld: Mysqld, desired: Settings) -> tuple[int, list[str]]:
    """Converge; return how often the server was started meanwhile and what was set live."""
    starts, mysqld.statements = mysqld.starts, []
    spec = MySqlSpec(desired)
    settings.converge(spec)
    assert mysqld.option_file.read_text() == spec.option_file
    return mysqld.starts - starts, sorted(set(mysqld.statements))
