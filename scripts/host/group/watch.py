"""Verb `group watch`, a timer's: a member that fell out of the group comes back while the others have a majority."""

import sys

from scripts.host.common import lock
from scripts.host.common.errors import HostError
from scripts.host.group import join, membership, peers, waiting
from scripts.host.group.view import ONLINE, RECOVERING, View
from scripts.host.mysql import server

OPENING_SECONDS = 300
"""How long a run waits for what the member has missed; the next one goes on with it."""


def watch() -> int:
    """Look, rejoin if that is possible, note the reason if it is not; return the exit code."""
    group = membership.told()
    if group is None or not membership.has_joined(group):
        return 0
    try:
        with lock.exclusive():
            # Where an upgrade lost its power: mysqld would stay beside the group.
            membership.end_install()
            if not server.is_up():
                return 0
            session = server.Session()
            view = View.read(session)
            if not view.is_member:
                join.enter(session, group, view, peers.ask(group))
                print(f"{group.own} joins the group again")
        # Not under the lock, for which an `up` may wait.
        waiting.until(_ended, OPENING_SECONDS)
    except (HostError, OSError) as error:
        membership.note(str(error))
        print(error, file=sys.stderr)
        return 1
    return 0


def _ended() -> bool:
    """Return whether this member recovers no more; it lets clients in as soon as it is ONLINE.

    From that moment on the group may make it the primary.
    """
    if not server.is_up():
        return True
    session = server.Session()
    state = View.read(session).own.state
    if state == ONLINE:
        membership.note("")
        join.open_again(session)
    return state != RECOVERING
