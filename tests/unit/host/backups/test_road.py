"""backups/road.py and listing.py: how far a base of a group leads over the logs of its members."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from scripts.host.backups import listing
from scripts.host.backups.listing import Chain
from scripts.host.backups.repository import Repository
from tests.unit.host.backups.conftest import manifest
from tests.unit.host.backups.group import UUIDS, GroupRepository, Member, gtids, moment


@pytest.fixture
def repo(state_folder: Path) -> GroupRepository:
    """An empty repository."""
    (state_folder / "backups").mkdir()
    return GroupRepository()


def led(repo: GroupRepository, base: dict[str, Any]) -> Chain:
    """Return how far a base leads."""
    return listing.chains(cast("Repository", repo), [base])[base["id"]]


def restored(chain: Chain, base: dict[str, Any], *members: Member) -> set[int]:
    """Return the transactions that are there after a replay; none may be missing before one that is there."""
    contents = {member.uuid: member.contents for member in members}
    there = {int(number) for number in base["gtid_executed"].split(":")[1:]}
    for file in chain.files:
        for transaction in sorted(contents[file.server][file.object] - there):
            assert set(range(1, transaction)) <= there, f"{transaction} before others"
            there.add(transaction)
    return there


@pytest.fixture
def trio(repo: GroupRepository) -> tuple[Member, Member, Member]:
    """Three members that have ten transactions; each has sent a file at ten o'clock and some seconds."""
    members = repo.member("a"), repo.member("b"), repo.member("c")
    for second, member in enumerate(members, 20):
        member.has(*range(1, 11))
        member.sends(second, "abc")
    return members


