"""Config of mysqld: what is refused, what is derived, and how settings arrive."""

from __future__ import annotations

import pytest

from components.backups.log_settings import GTIDS
from components.mysql.contradictions import check_settings
from components.mysql.disk import fitted
from components.mysql.settings import BUFFERS, KNOWN, PAIRS, REFUSED
from tests.unit.program.configs import (
    assert_told,
    parsed,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"mysqlPort": 22}, "mysqlPort", "taken by ssh"),
    ({"mysqlPort": "9" * 5000}, "mysqlPort", "not a whole number"),
    ({"mysqlPort": 0}, "mysqlPort", "out of range"),
    ({"mysqlPort": 70000}, "mysqlPort", "out of range"),
    ({"mysqlPort": 443}, "mysqlPort", "does not run as root"),
    ({"mysqlPort": 33060, "xProtocol": True}, "mysqlPort", "the X protocol's"),
    ({"xProtocol": "on"}, "xProtocol", "neither true nor false"),
    ({"requireSecureTransport": "on"}, "requireSecureTransport", "neither true nor false"),
    ({"mysqlSettings": "max_connections=1"}, "mysqlSettings", "neither YAML's nor JSON's"),
    ({"mysqlSettings": {"max-connections": 1}}, "mysqlSettings.max-connections", "max_connections"),
    ({"mysqlSettings": {"max_connections": "many"}}, "mysqlSettings.max_connections", "not a whole number"),
    ({"mysqlSettings": {"max_connections": 0}}, "mysqlSettings.max_connections", "out of range"),
    ({"mysqlSettings": {"max_allowed_packet": "16Q"}}, "mysqlSettings.max_allowed_packet", "not a size"),
    ({"mysqlSettings": {"max_allowed_packet": "2G"}}, "mysqlSettings.max_allowed_packet", "out of range"),
    ({"mysqlSettings": {"slow_query_log": 2}}, "mysqlSettings.slow_query_log", "neither ON nor OFF"),
    ({"mysqlSettings": {"long_query_time": "soon"}}, "mysqlSettings.long_query_time", "not a number"),
    ({"mysqlSettings": {"gtid_mode": "YES"}}, "mysqlSettings.gtid_mode", "none of its values"),
    ({"mysqlSettings": {"sql_mode": 7}}, "mysqlSettings.sql_mode", "not text"),
    ({"mysqlSettings": {"sql_mode": "A\nB"}}, "mysqlSettings.sql_mode", "control characters"),
    ({"mysqlSettings": {"made_up": [1]}}, "mysqlSettings.made_up", "not one value"),
    ({"mysqlSettings": {"bind_address": "*"}}, "mysqlSettings.bind_address", "security groups do"),
    ({"mysqlSettings": {"datadir": "/data"}}, "mysqlSettings.datadir", "AppArmor"),
    ({"mysqlSettings": {"skip_grant_tables": True}}, "mysqlSettings.skip_grant_tables", "opens the server"),
    ({"mysqlSettings": {"general_log_file": "general.log"}}, "mysqlSettings.general_log_file", "rotates"),
    ({"mysqlSettings": {"slow_query_log_file": "/var/log/mysql/slow"}}, "mysqlSettings.slow_query_log_file", "rotates"),
    ({"mysqlSettings": {"expire_logs_days": 7}}, "mysqlSettings.expire_logs_days", "binlog_expire_logs_seconds"),
    ({"mysqlSettings": {"log_error": "/var/log/mysql/other.log"}}, "mysqlSettings.log_error", "moves files"),
    ({"mysqlSettings": {"mysqlx_ssl_key": "key.pem"}}, "mysqlSettings.mysqlx_ssl_key", "is the certificate's"),
    ({"mysqlSettings": {"skip_show_database": True}}, "mysqlSettings.skip_show_database", "login check"),
    ({"mysqlSettings": {"offline_mode": True}}, "mysqlSettings.offline_mode", "keeps every client out"),
    ({"mysqlSettings": {"log_raw": True}}, "mysqlSettings.log_raw", "passwords"),
    ({"mysqlSettings": {"port": 3307}}, "mysqlSettings.port", "Set mysqlPort"),
    ({"mysqlSettings": {"loose_max_connections": 9}}, "mysqlSettings.loose_max_connections", "prefix"),
    ({"mysqlSettings": {"innodb_buffer_pool_size": "64G"}}, "mysqlSettings.innodb_buffer_pool_size", "2048 MiB"),
    ({"mysqlSettings": {"max_connections": 2000}}, "mysqlSettings.max_connections", "more than the instance type's"),
    ({"mysqlSettings": {"gtid_mode": "ON"}}, "mysqlSettings.gtid_mode", "without enforce_gtid_consistency"),
    (
        {"mysqlSettings": {"innodb_io_capacity": 400, "innodb_io_capacity_max": 300}},
        "mysqlSettings.innodb_io_capacity",
        "more than innodb_io_capacity_max",
    ),
    (
        {"mysqlSettings": {"innodb_max_dirty_pages_pct_lwm": 90.5, "innodb_max_dirty_pages_pct": 90}},
        "mysqlSettings.innodb_max_dirty_pages_pct_lwm",
        "more than innodb_max_dirty_pages_pct",
    ),
    (
        {"mysqlSettings": {"innodb_log_file_size": "48M"}},
        "mysqlSettings.innodb_log_file_size",
        "innodb_redo_log_capacity",
    ),
    ({"mysqlSettings": {"max_allowed_packet": 1500}}, "mysqlSettings.max_allowed_packet", "multiple of 1024"),
    ({"mysqlSettings": {"innodb_buffer_pool_size": "1536M"}}, "mysqlSettings.innodb_buffer_pool_size", "the host has"),
    (
        {"mysqlSettings": {"innodb_buffer_pool_instances": 4}},
        "mysqlSettings.innodb_buffer_pool_instances",
        "has one instance",
    ),
    (
        {"mysqlSettings": {"innodb_buffer_pool_chunk_size": "1G"}},
        "mysqlSettings.innodb_buffer_pool_chunk_size",
        "mysqld lowers it",
    ),
    ({"mysqlSettings": {"innodb_page_cleaners": 4}}, "mysqlSettings.innodb_page_cleaners", "mysqld lowers it"),
    (
        {"mysqlSettings": {"open_files_limit": 10000, "table_open_cache": 20000}},
        "mysqlSettings.open_files_limit",
        "too few for max_connections = 151 and table_open_cache = 20000",
    ),
    ({"serverInstanceType": "t3.nano"}, "serverInstanceType", "too little for mysqld"),
    ({"mysqlSettings": {"super_read_only": True}}, "mysqlSettings.super_read_only", "making users"),
]


