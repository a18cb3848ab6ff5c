"""The group as this host's MySQL sees it (performance_schema.replication_group_members)."""

from dataclasses import dataclass

from scripts.host.mysql.server import Session

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
    def read(cls, session: Session) -> "View":
        """Ask a server."""
        return cls(session.one("SELECT @@server_uuid"), tuple(Seen(*row) for row in session.rows(MEMBERS)))

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

    @property
    def online(self) -> tuple[Seen, ...]:
        """The members that are ONLINE, if the group has a majority; none otherwise."""
        return tuple(seen for seen in self.members if seen.state == ONLINE) if self.has_majority else ()
