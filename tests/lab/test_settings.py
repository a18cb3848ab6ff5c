"""mysqld's settings change in place: live, or by one restart, or not at all where MySQL refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.host.constants import OPTION_FILE
from tests.lab.pair import Pair, on

LATER = "/etc/systemd/system/systemd-user-sessions.service.d"
SLOW_LOGINS = f"""
mkdir -p {LATER}
printf '[Service]\\nExecStartPre=/bin/sleep 6\\n' >{LATER}/later.conf
"""
"""Until this service has started, pam_nologin refuses everybody but root."""


def started(pair: Pair) -> str:
    """Return what only a start of mysqld changes."""
    done = pair.as_root("server", "systemctl show --property=MainPID,NRestarts,ActiveEnterTimestampMonotonic mysql")
    assert "MainPID" in done.stdout, done.stderr
    return done.stdout


def starts(pair: Pair) -> int:
    """Return how often mysqld has been started since the host booted, by its journal."""
    done = pair.as_root("server", "journalctl --boot --unit mysql --output cat | grep -c '^Started mysql'")
    return int(done.stdout)


def value(pair: Pair, name: str) -> str:
    return pair.sql(f"select @@global.{name}")


COMPONENT = "component 'file://component_validate_password'"
STATIC = {"table_open_cache_instances": 4, "back_log": 99, "table_open_cache": 6000}
"""Among them more tables than the unit's open files allow: the limit, which is static too, follows the connections."""
LASTING = {**STATIC, "max_connections": 88, "validate_password.length": 12}
"""And a variable that may go."""
DYNAMIC = {"max_connect_errors": 77, "innodb_buffer_pool_size": "700M"}
"""Among them a pool between two sizes."""


@pytest.fixture(scope="module")
def configured(pair: Pair) -> Iterator[Pair]:
    """The pair, whose config each test changes from what the one before has left; the last one puts it back."""
    with pair.config_kept():
        yield pair


def test_static_settings_cost_one_restart_and_survive_another(configured: Pair) -> None:
    pair, before = configured, starts(configured)
    pair.sql(f"install {COMPONENT}")
    pair.configure({"mysqlSettings": LASTING | DYNAMIC})
    assert "innodb_buffer_pool_size: is 734003200 bytes, of which mysqld makes 805306368" in pair.up()
    assert starts(pair) == before + 1
    expected = {**LASTING, **DYNAMIC, "innodb_buffer_pool_size": 768 * 1024**2, "open_files_limit": 12098}
    for restart in ("", "systemctl restart mysql"):
        on(pair, "server", restart)
        assert {name: int(value(pair, name)) for name in expected} == expected, restart


def test_dynamic_settings_change_live_one_that_goes_too_and_one_that_mysql_refuses_changes_nothing(
    configured: Pair,
) -> None:
    pair, before = configured, started(configured)
    pair.configure({"mysqlSettings": {**LASTING, "long_query_time": 0.25}})
    said = pair.done("up", "--yes", "--skip-preview", "--diff")
    lines = {" ".join(line.split()) for line in said.splitlines()}
    assert {"- max_connect_errors : 77", "+ long_query_time : 0.25"} <= lines
    assert "~ 2 updated" in lines, "the server, and what is done on its host"
    assert float(value(pair, "long_query_time")) == 0.25
    assert value(pair, "max_connect_errors") == "100", "MySQL's own"
    assert pair.unchanged()

    file = pair.as_root("server", f"cat {OPTION_FILE}").stdout
    pair.configure(
        {"mysqlSettings": {**LASTING, "max_connections": 60, "max_connect_errors": 66, "no_such_setting": 1}}
    )
    said = pair.failing_up()
    assert "no_such_setting" in said
    assert "unknown variable" in said, "in MySQL's words"
    assert value(pair, "max_connect_errors") == "100"
    assert pair.as_root("server", f"cat {OPTION_FILE}").stdout == file
    assert pair.as_root("server", "systemctl show --property=LimitNOFILE --value mysql").stdout == "12098\n"
    assert started(pair) == before