# a setting, its value, what is said of it of several servers (MySQL manual, "Group Replication Requirements")
OF_GROUPS: list[tuple[str, object, str]] = [
    ("gtid_mode", "OFF", "of several servers it is ON"),
    ("performance_schema", False, "of several servers it is ON: who is in the group, and in which role, is seen there"),
    ("super_read_only", False, "is set by the group itself, by each server's role"),
    ("read_only", True, "is set by the group itself, by each server's role"),
    ("binlog_format", "MIXED", "of several servers it is ROW: members certify rows"),
    ("log_replica_updates", "off", "takes from the others' logs what it missed"),
    ("default_storage_engine", "MyISAM", "of InnoDB alone"),
    ("server_id", 7, "would be the same on all servers"),
    ("report_host", "db.example.org", "would be the same on all servers"),
    ("group_replication_group_seeds", "10.0.0.1:33061", "is the group's, which follows from"),
    ("group_replication_start_on_boot", True, "is the group's, which follows from"),
    ("group_replication_single_primary_mode", False, "is the group's, which follows from"),
]


@pytest.mark.parametrize(("name", "value", "said"), OF_GROUPS)
def test_what_no_member_of_a_group_can_have_is_told_before_anything_is_made(
    name: str, value: object, said: str
) -> None:
    of_one: dict[str, object] = {"mysqlSettings": {name: value}, "backupDays": 0}
    parsed(**of_one)
    assert_told({**of_one, "servers": 3}, f"mysqlSettings.{name}", said)


# a setting that several servers may have, its value
FREE = [
    ("binlog_format", "ROW"),
    ("log_replica_updates", 1),
    ("default_storage_engine", "InnoDB"),
    ("group_replication_consistency", "EVENTUAL"),
    ("group_replication_member_expel_timeout", 5),
]


@pytest.mark.parametrize(("name", "value"), FREE)
def test_a_group_can_be_tuned(name: str, value: object) -> None:
    assert name in parsed(servers=3, mysqlSettings={name: value}).server["settings"]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


@pytest.mark.parametrize("name", sorted({name for pair in PAIRS for name in pair} | {*BUFFERS, "gtid_mode"}))
def test_what_is_compared_is_of_a_known_type(name: str) -> None:
    assert name in KNOWN and name not in REFUSED


def test_nothing_is_both_known_and_refused() -> None:
    assert not KNOWN.keys() & REFUSED.keys()


def test_a_server_may_be_read_only_for_all_but_its_administrators() -> None:
    assert parsed(mysqlSettings={"read_only": True}).server["settings"] == {"read_only": True}


