"""Settings of mysqld that are right by themselves and wrong together; config and component refuse the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.mysql import memory
from components.mysql.settings import ADDED, PAIRS, REMOVED, SettingFault, number, setting
from scripts.host.common.checks import InvalidValueError
from scripts.host.mysql.spec import Setting


def check_settings(settings: Mapping[str, Any], memory_mib: int | None = None) -> Iterator[SettingFault]:
    """Yield what is wrong with settings: with each of them, or, if none is wrong by itself, with several together.

    Args:
        settings: all that the operator has chosen, or that was derived; by name with underscores.
        memory_mib: of the instance type; None if it is not known.
    """
    values: dict[str, Setting] = {}
    for name, raw in settings.items():
        try:
            values[name] = setting(name, raw)
        except InvalidValueError as error:
            yield SettingFault((name,), error.wrong, error.hint)
    if values.keys() == settings.keys():
        yield from contradictions(values, memory_mib)


def contradictions(
    settings: Mapping[str, Setting], memory_mib: int | None, in_group: bool = False
) -> Iterator[SettingFault]:
    """Yield what is right by itself and wrong together; see check_settings, each value as mysqld shows it.

    `in_group` is whether the server is a member of a group, which takes memory besides.
    """
    yield from memory.faults(settings, memory_mib, in_group)
    for small, large in PAIRS:
        if small in settings and large in settings and float(settings[small]) > float(settings[large]):
            wrong = f"is {settings[small]}, more than {large} = {settings[large]}"
            yield SettingFault((small, large), wrong, f"Lower it, or raise {large}")
    if settings.get("gtid_mode") == "ON" and settings.get("enforce_gtid_consistency") != "ON":
        wrong = "is ON without enforce_gtid_consistency = ON"
        yield SettingFault(("gtid_mode", "enforce_gtid_consistency"), wrong, "Set enforce_gtid_consistency to ON")
    if "innodb_redo_log_capacity" in settings:
        for name in sorted({"innodb_log_file_size", "innodb_log_files_in_group"} & settings.keys()):
            wrong = "has no effect beside innodb_redo_log_capacity, which is derived"
            yield SettingFault((name,), wrong, "Set innodb_redo_log_capacity in its place")
    if settings.get("super_read_only") is True:
        wrong = "would keep the program from making users, as root too"
        yield SettingFault(("super_read_only",), wrong, "Set read_only, or neither")


def of_other_versions(settings: Mapping[str, Any], version: str) -> Iterator[SettingFault]:
    """Yield the settings that a version of MySQL, such as 8.4, does not have: mysqld would not start with them."""
    for name in settings:
        if (removed := REMOVED.get(name)) and number(removed["version"]) <= number(version):
            wrong = f"is no setting of MySQL {version}: {removed['version']} removed it"
            yield SettingFault((name,), wrong, removed["hint"])
        if (added := ADDED.get(name)) and number(version) < number(added):
            wrong = f"is no setting of MySQL {version}: {added} brings it"
            yield SettingFault((name,), wrong, "Leave it out, or use an Ubuntu release that has it")
