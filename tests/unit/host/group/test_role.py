"""group/role.py: which members take writes and reads, by what MySQL says of the group."""

from __future__ import annotations

import pytest

from scripts.host.group import role
from scripts.host.group.role import DRAINS, NO, YES, Seen, View

ONLINE, RECOVERING, UNREACHABLE, OFFLINE, ERROR = "ONLINE", "RECOVERING", "UNREACHABLE", "OFFLINE", "ERROR"


def view(*members: str, super_read_only: bool = False, lag: float = 0) -> View:
    """Return what the first of these members says: each is a state, with a star if it is the primary."""
    seen = [Seen(str(n), text.rstrip("*"), "PRIMARY" if "*" in text else "SECONDARY") for n, text in enumerate(members)]
    return View("0", tuple(seen), super_read_only, 7, lag)


# what the member says, whether it takes writes and reads
CASES: list[tuple[View, int, int]] = [
    (view("ONLINE*", ONLINE, ONLINE), YES, NO),
    (view(ONLINE, "ONLINE*", ONLINE, super_read_only=True), NO, YES),
    (view("ONLINE*", ONLINE, ONLINE, super_read_only=True), NO, NO),
    # The only one that is left of a group that shrank in order.
    (view("ONLINE*"), YES, NO),
    (view("ONLINE*", ONLINE, UNREACHABLE), YES, NO),
    (view("ONLINE*", RECOVERING, UNREACHABLE), YES, NO),
    (view("ONLINE*", UNREACHABLE, UNREACHABLE), NO, NO),
    (view("ONLINE*", UNREACHABLE), NO, NO),
    (view(ONLINE, "UNREACHABLE*", UNREACHABLE, super_read_only=True), NO, NO),
    (view(ONLINE, "UNREACHABLE*", ONLINE, super_read_only=True), NO, YES),
    (view("ONLINE*", ONLINE, UNREACHABLE, UNREACHABLE, UNREACHABLE), NO, NO),
    (view("ONLINE*", ONLINE, ONLINE, UNREACHABLE, UNREACHABLE), YES, NO),
    (view(RECOVERING, "ONLINE*", ONLINE, super_read_only=True), NO, NO),
    (view(OFFLINE), NO, NO),
    (view(ERROR, super_read_only=True), NO, NO),
    (view(ONLINE, "ONLINE*", super_read_only=True, lag=5), NO, YES),
    (view(ONLINE, "ONLINE*", super_read_only=True, lag=5.1), NO, DRAINS),
    (view("ONLINE*", ONLINE, lag=60), YES, NO),
]


@pytest.mark.parametrize(("said", "writes", "reads"), CASES)
def test_a_member_takes_what_its_view_allows(said: View, writes: int, reads: int) -> None:
    assert (role.primary(said).status, role.reader(said).status) == (writes, reads)


def test_a_member_of_no_group_has_no_row_of_its_own_and_serves_nobody() -> None:
    assert role.primary(View("own", (Seen("", OFFLINE, ""),), False, 0, 0)) == (NO, "not in the group: OFFLINE")


def test_the_reason_says_what_is_missing() -> None:
    assert role.primary(view("ONLINE*", super_read_only=True)).reason == "the primary, but super_read_only is still on"
    assert role.primary(view("ONLINE*", UNREACHABLE, UNREACHABLE)).reason.endswith("half of 3 members can be reached")
    assert role.reader(view(ONLINE, lag=12.34)).reason == "a secondary, 12.3 s late, 7 transactions wait"
