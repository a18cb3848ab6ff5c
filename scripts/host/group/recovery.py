"""What only an operator decides: a group started after a full outage, a forced quorum, data that are given up.

Verbs `group start`, `group force` and `group rejoin`.
"""

from dataclasses import dataclass, field
from typing import Any

from scripts.host.common import stdin
from scripts.host.common.errors import HostError
from scripts.host.constants import GROUP_PORT
from scripts.host.group import admission, join, membership, peers, waiting
from scripts.host.group.spec import GroupSpec
from scripts.host.group.view import ERROR, UNREACHABLE, View
from scripts.host.mysql import server
from scripts.host.mysql.server import Session

FORCE_SECONDS = 60


@dataclass(frozen=True)
class StartSpec:
    """Nothing is chosen."""


@dataclass(frozen=True)
class ForceSpec:
    """Who is left."""

    addresses: tuple[str, ...] = field(default_factory=tuple)
    """Of the members that are to go on, this one among them."""


@dataclass(frozen=True)
class RejoinSpec:
    """How a member comes back."""

    discard: bool = False
    """Whether its own transactions are given up."""


def start(_spec: StartSpec) -> dict[str, Any]:
    """Start the group anew with this server alone, whose data the others then take.

    Raises:
        HostError: this server was never in the group, or members have a majority somewhere.
    """
    group = _told()
    if not membership.has_joined(group):
        raise HostError(f"{group.own} was never in the group, so its data are not the group's")
    session = server.Session()
    view = View.read(session)
    if view.has_majority:
        return {"group": group.name, "was": "started"}
    if inside := peers.with_majority(peers.ask(group)):
        raise HostError(f"{inside.member.name} is in the group with a majority: {group.own} rejoins it by itself")
    if view.own.state == ERROR or view.is_member:
        session.do("STOP GROUP_REPLICATION")
    join.start(session, bootstrap=True)
    session = waiting.until_online()
    join.open_again(session)
    peers.make_accounts(session, group)
    return {"group": group.name, "was": "down"}


def force(spec: ForceSpec) -> dict[str, Any]:
    """Have the group go on with these members, whatever becomes of the others.

    Raises:
        HostError: this server is in no group, or MySQL refuses.
    """
    group = _told()
    session = server.Session()
    view = View.read(session)
    if view.has_majority:
        return {"group": group.name, "was": "whole"}
    if not view.is_member:
        raise HostError(
            f"{group.own} is {view.own.state}: it has left the group, as it had no majority. Run `python -m scripts "
            "start-group`"
        )
    if lost := sorted(set(spec.addresses) & {seen.address for seen in view.members if seen.state == UNREACHABLE}):
        raise HostError(f"{', '.join(lost)} cannot be reached from {group.own}, so it cannot go on in the group")
    seeds = ",".join(f"{address}:{GROUP_PORT}" for address in spec.addresses)
    session.do("SET GLOBAL group_replication_force_members = %s", [seeds])
    try:
        if not waiting.until(lambda: View.read(session).has_majority, FORCE_SECONDS):
            raise HostError(f"the group still has no majority: {View.read(session).states(group)}")
    finally:
        session.do("SET GLOBAL group_replication_force_members = ''")
    return {"group": group.name, "was": "without a majority"}


def rejoin(spec: RejoinSpec) -> dict[str, Any]:
    """Have this server in the group again.

    Raises:
        HostError: there is no group with a majority, or this server has transactions of its own and keeps them.
    """
    group = _told()
    session = server.Session()
    view = View.read(session)
    if not view.is_member:
        if spec.discard:
            _discard(session, group, view)
        else:
            join.enter(session, group, view, peers.ask(group))
    join.settled(group)
    return {"group": group.name}


def _discard(session: Session, group: GroupSpec, view: View) -> None:
    """Take all data of the group's, in place of this server's own."""
    admission.require_series(session, group, peers.require_primary(group, peers.ask(group)))
    if view.own.state == ERROR:
        session.do("STOP GROUP_REPLICATION")
    session.do("SET GLOBAL super_read_only = OFF")
    join.clone(session)


def _told() -> GroupSpec:
    group = membership.told()
    if group is None:
        raise HostError("this server is alone: it was never told of a group")
    return group


start_verb = stdin.verb(StartSpec, start)
force_verb = stdin.verb(ForceSpec, force)
rejoin_verb = stdin.verb(RejoinSpec, rejoin)
