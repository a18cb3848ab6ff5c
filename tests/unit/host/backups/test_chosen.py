"""backups/chosen.py: which member of a group makes bases, and that all its members say the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from scripts.host.backups import chosen
from scripts.host.backups.chosen import Group
from scripts.host.group.view import Seen
from scripts.host.mysql.server import Session

REAL_VIEW = chosen.view


def group(own: str, *members: str) -> Group:
    """Return the view of a member; each member is its address, its state and its role."""
    words = [member.split() for member in members]
    return Group(own, tuple(Seen(f"uuid-{address}", address, state, role, "9.7.4") for address, state, role in words))


TRIO = ("10.0.0.11 ONLINE PRIMARY", "10.0.64.11 ONLINE SECONDARY", "10.0.128.11 ONLINE SECONDARY")


@pytest.mark.parametrize(
    ("members", "address"),
    [
        (TRIO, "10.0.64.11"),
        (TRIO[::-1], "10.0.64.11"),
        # By its numbers, not by its text.
        (("10.0.0.9 ONLINE SECONDARY", "10.0.0.11 ONLINE SECONDARY", "10.0.0.10 ONLINE PRIMARY"), "10.0.0.9"),
        ((TRIO[0], "10.0.64.11 RECOVERING SECONDARY", TRIO[2]), "10.0.128.11"),
        ((TRIO[0], "10.0.64.11 UNREACHABLE SECONDARY", TRIO[2]), "10.0.128.11"),
        # Alone, and with one that cannot serve yet.
        (TRIO[:1], "10.0.0.11"),
        ((TRIO[0], "10.0.64.11 RECOVERING SECONDARY"), "10.0.0.11"),
    ],
)
def test_the_online_secondary_of_the_lowest_address_makes_bases(members: Sequence[str], address: str) -> None:
    for own in members:
        view = group(f"uuid-{own.split()[0]}", *members)
        if "ONLINE" in own:
            assert view.chosen and view.chosen.address == address
            assert (chosen.elsewhere(view) is None) is (own.split()[0] == address)


@pytest.mark.parametrize(
    "members",
    [
        ("10.0.0.11 OFFLINE", *TRIO[1:]),
        ("10.0.0.11 ERROR",),
        ("10.0.0.11 ONLINE PRIMARY", "10.0.64.11 UNREACHABLE SECONDARY", "10.0.128.11 UNREACHABLE SECONDARY"),
        ("10.0.0.11 ONLINE PRIMARY", "10.0.64.11 UNREACHABLE SECONDARY"),
    ],
)
def test_a_member_that_is_out_of_the_group_or_sees_no_majority_makes_none(members: Sequence[str]) -> None:
    members = [f"{member} -" if len(member.split()) == 2 else member for member in members]
    view = group("uuid-10.0.0.11", *members)
    assert view.chosen is None and not chosen.is_here(view)
    assert chosen.elsewhere(view) == {"elsewhere": ""}


class Mysqld:
    """A server that has the plugin of a group, or none."""

    def __init__(self, plugins: int) -> None:
        self.plugins = plugins

    def one(self, query: str) -> Any:
        """Answer for the plugin."""
        assert "plugins" in query
        return self.plugins

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Answer for the UUID and the members."""
        if "server_uuid" in query:
            return [("uuid-10.0.0.11",)]
        return [("uuid-10.0.0.11", "10.0.0.11", "ONLINE", "PRIMARY", "9.7.4")]


def test_a_server_without_a_group_makes_its_own() -> None:
    assert REAL_VIEW(cast("Session", Mysqld(0))) is None
    assert chosen.is_here(None) and chosen.elsewhere(None) is None
    view = REAL_VIEW(cast("Session", Mysqld(1)))
    assert view is not None and view.is_chosen
