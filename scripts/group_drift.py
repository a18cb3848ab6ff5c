"""Drift of the group of servers: who is not in it, or is of another version, and who is that no config names."""

from collections.abc import Iterator

from scripts.cloud_drift import Row
from scripts.group import ONLINE, Group
from scripts.host.group.spec import MemberFacts
from scripts.ssh import Ssh
from scripts.stack import OperatorError

KIND = "group"
MISSING = "not in the group"


def drift_of_group(ssh: Ssh) -> list[Row]:
    """Return where the servers are not the group that they should be; nothing of one server.

    Raises:
        OperatorError: no server says anything.
    """
    if len(ssh.access.state.server_names) == 1:
        return []
    group = Group.ask(ssh)
    if not group.facts:
        raise OperatorError("no server tells of the group: " + "; ".join(group.silent.values()))
    return list(rows(group))


def rows(group: Group) -> Iterator[Row]:
    """Yield the drift of a group."""
    for name in group.names:
        yield from _of_member(group, name)
    majority = group.majority
    if majority is None:
        where, expected = next(iter(group.facts)), f"more than half of {len(group.names)} servers"
        online = sum(own is not None and own.state == ONLINE for own in map(group.own, group.facts))
        yield _row(where, KIND, "majority", expected, f"{online} ONLINE, none of which sees one")
        return
    for stranger in majority.members:
        if stranger.name not in group.names:
            yield _row(majority.own, stranger.address, "member", "not in the group", f"in it, {stranger.state}")


def _of_member(group: Group, name: str) -> Iterator[Row]:
    seen, own = group.members.get(name), group.own(name)
    if seen is None and group.majority:
        yield _row(name, name, "state", ONLINE, f"{MISSING}, {own.state} by itself" if own else MISSING)
    elif seen is None and own and own.state != ONLINE:
        yield _row(name, name, "state", ONLINE, own.state)
    elif seen and seen.state != ONLINE:
        yield _row(name, name, "state", ONLINE, seen.state)
    elif seen and name in group.facts and not group.facts[name].has_majority:
        yield _row(name, name, "view", "a majority of the group", "none")
    if seen and (expected := _version(group)) and seen.version != expected:
        yield _row(name, name, "version", expected, seen.version)


def _version(group: Group) -> str:
    """Return the version that all should be of: the primary's."""
    primary: MemberFacts | None = group.members.get(group.primary or "")
    return primary.version if primary else ""


def _row(where: str, name: str, what: str, expected: str, found: str) -> Row:
    return {"where": where, "kind": KIND, "name": name, "what": what, "expected": expected, "found": found}
