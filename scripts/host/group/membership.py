"""What this host knows of its own membership: which group it is told of, and whether it was ever in it.

A server that was in the group once never begins another one by itself, and joins by START GROUP_REPLICATION at every
start; one that was not does not, as nobody would let it in.
"""

from pathlib import Path

from scripts.host.common import atomic_write, codec
from scripts.host.common.errors import HostError
from scripts.host.group.settings import completed
from scripts.host.group.spec import GroupSpec
from scripts.host.group.view import Asked, View
from scripts.host.mysql import kept, open_files, server, service
from scripts.host.mysql.option_file import PATH as OPTION_FILE
from scripts.host.mysql.spec import MySqlSpec

SPEC = "group/spec.json"
"""Beside the data: the GroupSpec that this host was told of."""
JOINED = "group/joined.json"
"""Beside the data, once the server was ONLINE in the group: the group's name."""
NOTE = "group/note.json"
"""Beside the data: why the server is not in the group, as `group watch` has found it; empty where it is."""
LEAVING = "group/leaving.json"
"""Beside the data, once the server is the last of its group that goes on."""
NOT_YET = Path("/etc/mysql/mysql.conf.d/zzz-mysql-pair-group.cnf")
NOT_YET_TEXT = """# Made by the stack, and taken away when the server is in the group.
[mysqld]
loose_group_replication_start_on_boot = OFF
"""
INSTALLING = Path("/etc/mysql/mysql.conf.d/zzz-mysql-pair-installing.cnf")
INSTALLING_TEXT = """# Made by the stack, and taken away when MySQL's packages are installed.
[mysqld]
loose_group_replication_start_on_boot = OFF
disable_log_bin
gtid_mode = OFF
enforce_gtid_consistency = OFF
offline_mode = ON
"""
"""The packages' own scripts start a mysqld that alters an account and shuts down at once: in the group it would hang,
and out of it have a transaction of its own."""


def told() -> GroupSpec | None:
    """Return the group that this host was told of; None for none."""
    data = kept.load(SPEC)
    return codec.from_data(GroupSpec, data) if data else None


def has_joined(group: GroupSpec | None) -> bool:
    """Return whether the server was ever in a group."""
    joined = kept.load(JOINED)
    return group is not None and joined is not None and joined["name"] == group.name


def require_in(session: Asked) -> None:
    """Refuse to go on with a server that should be in a group and is not.

    Raises:
        HostError: what to do is in the text.
    """
    group = told()
    if group and has_joined(group) and not View.read(session).is_member:
        raise HostError(
            f"{group.own} is not in its group: `python -m scripts status` tells what to do; after an outage of all "
            "servers `python -m scripts start-group`, and then `pulumi up` again"
        )


def tell(group: GroupSpec) -> None:
    """Note which group it is."""
    kept.save(SPEC, codec.as_data(group))


def mark_joined(group: GroupSpec) -> None:
    """Note that the server is in the group."""
    if not has_joined(group):
        kept.save(JOINED, {"name": group.name})
    # Of a leaving that was given up: the next one has to look anew whether this server has all data.
    kept.find(LEAVING).unlink(missing_ok=True)
    start_at_boot()


def forget() -> None:
    """Be a server that was never told of a group."""
    for name in (NOTE, JOINED, SPEC, LEAVING):
        kept.find(name).unlink(missing_ok=True)
    start_at_boot()


def start_at_boot() -> None:
    """Have mysqld join the group whenever it starts."""
    if NOT_YET.exists():
        NOT_YET.unlink()
        atomic_write.sync_folder(NOT_YET.parent)


def prepare(mysql: MySqlSpec, group: GroupSpec) -> None:
    """Have the option files say what they must, before mysqld starts on data that may be a member's."""
    if has_joined(group):
        # A replaced host's first option file knows of no group, and mysqld would take writes that the group lacks.
        start_at_boot()
        if not OPTION_FILE.exists() or group.name not in OPTION_FILE.read_text():
            atomic_write.write(OPTION_FILE, completed(mysql, group).option_file.encode(), 0o644)
            open_files.follow()
        if service.state() != "active":
            begin_install()
    else:
        atomic_write.write(NOT_YET, NOT_YET_TEXT.encode(), 0o644)


def begin_install() -> None:
    """Have the mysqld of the packages' own scripts stay out of the group."""
    atomic_write.write(INSTALLING, INSTALLING_TEXT.encode(), 0o644)


def end_install() -> None:
    """Have mysqld be in the group again; one that was started by the packages is started anew."""
    if INSTALLING.exists():
        INSTALLING.unlink()
        atomic_write.sync_folder(INSTALLING.parent)
        if service.state() == "active":
            server.restart()


def note(reason: str) -> None:
    """Keep, for `group status` to tell, why the server is not in the group."""
    if (kept.load(NOTE) or {}).get("reason", "") != reason:
        kept.save(NOTE, {"reason": reason})


def noted() -> str:
    """Return why the server is not in the group, if that was noted."""
    reason: str = (kept.load(NOTE) or {}).get("reason", "")
    return reason