def test_mysqld_starts_without_the_component_whose_variable_config_sets(configured: Pair) -> None:
    configured.sql(f"uninstall {COMPONENT}")
    on(configured, "server", "systemctl restart mysql")
    assert value(configured, "table_open_cache") == "6000"


def test_x_protocol_has_its_port_open_to_the_clients_and_packages_come_behind_anothers_lock(configured: Pair) -> None:
    """And upgrades by themselves pass MySQL by; static settings that config has no more go by one restart."""
    pair = configured
    address, instance, before = pair.outputs()["mysql_host"], pair.outputs()["server_instance_id"], starts(pair)
    assert pair.ssh("server", "ss -ltnH 'sport = :33060'").stdout == ""
    holder = "sudo flock /var/lib/dpkg/lock-frontend sleep 8"
    pair.ssh("server", f"nohup {holder} >/dev/null 2>&1 </dev/null &")
    pair.configure({"mysqlSettings": {}, "xProtocol": True, "serverPackages": ["unattended-upgrades", "pv"]})
    pair.up()
    assert value(pair, "back_log") != "99"
    assert starts(pair) == before + 1
    assert pair.connects("client-1", address, 33060)
    assert pair.ssh("server", "pv", "--version").returncode == 0
    said = pair.ssh("server", "sudo unattended-upgrade --dry-run --debug 2>&1").stdout
    assert "Initial blacklist: mysql-" in said, said
    settings = "our %nrconf; do shift or die; print join ' ', keys %{$nrconf{override_rc}}"
    file = "/etc/needrestart/conf.d/50-mysql-pair.conf"
    assert "^mysql" in pair.ssh("server", "perl", "-e", settings, file).stdout
    pair.configure({"xProtocol": False, "serverPackages": []})
    pair.up()
    assert not pair.connects("client-1", address, 33060)
    assert pair.ssh("server", "command -v pv").returncode != 0
    assert pair.outputs()["server_instance_id"] == instance


def test_memory_follows_the_instance_type_and_the_jump_hosts_type_may_change_in_the_same_up(pair: Pair) -> None:
    assert value(pair, "innodb_buffer_pool_size") == str(768 * 1024**2)  # what fits into a t3.small
    with pair.configured(serverInstanceType="t3.medium"):
        # The first boot's user data would say another size too, and count for nothing but an outage.
        assert pair.changes("server-instance", "server-converged") == [{"instanceType"}, {"stdin"}]
        # The server is set up through the jump host, which stops and starts too, and lets nobody in for some seconds
        # after its ports are open.
        pair.configure({"clients": [{"name": "client", "instanceType": "t3.small"}]})
        assert pair.ssh("server", "sudo sh -eu", stdin=SLOW_LOGINS).returncode == 0
        pair.up()
        pair.ssh("server", f"sudo rm -r {LATER}")
        assert value(pair, "innodb_buffer_pool_size") == str(2 * 1024**3)
    assert value(pair, "innodb_buffer_pool_size") == str(768 * 1024**2)


def test_no_new_connection_waits_for_a_look_up_and_localhost_is_let_in(pair: Pair) -> None:
    assert (
        pair.ssh("client-1", f"mysqladmin --host {pair.outputs()['mysql_host']} --user nobody ping").returncode != 127
    )
    assert pair.sql("select concat(@@skip_name_resolve, substring_index(user(), '@', -1))") == "1localhost"
    log = pair.ssh("server", "sudo grep 'could not be resolved' /var/log/mysql/error.log").stdout
    assert log == ""


def test_a_server_is_clean(pair: Pair) -> None:
    assert pair.sql("select concat(user, '@', host, ' ', plugin) from mysql.user where user = 'root'") == (
        "root@localhost auth_socket"
    )
    assert pair.sql("select count(*) from mysql.user where user = ''") == "0"
    assert pair.sql("show databases like 'test'") == ""
    assert pair.sql("select convert_tz('2026-07-01 12:00:00', 'UTC', 'Europe/Berlin')") == "2026-07-01 14:00:00"
