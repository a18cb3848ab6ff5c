"""group/roles.py: who becomes the primary when the present one is to be stopped, or an operator asks for it."""

import pytest

from scripts.host.common.errors import HostError
from scripts.host.group import membership, roles
from scripts.host.group.roles import SwitchSpec
from scripts.host.group.view import View
from scripts.host.mysql import server
from tests.unit.host.group.members import ADDRESSES, MySql, told, view


def asked(monkeypatch: pytest.MonkeyPatch, shown: View, refuses: str = "nothing at all") -> MySql:
    """Have a member with this view."""
    session = MySql(shown, refuses=refuses)
    monkeypatch.setattr(server, "Session", lambda: session)
    monkeypatch.setattr(membership, "told", lambda: told(shown.uuid))
    return session


@pytest.mark.parametrize(
    ("primary", "states", "successor"),
    [
        # The member before it in the order of changes is changed already.
        ("server-2", {}, "server"),
        ("server-3", {}, "server-2"),
        # The first one's turn comes first: the last one's is furthest away.
        ("server", {}, "server-3"),
        ("server-3", {"server_2": "RECOVERING"}, "server"),
        ("server", {"server_3": "UNREACHABLE"}, "server-2"),
    ],
)
def test_a_primary_hands_its_role_to_whose_turn_is_furthest_away(
    monkeypatch: pytest.MonkeyPatch, primary: str, states: dict[str, str], successor: str
) -> None:
    session = asked(monkeypatch, view(primary, primary, **states))
    assert roles.step_down() == 0
    assert session.did == [f"SELECT group_replication_set_as_primary('{successor}', 5)"]


def test_a_secondary_hands_nothing_on_nor_does_the_last_one_or_one_that_is_cut_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for shown in (
        view("server-2", "server"),
        view("server", server_2="GONE", server_3="GONE"),
        view("server", server_2="UNREACHABLE", server_3="UNREACHABLE"),
    ):
        session = asked(monkeypatch, shown)
        assert roles.step_down() == 0
        assert session.did == []


def test_a_stop_goes_on_where_the_role_is_not_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(monkeypatch, view("server"), refuses="set_as_primary")
    assert roles.step_down() == 0
    assert "was not handed on, and the others will choose" in capsys.readouterr().err


def test_an_operator_names_the_member_or_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    session = asked(monkeypatch, view("server-2", "server"))
    answer = roles.switch_over(SwitchSpec(ADDRESSES["server-2"]))
    assert answer == {"primary": ADDRESSES["server-2"], "former": ADDRESSES["server"]}
    assert session.did == ["SELECT group_replication_set_as_primary('server-2', 5)"]
    assert roles.switch_over(SwitchSpec())["primary"] == ADDRESSES["server-3"]
    # It is the primary already.
    session.did.clear()
    assert roles.switch_over(SwitchSpec(ADDRESSES["server"]))["former"] == ADDRESSES["server"]
    assert session.did == []


def test_a_member_that_is_not_online_does_not_become_the_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    session = asked(monkeypatch, view("server", server_3="RECOVERING"))
    with pytest.raises(HostError, match=r"10\.0\.80\.10 is not ONLINE in the group: .*server-3 RECOVERING"):
        roles.switch_over(SwitchSpec(ADDRESSES["server-3"]))
    assert session.did == []
