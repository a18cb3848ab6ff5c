"""How a member waits for the group: for as long as something moves, and bounded."""

import time
from collections.abc import Callable

from scripts.host.common.errors import HostError
from scripts.host.group.view import ERROR, ONLINE, RECOVERING, View
from scripts.host.mysql import server, service
from scripts.host.mysql.server import Error, Session

POLL_SECONDS = 0.5
STILL_SECONDS = 300
"""How long a recovery may go on without a transaction more, or a byte more of a clone."""
LONGEST_SECONDS = 12 * 3600


def until_online() -> Session:
    """Return a session once this member is ONLINE; a clone starts mysqld anew meanwhile.

    Raises:
        HostError: it left the group, or nothing moves any more.
    """
    begun = moved = time.monotonic()
    log, seen, outside = service.log_size(), "", 0
    while True:
        session, state, progress = _look()
        if session and state == ONLINE:
            return session
        now = time.monotonic()
        if progress != seen:
            seen, moved = progress, now
        # Between the start of mysqld and its start of Group Replication it is OFFLINE, too.
        outside = outside + 1 if state not in (RECOVERING, "") else 0
        if state == ERROR or outside * POLL_SECONDS > STILL_SECONDS / 10:
            raise HostError(f"this server is {state} and not ONLINE in the group: {service.words_since(log)}")
        if now - moved > STILL_SECONDS or now - begun > LONGEST_SECONDS:
            raise HostError(f"this server is still {state or 'down'}: {service.words_since(log)}")
        time.sleep(POLL_SECONDS)


def _look() -> tuple[Session | None, str, str]:
    """Return a session, this member's state, and what tells that something moves; nothing of a server that is down."""
    try:
        session = server.Session()
        state = View.read(session).own.state
        executed = session.one("SELECT @@GLOBAL.gtid_executed")
        queue = session.rows("SELECT SUM(data) FROM performance_schema.clone_progress")
    except Error:
        return None, "", str(service.log_size())
    return session, state, f"{state} {executed} {queue}"


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether something comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
