"""Which member of a group makes its bases and rehearses restores: one of them, and all come to the same answer.

It is the online secondary with the lowest address; the primary only if there is no such one. The group itself says
who is in it. A server that is in no group is chosen for itself.
"""

import ipaddress
from dataclasses import dataclass

from scripts.host.mysql.server import Session

ONLINE, UNREACHABLE, SECONDARY = "ONLINE", "UNREACHABLE", "SECONDARY"
PLUGIN = (
    "SELECT COUNT(*) FROM information_schema.plugins WHERE plugin_name = 'group_replication'"
    " AND plugin_status = 'ACTIVE'"
)
MEMBERS = "SELECT member_id, member_host, member_state, member_role FROM performance_schema.replication_group_members"


@dataclass(frozen=True)
class Member:
    """A member, as this one sees it."""

    uuid: str
    address: str
    state: str
    role: str


@dataclass(frozen=True)
class View:
    """The group, as this member sees it."""

    own: str
    """Its server's UUID."""
    members: tuple[Member, ...]

    @property
    def is_whole(self) -> bool:
        """Whether this member is in the group, and sees more than half of it."""
        online = any(member.uuid == self.own and member.state == ONLINE for member in self.members)
        return online and 2 * len(self.uuids) > len(self.members)

    @property
    def uuids(self) -> tuple[str, ...]:
        """The servers that it reaches."""
        return tuple(member.uuid for member in self.members if member.state != UNREACHABLE)

    @property
    def chosen(self) -> Member | None:
        """The member that makes bases; None where this one cannot tell."""
        if not self.is_whole:
            return None
        online = [member for member in self.members if member.state == ONLINE]
        return min(online, key=lambda member: (member.role != SECONDARY, _place(member.address), member.uuid))

    @property
    def is_chosen(self) -> bool:
        """Whether that is this one."""
        return self.chosen is not None and self.chosen.uuid == self.own


def view(session: Session) -> View | None:
    """Return the group that this server is a member of, also while it is out of it; None for a server alone."""
    if not session.one(PLUGIN):
        return None
    own = str(session.one("SELECT @@server_uuid"))
    return View(own, tuple(Member(*map(str, row)) for row in session.rows(MEMBERS)))


def is_here(group: View | None) -> bool:
    """Return whether this server makes bases."""
    return group is None or group.is_chosen


def elsewhere(group: View | None) -> dict[str, str] | None:
    """Return what a verb answers that another member is to be asked for; None where this one is right."""
    if group is None or group.is_chosen:
        return None
    return {"elsewhere": group.chosen.address if group.chosen else ""}


def _place(address: str) -> tuple[int, ...]:
    try:
        return tuple(ipaddress.ip_address(address).packed)
    except ValueError:
        return tuple(address.encode())


def uuids(group: View | None, own: str) -> tuple[str, ...]:
    """Return the servers whose bases are this one's too."""
    return group.uuids if group else (own,)
