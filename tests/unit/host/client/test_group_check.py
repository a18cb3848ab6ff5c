"""client/group_check.py: when nothing of a group may be changed."""

import pytest

from scripts.host.client import group_check, proxy
from scripts.host.client.spec import GroupCheckSpec

SPEC = GroupCheckSpec(("10.0.0.10", "10.0.64.10", "10.0.80.10"), "0123456789ab")
PRIMARY, SECONDARY, OUT = (200, "the primary"), (503, "a secondary"), (503, "not in the group: ERROR")
SILENT = (0, "no answer on port 33065")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_check, "FAILOVER_SECONDS", 0)


def asked(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, str]) -> str:
    """Return why nothing may be changed, of members that answer like this."""
    told = dict(zip(SPEC.addresses, answers, strict=True))
    monkeypatch.setattr(proxy, "ask", lambda address, *_: told[address])
    return group_check.why_not(group_check.ask(SPEC))


def test_a_group_with_a_primary_may_be_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, PRIMARY, SECONDARY, SILENT) == ""


def test_a_group_that_nobody_answers_for_may_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(monkeypatch, SILENT, SILENT, SILENT) == ""


def test_a_group_without_a_primary_is_left_alone_and_each_member_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = asked(monkeypatch, OUT, SILENT, SECONDARY)
    assert "10.0.0.10: not in the group: ERROR; 10.0.80.10: a secondary" in fault
    assert "nothing of it was changed" in fault and "start-group" in fault


def test_a_fail_over_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_check, "FAILOVER_SECONDS", 60)
    monkeypatch.setattr(group_check, "POLL_SECONDS", 0)
    rounds = iter([SECONDARY] * 6 + [PRIMARY] * 3)
    monkeypatch.setattr(proxy, "ask", lambda *_: next(rounds))
    assert group_check.why_not(group_check.ask(SPEC)) == ""
