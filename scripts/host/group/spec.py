"""What the program says of a group of servers, and what a member tells of it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemberSpec:
    """A server of the group."""

    name: str
    """The host's, such as server-2."""
    address: str
    """Its private address, which it keeps."""


@dataclass(frozen=True)
class GroupSpec:
    """A group, as one of its members is told."""

    name: str
    """A UUID: the group's transactions are numbered by it."""
    members: tuple[MemberSpec, ...]
    """All of them, in the order in which they are changed one after another: the first one is `server`."""
    own: str
    """The name of the member that is told."""
    port: int
    """MySQL's TCP port, the same on all of them."""

    @property
    def own_address(self) -> str:
        """The address of the member that is told."""
        return next(member.address for member in self.members if member.name == self.own)

    @property
    def others(self) -> tuple[MemberSpec, ...]:
        """The other members."""
        return tuple(member for member in self.members if member.name != self.own)

    @property
    def number(self) -> int:
        """The place of the member that is told, from 1."""
        return 1 + [member.name for member in self.members].index(self.own)


@dataclass(frozen=True)
class MemberFacts:
    """A member, as the one that is asked sees it."""

    name: str
    """Empty of one that no spec names."""
    address: str
    uuid: str
    state: str
    """ONLINE, RECOVERING, OFFLINE, ERROR or UNREACHABLE (MySQL manual, "Group Replication Server States")."""
    role: str
    """PRIMARY, SECONDARY, or empty of one that has none."""
    version: str


@dataclass(frozen=True)
class GroupFacts:
    """The group, as the member that is asked sees it."""

    own: str
    members: tuple[MemberFacts, ...]
    """Those of its view; of a member that is in no group itself alone, OFFLINE."""
    has_majority: bool
    """Whether this member is in the group and sees more than half of it."""
    executed: str
    """The GTIDs of the transactions that this member has."""
    queue: int
    """Transactions that wait on this member to be applied."""
    note: str = ""
    """Why this member is not in the group, if it has found out; empty otherwise."""
