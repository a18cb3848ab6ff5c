#!/usr/bin/env python3
"""Print, as JSON, what a fresh host and a converged one should have in common; a test compares two of these.

The test hands it to python3 on each host, as root. No secrets: of what could be one there is a digest.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

FOLDERS = ["/etc/mysql", "/etc/mysql-pair", "/etc/ssh/sshd_config.d", "/etc/apt/apt.conf.d", "/etc/systemd/system"]
KEYS = "/home/ubuntu/.ssh/authorized_keys"
FILES = ["/etc/ssh/sshd_config", KEYS]
DATA = "/var/lib/mysql"
CERTIFICATES = ["ca.pem", "ca-key.pem", "client-cert.pem", "client-key.pem", "server-cert.pem", "server-key.pem"]
OPTION_FILE = "/etc/mysql/mysql.conf.d/zz-mysql-pair.cnf"
"""A server's: an image may have MySQL's package, and so its folders, on a client too."""
OWN_FOLDERS = [DATA, "/var/lib/mysql-files", "/var/lib/mysql-keyring", "/var/log/mysql"]
COME_AND_GO = re.compile(r"binlog\.(\d+|~rec~)|.*\.pid|.*\.log\..*|#ib_.*|ib_buffer_pool|mysql-slow\.log")
"""Files that mysqld makes while it works; a log that was on once stays."""
UNLIKE = {"/etc/mysql/debian.cnf"}
"""Files whose content no two hosts share: the package makes up a password."""

PER_HOST = {
    "hostname",
    "pid_file",
    "relay_log",
    "relay_log_basename",
    "relay_log_index",
    "report_host",
    "server_uuid",
}
"""Variables made from the host's name or identity."""
PER_MOMENT = {"gtid_executed", "gtid_purged", "innodb_thread_sleep_delay", "timestamp"}
"""Variables that change while the server works."""
AT_START = {
    "back_log",
    "host_cache_size",
    "innodb_buffer_pool_chunk_size",
    "innodb_buffer_pool_instances",
    "innodb_open_files",
    "open_files_limit",
    "table_definition_cache",
    "table_open_cache",
    "thread_cache_size",
}
"""Variables that mysqld derives from others when it starts, and not again when those are set live (MySQL manual,
"Server System Variables": autosized). Those of the performance schema are derived too."""


def main() -> None:
    """Print the state."""
    state = {
        "files": files(),
        "packages": packages(),
        "units": sorted(column(run("systemctl", "list-unit-files", "--state=enabled", "--no-legend", "--plain"), 0)),
        "sshd": sorted(run("sshd", "-T").splitlines()),
    }
    if Path(OPTION_FILE).exists():
        state["mysql"] = mysql()
        state["folders"] = {name: entries(Path(name)) for name in OWN_FOLDERS}
    print(json.dumps(state, indent=1, sort_keys=True))


def files() -> dict[str, list[str]]:
    """Return mode, owner and digest of each managed file."""
    paths = [path for folder in FOLDERS for path in sorted(Path(folder).rglob("*"))]
    paths += [Path(name) for name in FILES] + [Path(DATA) / name for name in CERTIFICATES]
    return {str(path): described(path) for path in paths if path.is_symlink() or path.is_file()}


def described(path: Path) -> list[str]:
    """Return what is to be compared of a file; of a certificate, which no two hosts share, not the content."""
    status = path.lstat()
    if path.is_symlink():
        content = f"-> {path.readlink()}"
    elif path.parent == Path(DATA) or str(path) in UNLIKE or path.parent.name == "mysql-pair":
        content = "of its own"
    else:
        content = digest(path.read_text(errors="replace"))
    return [oct(status.st_mode), f"{path.owner()}:{path.group()}", content]


def entries(folder: Path) -> dict[str, list[str]]:
    """Return mode and owner of what is in one of MySQL's folders, and of the folder itself."""
    paths = {path.name: path for path in folder.iterdir() if not COME_AND_GO.fullmatch(path.name)} | {".": folder}
    return {
        name: [oct(path.lstat().st_mode), f"{path.owner()}:{path.group()}"]
        for name, path in paths.items()
        if not path.is_symlink()
    }


def packages() -> dict[str, list[str]]:
    """Return version and mark of each installed package."""
    automatic = set(run("apt-mark", "showauto").split())
    rows = [
        row.split("\t") for row in run("dpkg-query", "-W", "-f", r"${Package}\t${Version}\t${Status}\n").split("\n")
    ]
    installed = {row[0]: row[1] for row in rows if row[-1].endswith(" ok installed")}
    return {name: [version, "auto" if name in automatic else "manual"] for name, version in installed.items()}


def mysql() -> dict[str, Any]:
    """Return the server's settings, users and plugins."""
    shown = dict(query("SELECT variable_name, variable_value FROM performance_schema.global_variables"))
    left_out = PER_HOST | PER_MOMENT | AT_START
    plugins = query("SELECT plugin_name, plugin_status FROM information_schema.plugins")
    users = query("SELECT user, host, plugin, SHA2(authentication_string, 256), account_locked FROM mysql.user")
    return {
        "variables": {
            name: value
            for name, value in shown.items()
            if name not in left_out and not name.startswith("performance_schema_")
        },
        "users": {account(row): user_state(row) for row in users},
        "databases": sorted(row[0] for row in query("SHOW DATABASES")),
        "plugins": sorted(plugins),
        "time_zones": query("SELECT COUNT(*) FROM mysql.time_zone_name")[0][0],
    }


def account(row: list[str]) -> str:
    """Return 'user'@'host' as SQL."""
    user, host = (part.replace("\\", "\\\\").replace("'", "\\'") for part in row[:2])
    return f"'{user}'@'{host}'"


def user_state(row: list[str]) -> dict[str, Any]:
    """Return what is to be compared of a user: its password's digest is salted, so only whether there is one."""
    empty = hashlib.sha256(b"").hexdigest()
    grants = sorted(line for (line,) in query(f"SHOW GRANTS FOR {account(row)}"))
    return {"plugin": row[2], "password": row[3] != empty, "locked": row[4], "grants": grants}


def query(statement: str) -> list[list[str]]:
    """Return the rows of a query, as text."""
    printed = run("mysql", "--no-defaults", "--user=root", "--batch", "--skip-column-names", f"--execute={statement}")
    return [line.split("\t") for line in printed.splitlines()]


def column(text: str, number: int) -> list[str]:
    """Return one column of a table that a program printed."""
    return [re.split(r"\s+", line)[number] for line in text.splitlines() if line.strip()]


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def run(*argv: str) -> str:
    """Return what a program printed.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    main()