def test_a_base_leads_as_far_as_the_log_that_reaches_furthest(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    for member in trio:
        member.has(11, 12)
    for second, member in ((50, b), (55, a), (60, c)):
        member.sends(second, "abc")
    chain = led(repo, base)
    assert (chain.latest, chain.gap) == (moment(60), "")
    assert restored(chain, base, a, b, c) == set(range(1, 13))


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_whatever_member_is_lost_the_others_have_what_it_has_not_sent(
    repo: GroupRepository, trio: tuple[Member, Member, Member], lost: int
) -> None:
    base = trio[1].base(30, "abc")
    for second in (60, 90):
        for late, member in enumerate(trio):
            member.has(second, *range(11, second))
            member.sends(second + late, "abc")
    # Committed, and then a member is lost before it sends its log.
    left = [member for member in trio if member is not trio[lost]]
    for late, member in enumerate(left):
        member.has(91, 92, 93)
        member.sends(120 + late, [one.uuid for one in left])
    chain = led(repo, base)
    assert restored(chain, base, *trio) == set(range(1, 94))
    assert (chain.latest, chain.gap) == (moment(121), "")


def test_one_member_after_another_is_replaced_and_the_first_base_still_leads_to_the_end(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(25, "abc")
    last = 10

    def commits(second: int, *members: Member) -> None:
        nonlocal last
        for late, member in enumerate(members):
            member.has(*range(11, last + 3))
            member.sends(second + late, [one.uuid for one in members])
        last += 2

    commits(50, a, b, c)
    commits(80, a, c)
    # CLONE gives a new member all transactions, and none of the files that had them.
    newer = Member(repo, "99999999-ebe0-11f1-bdda-6e8c315f54a6", range(1, last + 1), begun=100)
    commits(110, a, newer, c)
    commits(140, newer, c)
    newest = Member(repo, "88888888-ebe0-11f1-bdda-6e8c315f54a6", range(1, last + 1), begun=160)
    commits(170, newer, newest, c)
    commits(200, newest, newer)
    commits(230, newest)
    chain = led(repo, base)
    assert restored(chain, base, a, b, c, newer, newest) == set(range(1, last + 1))
    assert (chain.latest, chain.gap) == (moment(230), "")


def test_the_log_of_a_member_that_is_behind_is_gone_on_with_on_another(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    for second in (50, 80, 110):
        a.has(*range(11, second))
        a.sends(second, "abc")
    # b applies slowly: complete up to earlier times.
    b.has(*range(11, 30))
    b.sends(111, "abc", ended=40)
    chain = led(repo, base)
    assert restored(chain, base, a, b, c) == set(range(1, 110))
    assert {file.server for file in chain.files[-3:]} == {a.uuid} and chain.latest == moment(110)


def test_a_member_that_had_transactions_that_nobody_has_sent_is_a_gap(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    b.has(11)
    b.sends(50, "abc")
    # c has lost its files of the time when 12 and 13 were committed, and a and b are lost.
    c.has(11, 12, 13)
    c.before, c.number, c.begun = set(c.executed), 9, 70
    c.has(14)
    c.sends(90, "abc")
    chain = led(repo, base)
    assert restored(chain, base, a, b, c) == set(range(1, 12))
    assert chain.latest == moment(50)
    server = UUIDS["c"].partition("-")[0]
    assert chain.gap == f"what binlog.000009 of server {server} goes on from is in no member's log"


def test_a_log_that_a_clone_has_begun_anew_does_not_go_on_though_its_numbers_do(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = c.base(30, "abc")
    for member in (a, b):
        member.has(11, 12)
        member.sends(50, "abc")
    c.has(11)
    c.sends(40, "abc")
    # 12 came with the clone; its log has the next number.
    c.executed, c.before, c.begun = set(range(1, 13)), set(range(1, 13)), 45
    for second, transaction in ((60, 13), (90, 14)):
        c.has(transaction)
        c.sends(second, "abc")
    chain = led(repo, base)
    assert restored(chain, base, a, b, c) == set(range(1, 15))
    assert (chain.latest, chain.gap) == (moment(90), "")


def test_transactions_that_a_clone_brought_are_not_taken_for_logged(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    b.has(11)
    b.sends(50, "abc")
    # 12 was committed, and came to a new member with the clone; then only that one is left.
    new = Member(repo, "99999999-ebe0-11f1-bdda-6e8c315f54a6", range(1, 13), begun=45)
    new.has(13)
    new.sends(80, [b.uuid, "99999999-ebe0-11f1-bdda-6e8c315f54a6"])
    chain = led(repo, base)
    assert restored(chain, base, a, b, c, new) == set(range(1, 12)) and chain.gap


def test_a_group_begun_anew_by_a_restore_numbers_the_same_and_is_not_gone_on_with(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    b = trio[1]
    base = b.base(30, "abc")
    for member in trio:
        member.has(11, 12)
        member.sends(50, "abc")
    # Restored up to 11: its 12 and 13 are other transactions.
    new = Member(repo, "99999999-ebe0-11f1-bdda-6e8c315f54a6", range(1, 12), begun=45)
    new.has(12, 13)
    new.sends(200, [new.uuid])
    chain = led(repo, base)
    assert (chain.latest, chain.gap) == (moment(50), "")
    assert new.uuid not in {file.server for file in chain.files}


def test_a_member_that_has_joined_another_timeline_is_not_gone_on_with(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    _, b, c = trio
    base = b.base(30, "abc")
    for member in trio:
        member.has(11, 12)
        member.sends(50, "abc")
    # c has discarded its data and cloned a group that was restored up to 11.
    c.executed, c.before, c.number, c.begun = set(range(1, 12)), set(range(1, 12)), 1, 150
    c.has(12, 13)
    c.sends(200, "c")
    chain = led(repo, base)
    assert chain.latest == moment(50) and chain.gap


def test_a_part_that_was_forced_to_go_on_alone_is_not_gone_on_with(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    for member in (a, b):
        member.has(11)
        member.sends(50, "ab")
    for second in (50, 80):
        c.has(11, second)
        c.sends(second, "c")
    chain = led(repo, base)
    assert (chain.latest, chain.gap) == (moment(50), "")
    assert c.uuid not in {file.server for file in chain.files}


def test_a_base_of_a_server_that_was_alone_leads_over_the_group_that_it_became(repo: GroupRepository) -> None:
    a, b = repo.member("a", range(1, 4)), repo.member("b", range(1, 6), begun=40)
    base = {key: value for key, value in a.base(10, "a").items() if key != "members"}
    a.has(4, 5)
    a.sends(30, "a")
    repo.logs[a.uuid] = dict.fromkeys(repo.logs[a.uuid])
    a.has(6)
    a.sends(60, "ab")
    b.has(6)
    b.sends(62, "ab")
    b.has(7, 8)
    b.sends(90, "b")
    chain = led(repo, base)
    assert restored(chain, base, a, b) == set(range(1, 9))
    assert (chain.latest, chain.gap) == (moment(90), "")


def test_a_base_of_a_group_leads_over_the_server_that_goes_on_alone(
    repo: GroupRepository, trio: tuple[Member, Member, Member]
) -> None:
    a, b, c = trio
    base = b.base(30, "abc")
    for member in trio:
        member.has(11)
        member.sends(50, "abc")
    for second, transaction in ((80, 12), (110, 13)):
        a.has(transaction)
        repo.logs[a.uuid][a.sends(second, "a").object] = None
    # And becomes a group again.
    a.has(14)
    a.sent = None
    a.sends(140, "a")
    chain = led(repo, base)
    assert restored(chain, base, a, b, c) == set(range(1, 15))
    assert (chain.latest, chain.gap) == (moment(140), "")
    assert [file.is_noted for file in chain.files][-3:] == [False, False, True]
    assert {file.server for file in chain.files[-3:]} == {a.uuid}


def test_the_notes_of_a_long_log_are_not_all_read(repo: GroupRepository, trio: tuple[Member, Member, Member]) -> None:
    base = trio[1].base(30, "abc")
    for second in range(31, 631):
        for member in trio:
            member.has(second)
            member.sends(second, "abc")
    chain = led(repo, base)
    assert chain.latest == moment(630) and len(chain.files) >= 600
    assert len(repo.fetched) < 30


def test_a_server_alone_needs_no_notes(repo: GroupRepository) -> None:
    a = repo.member("a", range(1, 4))
    base = manifest("20241201T100010Z", "binlog.000001", server_uuid=a.uuid, gtid_executed=gtids(a.executed))
    a.has(4)
    a.sends(30, "a")
    repo.logs[a.uuid] = dict.fromkeys(repo.logs[a.uuid])
    assert (led(repo, base).latest, repo.fetched) == (moment(30), [])
