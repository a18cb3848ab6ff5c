"""Who is primary, changed on purpose: verb `group switch-over`, and `group step-down` before mysqld is stopped."""

import sys
from dataclasses import dataclass
from typing import Any

from scripts.host.common import stdin
from scripts.host.common.errors import HostError
from scripts.host.group import membership
from scripts.host.group.view import PRIMARY, Seen, View
from scripts.host.mysql import server
from scripts.host.mysql.server import Error, Session

RUNNING_SECONDS = 5
"""How long transactions under way may take before the switch-over ends them."""


@dataclass(frozen=True)
class SwitchSpec:
    """Who is to be primary."""

    address: str = ""
    """Of the member; empty for any other than the present one."""


def switch_over(spec: SwitchSpec) -> dict[str, Any]:
    """Make another member the primary; the one that is asked may be any.

    Raises:
        HostError: there is no such member, or it is not ONLINE, or the group has no majority.
    """
    session = server.Session()
    view = View.read(session)
    if not view.online:
        raise HostError("this server is in no group with a majority, so the primary cannot be changed from here")
    primary = next((seen for seen in view.online if seen.role == PRIMARY), None)
    chosen = next((seen for seen in view.online if seen.address == spec.address), None)
    if spec.address and chosen is None:
        raise HostError(f"the server at {spec.address} is not ONLINE in the group: {view.states(membership.told())}")
    chosen = chosen or _successor(view, primary)
    if chosen is None:
        raise HostError("no other member is ONLINE")
    if primary is None or chosen.uuid != primary.uuid:
        make_primary(session, chosen)
    return {"primary": chosen.address, "former": primary.address if primary else ""}


def step_down() -> int:
    """Hand on the role of the primary if this server has it, before it is stopped; return 0 whatever comes of it."""
    try:
        session = server.Session()
        view = View.read(session)
        if view.is_primary and (successor := _successor(view, view.own)):
            make_primary(session, successor)
            print(f"{successor.address} is the primary now")
    except (HostError, OSError) as error:
        print(f"the primary's role was not handed on, and the others will choose: {error}", file=sys.stderr)
    return 0


def _successor(view: View, primary: Seen | None) -> Seen | None:
    """Return who is to be primary after this one.

    Members are changed one after another in the order of their spec. The one before this is changed already, and need
    not be stopped again; where there is none, the last one's turn is furthest away.
    """
    group = membership.told()
    order = [member.address for member in group.members] if group else []
    others = [seen for seen in view.online if primary is None or seen.uuid != primary.uuid]
    known = [seen for seen in others if seen.address in order] or others
    if not known:
        return None
    place = {address: number for number, address in enumerate(order)}
    own = place.get(primary.address, 0) if primary else 0
    # -1 is the last but in the other direction: who comes next before this one, in a circle.
    return min(known, key=lambda seen: (own - place.get(seen.address, 0) - 1) % max(len(order), 1))


def make_primary(session: Session, chosen: Seen) -> None:
    """Have the group make a member its primary, once the transactions under way have ended.

    Raises:
        HostError: the group refuses.
    """
    statement = "SELECT group_replication_set_as_primary(%s, %s)"
    try:
        session.rows(statement, [chosen.uuid, RUNNING_SECONDS])
    except Error as error:
        raise HostError(f"{chosen.address} does not become the primary: {error}") from error


switch_verb = stdin.verb(SwitchSpec, switch_over)
