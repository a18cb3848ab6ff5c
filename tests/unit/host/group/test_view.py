"""group/view.py: when a member is in a group that can go on, and who takes its writes."""

import pytest

from scripts.host.group.view import View, is_secondary
from tests.unit.host.group.members import MySql, seen, view


@pytest.mark.parametrize(
    ("states", "has_majority"),
    [
        ({}, True),
        ({"server_3": "UNREACHABLE"}, True),
        ({"server_3": "RECOVERING", "server_2": "UNREACHABLE"}, True),
        ({"server_2": "UNREACHABLE", "server_3": "UNREACHABLE"}, False),
        ({"server": "ERROR"}, False),
        ({"server_2": "GONE", "server_3": "GONE"}, True),
    ],
)
def test_a_group_goes_on_while_more_than_half_of_it_is_reached(states: dict[str, str], has_majority: bool) -> None:
    shown = view("server", **states)
    assert shown.has_majority is has_majority
    assert shown.is_primary is has_majority
    assert bool(shown.online) is has_majority


def test_a_primary_that_is_cut_off_with_its_former_role_takes_no_writes() -> None:
    assert not view("server", server_2="UNREACHABLE", server_3="UNREACHABLE").is_primary


def test_a_server_that_was_never_in_a_group_is_offline() -> None:
    alone = View.read(MySql(View("server", ())))
    assert (alone.own.state, alone.is_member, alone.is_primary) == ("OFFLINE", False, False)


def test_only_a_member_whose_writes_another_one_takes_is_a_secondary() -> None:
    assert is_secondary(MySql(view("server-2")))
    assert is_secondary(MySql(View("server-2", (seen("server-2", "RECOVERING", ""),))))
    assert not is_secondary(MySql(view("server")))
    assert not is_secondary(MySql(View("server", (seen("server", "OFFLINE", ""),))))
