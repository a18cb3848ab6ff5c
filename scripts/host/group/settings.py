"""mysqld's settings of a member of a group, which follow from the group alone."""

from collections.abc import Mapping

from scripts.host.constants import GROUP_PORT
from scripts.host.group.spec import GroupSpec
from scripts.host.mysql.service import DATA
from scripts.host.mysql.spec import MySqlSpec, Setting

PLUGINS = {"group_replication": "group_replication.so", "clone": "mysql_clone.so"}
"""What a member has installed, each with its library."""
FIXED: Mapping[str, Setting] = {
    # Transactions are told apart by them, on all members alike.
    "gtid_mode": "ON",
    "enforce_gtid_consistency": "ON",
    # Rows are certified by their keys.
    "sql_require_primary_key": True,
    # Nothing is waited for beside the failure detector's own 5 seconds.
    "group_replication_member_expel_timeout": 0,
    # A primary that is cut off gives up its transactions, and then lets nobody read what is old.
    "group_replication_unreachable_majority_timeout": 10,
    "group_replication_exit_state_action": "OFFLINE_MODE",
    # At once, as that ends the sessions that it had: a transaction whose client is gone would hold its locks, and what
    # the member has missed would wait for them. `group watch` has it join again.
    "group_replication_autorejoin_tries": 0,
    # Whoever reads on a new primary sees all that was acknowledged by the former one.
    "group_replication_consistency": "BEFORE_ON_PRIMARY_FAILOVER",
    # 1 GiB by default; a member that missed more than this takes it from the others' binary logs.
    "group_replication_message_cache_size": 128 * 1024 * 1024,
    # On a port of its own, and not on MySQL's, whatever a later MySQL has as its default.
    "group_replication_communication_stack": "XCOM",
    # Identity-checked TLS, with the certificates that clients see.
    "group_replication_ssl_mode": "VERIFY_IDENTITY",
    "group_replication_recovery_use_ssl": True,
    "group_replication_recovery_ssl_verify_server_cert": True,
    "group_replication_recovery_ssl_ca": str(DATA / "ca.pem"),
    "group_replication_recovery_ssl_cert": str(DATA / "server-cert.pem"),
    "group_replication_recovery_ssl_key": str(DATA / "server-key.pem"),
}


def settings_of(group: GroupSpec) -> dict[str, Setting]:
    """Return a member's settings."""
    addresses = [member.address for member in group.members]
    return {
        **FIXED,
        "server_id": group.number,
        "report_host": group.own_address,
        "group_replication_group_name": group.name,
        "group_replication_local_address": f"{group.own_address}:{GROUP_PORT}",
        "group_replication_group_seeds": ",".join(f"{address}:{GROUP_PORT}" for address in addresses),
        # By itself it admits a member's own subnet alone.
        "group_replication_ip_allowlist": ",".join(addresses),
    }


def completed(mysql: MySqlSpec, group: GroupSpec | None) -> MySqlSpec:
    """Return what mysqld is to have, as a member if it is one; config's own settings win."""
    return MySqlSpec({**settings_of(group), **mysql.settings}) if group else mysql


def of_config(warnings: tuple[str, ...], mysql: MySqlSpec) -> tuple[str, ...]:
    """Return what MySQL said of settings that config has, or the host's size: of its own ones a group knows."""
    return tuple(warning for warning in warnings if warning.partition(":")[0] in mysql.settings)