def test_memory_settings_follow_the_instance_type() -> None:
    mib = 1024**2
    assert parsed().server["derived_settings"] == {
        "innodb_buffer_pool_size": 768 * mib,
        "innodb_redo_log_capacity": 768 * mib,
        "innodb_io_capacity": 1500,
        "innodb_io_capacity_max": 3000,
        "innodb_flush_method": "O_DIRECT",
        "innodb_doublewrite_pages": 128,
        "innodb_log_buffer_size": 16 * mib,
        "temptable_max_ram": 56 * mib,
        "skip_name_resolve": True,
        "binlog_expire_logs_seconds": 4 * 86400,
        **GTIDS,
    }
    micro = parsed(serverInstanceType="t3.micro").server["derived_settings"]
    assert micro["innodb_buffer_pool_size"] == 128 * mib
    assert micro["performance_schema_error_size"] == 0


@pytest.mark.parametrize(("host", "derived"), [("app.example.org", False), ("10.20.%", True), ("localhost", True)])
def test_no_name_is_looked_up_for_a_new_connection_unless_a_user_needs_it(host: str, derived: bool) -> None:
    users = {
        "app": {"grants": [{"database": "app", "privileges": ["ALL"]}]},
        "other": {"host": host, "grants": [{"database": "app", "privileges": ["SELECT"]}]},
    }
    config = parsed(users=users)
    assert config.server["derived_settings"].get("skip_name_resolve", False) is derived


@pytest.mark.parametrize(("gib", "days"), [(8, 2), (16, 4), (100, 25), (120, 30), (16384, 30)])
def test_binary_logs_are_kept_for_as_long_as_the_volume_holds_them(gib: int, days: int) -> None:
    for volume in ({"dataVolumeSize": gib}, {"dataVolumeSize": 0, "serverVolumeSize": gib}):
        assert parsed(**volume).server["derived_settings"]["binlog_expire_logs_seconds"] == days * 86400


def test_the_redo_log_of_a_large_host_is_small_beside_its_volume() -> None:
    large = {"innodb_redo_log_capacity": 2 * 1024**3}
    assert fitted(large, 16, 3000)["innodb_redo_log_capacity"] == 2 * 1024**3
    assert fitted(large, 8, 3000)["innodb_redo_log_capacity"] == 1024**3


# config, innodb_io_capacity, innodb_io_capacity_max
CAPACITIES: list[tuple[dict[str, object], int | None, int | None]] = [
    ({}, 1500, 3000),
    ({"dataVolumeSize": 100, "dataVolumeIops": 16000}, 8000, 16000),
    ({"dataVolumeSize": 0}, 1500, 3000),
    ({"mysqlSettings": {"innodb_io_capacity": 5000}}, None, None),
    ({"mysqlSettings": {"innodb_io_capacity_max": 1000}}, None, None),
]


@pytest.mark.parametrize(("config", "usual", "most"), CAPACITIES)
def test_pages_are_written_at_the_pace_of_the_volume_unless_one_is_chosen(
    config: dict[str, object], usual: int | None, most: int | None
) -> None:
    settings = parsed(**config).server["derived_settings"]
    assert (settings.get("innodb_io_capacity"), settings.get("innodb_io_capacity_max")) == (usual, most)


# as written, as mysqld shows it
VALUES: list[tuple[str, object, object]] = [
    ("innodb_buffer_pool_size", "1G", 1024**3),
    ("sort_buffer_size", 262144, 262144),
    ("slow_query_log", "ON", True),
    ("slow_query_log", 0, False),
    ("long_query_time", "0.5", 0.5),
    ("long_query_time", 2.0, 2),
    ("gtid_mode", "off", "OFF"),
    ("gtid_mode", False, "OFF"),
    ("some_plugin_option", "text", "text"),
    ("slow_query_log_file", "/var/log/mysql/slow.log", "/var/log/mysql/slow.log"),
]


@pytest.mark.parametrize(("name", "written", "value"), VALUES)
def test_settings_arrive_as_mysqld_shows_them(name: str, written: object, value: object) -> None:
    setting = parsed(backupDays=0, mysqlSettings={name: written}).server["settings"][name]
    assert (setting, type(setting)) == (value, type(value))


def test_settings_that_another_program_hands_to_a_server_are_checked_as_those_of_config_are() -> None:
    refused = check_settings({"bind_address": "*", "max_connections": 0, "gtid_mode": "ON"})
    assert [fault.names[0] for fault in refused] == ["bind_address", "max_connections"]
    together = check_settings({"gtid_mode": "ON", "innodb_buffer_pool_size": "2G"}, memory_mib=1024)
    assert [fault.names[0] for fault in together] == ["innodb_buffer_pool_size", "gtid_mode"]
    assert not list(check_settings({"innodb_log_file_size": "48M", "max_connections": 300}))
