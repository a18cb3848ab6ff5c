"""Verb `group watch`, a timer's: a member that fell out of the group comes back while the others have a majority."""

import sys

from scripts.host.common import lock
from scripts.host.common.errors import HostError
from scripts.host.group import join, membership, peers
from scripts.host.group.view import ONLINE, View
from scripts.host.mysql import server


def watch() -> int:
    """Look, rejoin if that is possible, note the reason if it is not; return the exit code."""
    group = membership.told()
    if group is None or not membership.has_joined(group):
        return 0
    try:
        with lock.exclusive():
            if not server.is_up():
                return 0
            session = server.Session()
            view = View.read(session)
            if view.own.state == ONLINE:
                membership.note("")
                join.open_again(session)
            elif not view.is_member:
                join.enter(session, group, view, peers.ask(group))
                print(f"{group.own} joins the group again")
    except (HostError, OSError) as error:
        membership.note(str(error))
        print(error, file=sys.stderr)
        return 1
    return 0
