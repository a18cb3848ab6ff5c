"""Which member of a group makes its bases and rehearses restores: one of them, and all come to the same answer.

It is the online secondary with the lowest address; the primary only if there is no such one. The group itself says
who is in it. A server that is in no group is chosen for itself.
"""

import ipaddress

from scripts.host.group.view import ONLINE, REACHED, SECONDARY, Seen, View
from scripts.host.mysql.server import Session

PLUGIN = (
    "SELECT COUNT(*) FROM information_schema.plugins WHERE plugin_name = 'group_replication'"
    " AND plugin_status = 'ACTIVE'"
)


class Group(View):
    """The group, as this member sees it."""

    @property
    def is_whole(self) -> bool:
        """Whether this member is ONLINE, and sees more than half of the group."""
        return self.own.state == ONLINE and self.has_majority

    @property
    def uuids(self) -> tuple[str, ...]:
        """The servers that it reaches."""
        return tuple(seen.uuid for seen in self.members if seen.state in REACHED)

    @property
    def chosen(self) -> Seen | None:
        """The member that makes bases; None where this one cannot tell."""
        if not self.is_whole:
            return None
        return min(self.online, key=lambda seen: (seen.role != SECONDARY, _place(seen.address), seen.uuid))

    @property
    def is_chosen(self) -> bool:
        """Whether that is this one."""
        return self.chosen is not None and self.chosen.uuid == self.uuid


def view(session: Session) -> Group | None:
    """Return the group that this server is a member of, also while it is out of it; None for a server alone."""
    if not session.one(PLUGIN):
        return None
    seen = View.read(session)
    return Group(seen.uuid, seen.members)


def is_here(group: Group | None) -> bool:
    """Return whether this server makes bases."""
    return group is None or group.is_chosen


def elsewhere(group: Group | None) -> dict[str, str] | None:
    """Return what a verb answers that another member is to be asked for; None where this one is right."""
    if group is None or group.is_chosen:
        return None
    return {"elsewhere": group.chosen.address if group.chosen else ""}


def _place(address: str) -> tuple[int, ...]:
    try:
        return tuple(ipaddress.ip_address(address).packed)
    except ValueError:
        return tuple(address.encode())


def uuids(group: Group | None, own: str) -> tuple[str, ...]:
    """Return the servers whose bases are this one's too."""
    return group.uuids if group else (own,)
