"""group/role.py: which members take writes and reads, by what MySQL says of the group."""

from __future__ import annotations

import pytest

from scripts.host.group import role
from scripts.host.group.role import DRAINS, NO, YES, Said
from scripts.host.group.view import ERROR, OFFLINE, ONLINE, PRIMARY, RECOVERING, SECONDARY, UNREACHABLE, Seen, View


def said(*members: str, super_read_only: bool = False, lag: float = 0) -> Said:
    """Return what the first of these members says: each is a state, with a star if it is the primary."""
    roles = [(text.rstrip("*"), PRIMARY if "*" in text else SECONDARY) for text in members]
    seen = tuple(Seen(str(number), "", state, role, "") for number, (state, role) in enumerate(roles))
    return Said(View("0", seen), super_read_only, 7, lag)


# what the member says, whether it takes writes and reads
CASES: list[tuple[Said, int, int]] = [
    (said("ONLINE*", ONLINE, ONLINE), YES, NO),
    (said(ONLINE, "ONLINE*", ONLINE, super_read_only=True), NO, YES),
    (said("ONLINE*", ONLINE, ONLINE, super_read_only=True), NO, NO),
    # The only one that is left of a group that shrank in order.
    (said("ONLINE*"), YES, NO),
    (said("ONLINE*", ONLINE, UNREACHABLE), YES, NO),
    (said("ONLINE*", RECOVERING, UNREACHABLE), YES, NO),
    (said("ONLINE*", UNREACHABLE, UNREACHABLE), NO, NO),
    (said("ONLINE*", UNREACHABLE), NO, NO),
    (said(ONLINE, "UNREACHABLE*", UNREACHABLE, super_read_only=True), NO, NO),
    (said(ONLINE, "UNREACHABLE*", ONLINE, super_read_only=True), NO, YES),
    (said("ONLINE*", ONLINE, UNREACHABLE, UNREACHABLE, UNREACHABLE), NO, NO),
    (said("ONLINE*", ONLINE, ONLINE, UNREACHABLE, UNREACHABLE), YES, NO),
    (said(RECOVERING, "ONLINE*", ONLINE, super_read_only=True), NO, NO),
    (said(OFFLINE), NO, NO),
    (said(ERROR, super_read_only=True), NO, NO),
    (said(ONLINE, "ONLINE*", super_read_only=True, lag=5), NO, YES),
    (said(ONLINE, "ONLINE*", super_read_only=True, lag=5.1), NO, DRAINS),
    (said("ONLINE*", ONLINE, lag=60), YES, NO),
]


@pytest.mark.parametrize(("member", "writes", "reads"), CASES)
def test_a_member_takes_what_its_view_allows(member: Said, writes: int, reads: int) -> None:
    assert (role.primary(member).status, role.reader(member).status) == (writes, reads)


def test_a_member_of_no_group_has_no_row_of_its_own_and_serves_nobody() -> None:
    assert role.primary(Said(View("own", (Seen("", "", OFFLINE, "", ""),)), False, 0, 0)) == (
        NO,
        "not in the group: OFFLINE",
    )


def test_the_reason_says_what_is_missing() -> None:
    assert role.primary(said("ONLINE*", super_read_only=True)).reason == "the primary, but super_read_only is still on"
    assert role.primary(said("ONLINE*", UNREACHABLE, UNREACHABLE)).reason.endswith("half of 3 members can be reached")
    assert role.reader(said(ONLINE, lag=12.34)).reason == "a secondary, 12.3 s late, 7 transactions wait"
