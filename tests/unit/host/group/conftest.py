"""server-2 of a group, and what the others answer it."""

from pathlib import Path
from typing import Any

import pytest

from scripts.host.group import membership, peers, units, waiting
from scripts.host.group.peers import Answer
from scripts.host.group.view import View
from scripts.host.mysql import restoring, series, server
from tests.unit.host.group.members import GROUPS, MEMBERS, Asked, MySql, view


@pytest.fixture
def asked(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Return a function that has server-2 with a view, and a group with the primary `server`."""
    monkeypatch.setattr(restoring, "OPTION_FILE", state_folder / "closed.cnf")
    monkeypatch.setattr(membership, "NOT_YET", state_folder / "not-yet.cnf")
    monkeypatch.setattr(units, "enable", lambda: None)
    monkeypatch.setattr(series, "note", lambda _version: None)
    monkeypatch.setattr(server, "is_up", lambda: True)

    def ask(shown: View, group: bool = True, **answers: Any) -> MySql:
        known = {
            "VERSION()": "9.7.4",
            "offline_mode": 0,
            "schemata": [("mysql",), ("sys",)],
            "GTID_SUBTRACT": "",
            "bootstrap_group": 0,
            "clone_status": [(1,)],
            "mysql.user": [(member.address,) for member in MEMBERS],
        }
        session = MySql(shown, {**known, **answers})
        inside = MySql(view("server-2"))
        answer = Answer(MEMBERS[0], view("server"), GROUPS)
        monkeypatch.setattr(server, "Session", lambda: session)
        monkeypatch.setattr(waiting, "until_online", lambda: inside)
        monkeypatch.setattr(inside, "answers", known)
        monkeypatch.setattr(peers, "ask", lambda _group: [answer] if group else [])
        return session

    return ask
