"""mysqld's settings with which a server is no member of a group, or the members are not alike."""

from collections.abc import Iterator, Mapping

from components.mysql.settings import SettingFault
from scripts.host.mysql.spec import Setting

REQUIRED: Mapping[str, tuple[str, str]] = {
    "gtid_mode": ("ON", "transactions are told apart by their GTIDs on all members"),
    "enforce_gtid_consistency": ("ON", "transactions are told apart by their GTIDs on all members"),
    "binlog_format": ("ROW", "members certify rows"),
    "log_replica_updates": ("ON", "a member that joins takes from the others' logs what it missed"),
    "log_slave_updates": ("ON", "a member that joins takes from the others' logs what it missed"),
    "replica_preserve_commit_order": ("ON", "a reader would see transactions in another order"),
    "slave_preserve_commit_order": ("ON", "a reader would see transactions in another order"),
    "performance_schema": ("ON", "who is in the group, and in which role, is seen there"),
    "default_storage_engine": ("INNODB", "members certify rows of InnoDB alone"),
}
"""The value that each has to have, and why (MySQL manual, "Group Replication Requirements")."""
OF_EACH = ("server_id", "report_host")
"""What no two members may have alike."""
OF_THE_ROLE = ("read_only", "super_read_only", "offline_mode")
"""What the group sets itself on each member, by its role and state."""
OF_THE_GROUP = (
    "bootstrap_group",
    "communication_stack",
    "enforce_update_everywhere_checks",
    "force_members",
    "group_name",
    "group_seeds",
    "ip_allowlist",
    "ip_whitelist",
    "local_address",
    "recovery_get_public_key",
    "recovery_public_key_path",
    "recovery_ssl_ca",
    "recovery_ssl_cert",
    "recovery_ssl_key",
    "recovery_ssl_verify_server_cert",
    "recovery_use_ssl",
    "single_primary_mode",
    "ssl_mode",
    "start_on_boot",
)
"""What the program sets of Group Replication's variables, each without its prefix; others tune it."""
PREFIX = "group_replication_"
OUT = "Leave it out"


def group_faults(settings: Mapping[str, Setting]) -> Iterator[SettingFault]:
    """Yield the settings, each as mysqld shows it, that a member of a group cannot have."""
    for name, value in settings.items():
        if name in REQUIRED and _text(value) != REQUIRED[name][0]:
            needed, why = REQUIRED[name]
            yield SettingFault((name,), f"is {value}, and of several servers it is {needed}: {why}", OUT)
        elif name in OF_EACH:
            yield SettingFault((name,), "would be the same on all servers, and each needs its own", OUT)
        elif name in OF_THE_ROLE:
            yield SettingFault((name,), "is set by the group itself, by each server's role", OUT)
        elif name.removeprefix(PREFIX) in OF_THE_GROUP and name.startswith(PREFIX):
            yield SettingFault((name,), "is the group's, which follows from the rest of the config", OUT)


def _text(value: Setting) -> str:
    """Return a value as it is compared: a switch may be written in many ways."""
    text = str(value).upper()
    return {"TRUE": "ON", "1": "ON", "FALSE": "OFF", "0": "OFF"}.get(text, text)
