"""What the clients print and what members answer, as it is read."""

from __future__ import annotations

from tests.torture.history import Operation, parsed
from tests.torture.members import View

LINES = [
    '{"kind": "began", "at": 1.0}',
    '{"kind": "append", "port": "write", "writer": 2, "number": 7, "start": 1.5, "outcome": "ok", "end": 1.6}',
    '{"kind": "latest", "port": "write", "writer": 0, "number": 1, "start": 1.5, "outcome": "ok", "latest": {"2": 7}, '
    '"end": 1.7}',
    '{"kind": "append", "port": "write", "writer": 2, "num',
]
VIEW = "10.0.0.11\tONLINE\tPRIMARY\n10.0.1.11\tONLINE\tSECONDARY\n10.0.2.11\t{}\tSECONDARY\n"


def test_history_is_read_up_to_a_line_that_is_cut_off() -> None:
    write, read = parsed(LINES)
    assert write == Operation("append", 1.5, 1.6, "ok", writer=2, number=7)
    assert read.latest == {"2": 7}


def test_group_is_whole_when_all_members_are_online() -> None:
    assert View.parsed(VIEW.format("ONLINE")).is_whole(3)
    assert not View.parsed(VIEW.format("RECOVERING")).is_whole(3)
    assert not View.parsed(VIEW.format("ONLINE")).is_whole(5)


def test_member_that_does_not_answer_sees_no_group() -> None:
    assert not View.parsed("").is_whole(3)
    assert View.parsed("").online("PRIMARY") == []


def test_member_outside_the_group_sees_itself_without_a_role() -> None:
    """Its row of performance_schema.replication_group_members while Group Replication does not run."""
    assert not View.parsed("\tOFFLINE\t").is_whole(1)
