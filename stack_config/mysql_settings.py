"""What is known of mysqld's settings beforehand: types and ranges, what is refused, what follows from memory.

The tables help with typing errors; a setting that is in none of them is taken as it is, and MySQL has the last word on
the host. Ranges are those that MySQL 8.0, 8.4 and 9.7 have in common (MySQL manual, "Server System Variables" and
"InnoDB Startup Options and System Variables").
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from stack_config.faults import BadValueError
from stack_config.model import Setting

KIB, MIB, GIB = 1024, 1024**2, 1024**3
SUFFIXES = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": 1024**4}


class Kind(ABC):
    """The type of a setting."""

    @abstractmethod
    def read(self, raw: Setting) -> Setting:
        """Return the value as mysqld shows it, or raise BadValueError."""


@dataclass(frozen=True)
class Switch(Kind):
    """ON or OFF."""

    def read(self, raw: Setting) -> Setting:
        """Return it as bool."""
        text = str(raw).lower()
        if text not in ("on", "off", "true", "false", "1", "0"):
            raise BadValueError(f"{raw!r} is neither ON nor OFF", "Write true or false")
        return text in ("on", "true", "1")


@dataclass(frozen=True)
class Number(Kind):
    """A whole number."""

    least: int
    most: int

    def read(self, raw: Setting) -> Setting:
        """Return it as int."""
        if isinstance(raw, bool) or not re.fullmatch(r"-?\d{1,30}", str(raw)):
            raise BadValueError(f"{raw!r} is not a whole number", f"Choose one from {self.least} to {self.most}")
        if not self.least <= int(raw) <= self.most:
            raise BadValueError(f"{raw} is out of range", f"Choose a number from {self.least} to {self.most}")
        return int(raw)


@dataclass(frozen=True)
class Size(Kind):
    """Bytes, with a suffix if one likes."""

    least: int
    most: int

    def read(self, raw: Setting) -> Setting:
        """Return it as int."""
        match = re.fullmatch(r"(\d+)([KMGT]?)", str(raw).upper()) if not isinstance(raw, bool) else None
        if not match:
            raise BadValueError(
                f"{raw!r} is not a size", "Write bytes, or a number with K, M or G behind it, like 512M"
            )
        size = int(match[1]) * SUFFIXES[match[2]]
        if not self.least <= size <= self.most:
            raise BadValueError(f"{raw} is out of range", f"Choose from {self.least} to {self.most} bytes")
        return size


@dataclass(frozen=True)
class Real(Kind):
    """A number that need not be whole."""

    least: float
    most: float

    def read(self, raw: Setting) -> Setting:
        """Return it as int or float."""
        if isinstance(raw, bool) or not re.fullmatch(r"\d+(\.\d+)?", str(raw)):
            raise BadValueError(f"{raw!r} is not a number", f"Choose one from {self.least} to {self.most}")
        number = float(raw)
        if not self.least <= number <= self.most:
            raise BadValueError(f"{raw} is out of range", f"Choose a number from {self.least} to {self.most}")
        return int(number) if number.is_integer() else number


@dataclass(frozen=True)
class Choice(Kind):
    """One of some words."""

    words: tuple[str, ...]

    def read(self, raw: Setting) -> Setting:
        """Return it as MySQL writes it."""
        text = {True: "ON", False: "OFF"}.get(raw, str(raw).upper()) if isinstance(raw, bool) else str(raw).upper()
        if text not in self.words:
            raise BadValueError(f"{raw!r} is none of its values", f"Choose one of {', '.join(self.words)}")
        return text


@dataclass(frozen=True)
class Text(Kind):
    """Any text."""

    def read(self, raw: Setting) -> Setting:
        """Return it as str."""
        if not isinstance(raw, str):
            raise BadValueError(f"{raw!r} is not text", "Write it in quotation marks")
        return raw


_BIG = 2**63 - 1

KNOWN: Mapping[str, Kind] = {
    "auto_increment_increment": Number(1, 65535),
    "auto_increment_offset": Number(1, 65535),
    "autocommit": Switch(),
    "back_log": Number(1, 65535),
    "binlog_cache_size": Size(4 * KIB, _BIG),
    "binlog_expire_logs_seconds": Number(0, 2**32 - 1),
    "binlog_row_image": Choice(("FULL", "MINIMAL", "NOBLOB")),
    "character_set_server": Text(),
    "collation_server": Text(),
    "connect_timeout": Number(2, 31536000),
    "default_time_zone": Text(),
    "enforce_gtid_consistency": Choice(("OFF", "ON", "WARN")),
    "event_scheduler": Choice(("ON", "OFF", "DISABLED")),
    "general_log": Switch(),
    "group_concat_max_len": Number(4, _BIG),
    "gtid_mode": Choice(("OFF", "OFF_PERMISSIVE", "ON_PERMISSIVE", "ON")),
    "innodb_adaptive_hash_index": Switch(),
    "innodb_autoinc_lock_mode": Number(0, 2),
    "innodb_buffer_pool_instances": Number(1, 64),
    "innodb_buffer_pool_size": Size(5 * MIB, _BIG),
    "innodb_file_per_table": Switch(),
    "innodb_flush_log_at_trx_commit": Number(0, 2),
    "innodb_flush_neighbors": Number(0, 2),
    "innodb_io_capacity": Number(100, 2**32 - 1),
    "innodb_io_capacity_max": Number(100, 2**32 - 1),
    "innodb_lock_wait_timeout": Number(1, 1073741824),
    "innodb_log_buffer_size": Size(256 * KIB, 4 * GIB - 1),
    "innodb_lru_scan_depth": Number(100, _BIG),
    "innodb_max_dirty_pages_pct": Real(0, 99.999),
    "innodb_max_dirty_pages_pct_lwm": Real(0, 99.999),
    "innodb_print_all_deadlocks": Switch(),
    "innodb_read_io_threads": Number(1, 64),
    "innodb_redo_log_capacity": Size(8 * MIB, 512 * GIB),
    "innodb_stats_persistent": Switch(),
    "innodb_thread_concurrency": Number(0, 1000),
    "innodb_write_io_threads": Number(1, 64),
    "interactive_timeout": Number(1, 31536000),
    "join_buffer_size": Size(128, _BIG),
    "local_infile": Switch(),
    "lock_wait_timeout": Number(1, 31536000),
    "log_bin_trust_function_creators": Switch(),
    "log_error_verbosity": Number(1, 3),
    "log_output": Text(),
    "log_queries_not_using_indexes": Switch(),
    "long_query_time": Real(0, 31536000),
    "max_allowed_packet": Size(KIB, GIB),
    "max_binlog_cache_size": Size(4 * KIB, _BIG),
    "max_binlog_size": Size(4 * KIB, GIB),
    "max_connect_errors": Number(1, _BIG),
    "max_connections": Number(1, 100000),
    "max_execution_time": Number(0, 2**32 - 1),
    "max_heap_table_size": Size(16 * KIB, _BIG),
    "max_user_connections": Number(0, 2**32 - 1),
    "net_buffer_length": Size(KIB, MIB),
    "net_read_timeout": Number(1, 31536000),
    "net_write_timeout": Number(1, 31536000),
    "open_files_limit": Number(0, 2**32 - 1),
    "performance_schema": Switch(),
    "read_buffer_size": Size(8 * KIB, 2 * GIB - 1),
    "read_only": Switch(),
    "read_rnd_buffer_size": Size(1, 2 * GIB - 1),
    "server_id": Number(0, 2**32 - 1),
    "skip_external_locking": Switch(),
    "skip_name_resolve": Switch(),
    "slow_query_log": Switch(),
    "sort_buffer_size": Size(32 * KIB, _BIG),
    "sql_mode": Text(),
    "super_read_only": Switch(),
    "sync_binlog": Number(0, 2**32 - 1),
    "table_definition_cache": Number(400, 524288),
    "table_open_cache": Number(1, 524288),
    "table_open_cache_instances": Number(1, 64),
    "thread_cache_size": Number(0, 16384),
    "thread_stack": Size(128 * KIB, _BIG),
    "tmp_table_size": Size(KIB, _BIG),
    "transaction_isolation": Choice(("READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE")),
    "wait_timeout": Number(1, 31536000),
}
"""Types and ranges of the settings that one is likely to set."""

_ADDRESS = ("decides who reaches mysqld, which the security groups do", "Use clients and admittedSecurityGroupIds")
_TLS = ("is the certificate's, which the server makes and renews by itself", "Leave it out")
_FOLDER = ("moves files that the distribution's packages and AppArmor expect where they are", "Leave it out")
_BINLOG = ("turns the binary log off or moves it, and with it every later backup to a point in time", "Leave it out")
_FIRST = ("is fixed when the data directory is made", "Leave it out; it takes a server made anew")
_CODE = ("loads code or runs statements before anyone has logged in", "Install it by hand, where one can see it")
_PROTECTION = ("opens the server to everyone on its host", "Reset a password as root on the server: sudo mysql")

REFUSED: Mapping[str, tuple[str, str]] = {
    "admin_address": _ADDRESS,
    "admin_port": _ADDRESS,
    "auto_generate_certs": _TLS,
    "basedir": _FOLDER,
    "bind_address": _ADDRESS,
    "chroot": _FOLDER,
    "datadir": _FOLDER,
    "daemonize": ("is for a mysqld without systemd", "Leave it out"),
    "early_plugin_load": _CODE,
    "general_log_file": _FOLDER,
    "init_connect": _CODE,
    "init_file": _CODE,
    "init_replica": _CODE,
    "init_slave": _CODE,
    "initialize": _FIRST,
    "initialize_insecure": _FIRST,
    "innodb_data_file_path": _FIRST,
    "innodb_data_home_dir": _FIRST,
    "innodb_dedicated_server": (
        "takes the memory that the host shows, which need not be what the instance type has",
        "Leave it out: the same sizes are derived from the instance type",
    ),
    "innodb_doublewrite_dir": _FOLDER,
    "innodb_force_recovery": ("can lose data, and is for one start by hand", "Set it by hand while you repair"),
    "innodb_log_group_home_dir": _FOLDER,
    "innodb_page_size": _FIRST,
    "innodb_temp_tablespaces_dir": _FOLDER,
    "innodb_tmpdir": _FOLDER,
    "innodb_undo_directory": _FOLDER,
    "log_bin": _BINLOG,
    "log_bin_basename": _BINLOG,
    "log_bin_index": _BINLOG,
    "log_error": _FOLDER,
    "log_raw": ("writes passwords into the log in plain text", "Leave it out"),
    "lower_case_table_names": _FIRST,
    "mysqlx": ("has a key of its own", "Set xProtocol"),
    "mysqlx_bind_address": _ADDRESS,
    "mysqlx_port": ("is where the firewall expects the X protocol", "Leave it out"),
    "mysqlx_socket": _FOLDER,
    "mysqlx_ssl_ca": _TLS,
    "mysqlx_ssl_capath": _TLS,
    "mysqlx_ssl_cert": _TLS,
    "mysqlx_ssl_crl": _TLS,
    "mysqlx_ssl_crlpath": _TLS,
    "mysqlx_ssl_key": _TLS,
    "offline_mode": ("keeps every client out", "Leave it out"),
    "pid_file": _FOLDER,
    "plugin_dir": _FOLDER,
    "plugin_load": _CODE,
    "plugin_load_add": _CODE,
    "port": ("has a key of its own, which the firewall follows", "Set mysqlPort"),
    "replica_load_tmpdir": _FOLDER,
    "require_secure_transport": ("has a key of its own", "Set requireSecureTransport"),
    "secure_file_priv": ("keeps LOAD DATA and SELECT INTO OUTFILE out of other folders", "Leave it out"),
    "skip_grant_tables": _PROTECTION,
    "skip_networking": ("closes MySQL's port to every client", "Leave it out"),
    "skip_show_database": ("forbids the SHOW DATABASES that each client's login check runs", "Leave it out"),
    "slave_load_tmpdir": _FOLDER,
    "slow_query_log_file": _FOLDER,
    "socket": _FOLDER,
    "ssl": _TLS,
    "ssl_ca": _TLS,
    "ssl_capath": _TLS,
    "ssl_cert": _TLS,
    "ssl_crl": _TLS,
    "ssl_crlpath": _TLS,
    "ssl_key": _TLS,
    "tls_ciphersuites": _TLS,
    "tls_version": _TLS,
    "tmpdir": _FOLDER,
    "user": ("is the distribution's own account for mysqld", "Leave it out"),
}
"""What no config may set: why, and what to do instead."""

POOL_CHUNK = 128 * MIB
"""InnoDB sizes its buffer pool in such steps."""


def derived(memory_mib: int) -> dict[str, Setting]:
    """Return the settings that follow from the memory of the instance type.

    Args:
        memory_mib: MiB of memory.

    Source: MySQL manual, "Enabling Automatic InnoDB Configuration for a Dedicated MySQL Server", for the buffer pool;
    a redo log of a quarter of it holds the changes of a busy hour and is small beside a root volume.
    """
    memory = memory_mib * MIB
    share = 0.0 if memory < GIB else 0.5 if memory <= 4 * GIB else 0.75
    pool = max(POOL_CHUNK, int(memory * share) // POOL_CHUNK * POOL_CHUNK)
    redo = min(max(pool // 4, 100 * MIB), 2 * GIB) // MIB * MIB
    return {"innodb_buffer_pool_size": pool, "innodb_redo_log_capacity": redo}
