"""A restart of mysqld: of a member only while the group can spare it, and it is in the group again at the end."""

import time

from scripts.host.common.errors import HostError
from scripts.host.group import membership, waiting
from scripts.host.group.view import View
from scripts.host.mysql import kept, server
from scripts.host.mysql.server import Error, Session


def restart() -> None:
    """Start mysqld anew.

    Raises:
        HostError: the group cannot spare this member, and nothing was changed; or it does not come up.
    """
    if require_spare():
        server.restart()
        waiting.until_online()
    else:
        server.restart()


def renew(moment: float) -> None:
    """Start a member anew that has been in its group since before a moment, in which it got its certificate.

    To the other members Group Replication shows the one that it began with, whatever mysqld has loaded since then.

    Raises:
        HostError: see restart.
    """
    session = Session()
    if not View.read(session).is_member:
        return
    uptime = session.one("SELECT variable_value FROM performance_schema.global_status WHERE variable_name = 'Uptime'")
    # A new member's mysqld ran before it had a certificate, and came into the group after it.
    if max(time.time() - int(uptime), kept.find(membership.JOINED).stat().st_mtime) < moment:
        restart()


def require_spare() -> bool:
    """Return whether this server is in the group, which can spare it: the others are more than half of the whole group.

    Raises:
        HostError: too few of the others are ONLINE.
    """
    group = membership.told()
    if group is None:
        return False
    try:
        view = View.read(Session())
    except Error as error:
        if error.number == server.CANNOT_CONNECT:
            return False  # it is down: nothing is taken away
        raise
    if not view.is_member:
        return False
    others = [seen for seen in view.online if seen.uuid != view.uuid]
    needed = len(group.members) // 2 + 1
    if len(others) < min(needed, len(group.members) - 1):
        raise HostError(
            f"a restart of {group.own} would leave {len(others)} of {len(group.members)} servers ONLINE, too few for a "
            f"majority ({view.states(group)}): nothing was changed. `python -m scripts status` tells what to do; then "
            "run it again"
        )
    return True
