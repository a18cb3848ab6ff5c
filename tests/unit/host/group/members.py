"""A group of three as a member's MySQL shows it, and what that member is told of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts.host.group import membership
from scripts.host.group.spec import GroupSpec, MemberSpec
from scripts.host.group.view import Seen, View
from scripts.host.mysql.server import Error

NAME = "6ad6fdb6-3f4c-5b5e-9d3c-0c8f5c6f4a11"
ADDRESSES = {"server": "10.0.0.10", "server-2": "10.0.64.10", "server-3": "10.0.80.10"}
MEMBERS = tuple(MemberSpec(name, address) for name, address in ADDRESSES.items())
GROUPS = f"{NAME}:1-20"
"""The GTIDs of the group's transactions."""


def told(own: str = "server") -> GroupSpec:
    """Return what a member is told."""
    return GroupSpec(NAME, MEMBERS, own, 3306)


def join_before(own: str = "server") -> None:
    """Have a host know that it is told of the group, and was in it."""
    membership.tell(told(own))
    membership.mark_joined(told(own))


def seen(name: str, state: str = "ONLINE", role: str = "SECONDARY") -> Seen:
    """Return a member of a view, whose UUID is its name."""
    return Seen(name, ADDRESSES[name], state, role, "9.7.4")


def view(own: str, primary: str = "server", **states: str) -> View:
    """Return a member's view, in which all are ONLINE but for those with another state: server_2="UNREACHABLE"."""
    named = {name: states.get(name.replace("-", "_"), "ONLINE") for name in ADDRESSES}
    there = {name: state for name, state in named.items() if state != "GONE"}
    roles = {name: "PRIMARY" if name == primary else "SECONDARY" for name in there}
    return View(own, tuple(seen(name, state, roles[name]) for name, state in there.items()))


class MySql:
    """A session on a member: what it answers by a part of the query, and what it was told to do."""

    def __init__(self, view: View, answers: Mapping[str, Any] | None = None, refuses: str = "nothing at all") -> None:
        """Take the view that it shows, the only value by a part of a query, and what it refuses."""
        self.view, self.answers, self.refuses = view, answers or {}, refuses
        self.did: list[str] = []
        self.number = 3092

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer."""
        if self.refuses in statement:
            raise Error(self.number, "The server is not configured properly")
        if "server_uuid" in statement and "member_stats" not in statement:
            return [(self.view.uuid,)]
        if "replication_group_members" in statement:
            return [(one.uuid, one.address, one.state, one.role, one.version) for one in self.view.members]
        if "information_schema.tables" in statement:
            return []
        for part, value in self.answers.items():
            if part in statement and statement.startswith("SELECT"):
                return value if isinstance(value, list) else [(value,)]
        self.did.append(statement % tuple(map(repr, args)) if args else statement)
        return []

    def one(self, statement: str) -> Any:
        """Answer with the only value."""
        return self.rows(statement)[0][0]

    def do(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[int, str]]:
        """Take a statement."""
        self.rows(statement, args)
        return []


Asked = Callable[..., MySql]
"""Has server-2 with a view and answers; returns its session."""
