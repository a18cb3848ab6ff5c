"""The group as this host's MySQL sees it (performance_schema.replication_group_members)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from scripts.host.group.spec import GroupSpec


class Asked(Protocol):
    """A session, as far as this module needs one."""

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""


ONLINE, RECOVERING, OFFLINE, ERROR, UNREACHABLE = "ONLINE", "RECOVERING", "OFFLINE", "ERROR", "UNREACHABLE"
PRIMARY, SECONDARY = "PRIMARY", "SECONDARY"
REACHED = (ONLINE, RECOVERING)
MEMBERS = (
    "SELECT member_id, member_host, member_state, member_role, member_version"
    " FROM performance_schema.replication_group_members"
)


@dataclass(frozen=True)
class Seen:
    """A member of the view."""

    uuid: str
    address: str
    state: str
    role: str
    version: str


@dataclass(frozen=True)
class View:
    """What one member sees."""

    uuid: str
    """Of the server that was asked."""
    members: tuple[Seen, ...]

    @classmethod
    def read(cls, session: Asked) -> "View":
        """Ask a server."""
        return cls(session.rows("SELECT @@server_uuid")[0][0], tuple(Seen(*row) for row in session.rows(MEMBERS)))

    @property
    def own(self) -> Seen:
        """The server that was asked; OFFLINE if it has never been in a group."""
        return next((seen for seen in self.members if seen.uuid == self.uuid), Seen(self.uuid, "", OFFLINE, "", ""))

    @property
    def is_member(self) -> bool:
        """Whether it is in a group, or on its way into one."""
        return self.own.state in REACHED

    @property
    def has_majority(self) -> bool:
        """Whether it is in a group, and sees more than half of it."""
        reached = sum(seen.state in REACHED for seen in self.members)
        return self.is_member and 2 * reached > len(self.members)

    @property
    def is_primary(self) -> bool:
        """Whether it takes the group's writes."""
        return self.own.state == ONLINE and self.own.role == PRIMARY and self.has_majority

    def states(self, group: GroupSpec | None) -> str:
        """Return each member with its state, for a message: by its name, if the group has one for it."""
        names = {member.address: member.name for member in group.members} if group else {}
        return ", ".join(f"{names.get(seen.address, seen.address)} {seen.state}" for seen in self.members)

    @property
    def online(self) -> tuple[Seen, ...]:
        """The members that are ONLINE, if the group has a majority; none otherwise."""
        return tuple(seen for seen in self.members if seen.state == ONLINE) if self.has_majority else ()


def is_secondary(session: Asked) -> bool:
    """Return whether a server is in a group whose writes another member takes."""
    view = View.read(session)
    return view.is_member and view.own.role != PRIMARY
