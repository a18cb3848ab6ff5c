"""How the first server goes on alone: the others leave, and it takes writes throughout, but for a moment."""

import contextlib

from scripts.host.common.errors import HostError
from scripts.host.constants import ROLE_USER
from scripts.host.group import membership, peers, plugins, roles, units, waiting
from scripts.host.group.spec import GroupSpec
from scripts.host.group.view import View
from scripts.host.mysql import kept, server
from scripts.host.mysql.server import Error, Session

ONLINE_SECONDS = 60
"""Within which a server whose host has just booted is in its group again."""
ALONE_SECONDS = 60
"""Within which the others have left the group."""


def require_not_pending(group: GroupSpec | None) -> None:
    """Refuse to start a member that is to go on alone: it would take writes before it is known to have all data.

    Raises:
        HostError: this server was in a group, and config has none any more.
    """
    former = membership.told()
    if group is None and former and membership.has_joined(former):
        raise HostError(
            f"MySQL of {former.own} is down, so it cannot be the one that goes on alone: nothing was changed. Set "
            "`servers` as it was, and run `pulumi up` for it to come back first"
        )


def converge() -> None:
    """Leave the group that this server was told of, if it was, as the last of its members; or a copied volume's group.

    Raises:
        HostError: the group has no majority, or this server is not in it, so its data may not be all that there is.
    """
    group, session = membership.told(), server.Session()
    there = plugins.installed(session)
    if group is None and not there:
        return
    if group and membership.has_joined(group):
        _be_the_last(session, group)
    for user in (peers.USER, ROLE_USER):
        for host in sorted(peers.account_hosts(session, user)):
            session.do("DROP USER %s@%s", [user, host])
    for name in there:
        session.do(f"UNINSTALL PLUGIN {name}")
    units.disable()
    membership.forget()


def _have_left(session: Session, group: GroupSpec) -> bool:
    """Return whether the others have left the group; take out those that have not, or have come back by their timer."""
    view = View.read(session)
    there = {seen.address for seen in view.members if seen.uuid != view.uuid}
    for member in group.others:
        # One that does not answer is put out by the group within seconds.
        if member.address in there:
            with contextlib.suppress(Error):
                peers.Peer(group, member).do("STOP GROUP_REPLICATION")
    return not there


def _is_online(session: Session) -> bool:
    view = View.read(session)
    return view.own in view.online


def _be_the_last(session: Session, group: GroupSpec) -> None:
    is_begun = kept.load(membership.LEAVING) is not None
    if not is_begun and not waiting.until(lambda: _is_online(session), ONLINE_SECONDS):
        view = View.read(session)
        raise HostError(
            f"{group.own} is not ONLINE in a group with a majority ({view.states(group)}), so it may not have all "
            "data: nothing was changed. `python -m scripts status` tells what to do; or set `servers` as it was"
        )
    view = View.read(session)
    if view.is_member:
        if not view.is_primary:
            roles.make_primary(session, view.own)
        kept.save(membership.LEAVING, {"group": group.name})
        if not waiting.until(lambda: _have_left(session, group), ALONE_SECONDS):
            left = View.read(session).states(group)
            raise HostError(f"the others do not leave the group ({left}): nothing was lost. Run `pulumi up` again")
        session.do("STOP GROUP_REPLICATION")
    session.do("SET GLOBAL super_read_only = OFF")
    session.do("SET GLOBAL read_only = OFF")
