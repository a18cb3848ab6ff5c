"""Many users in one `up`: one session on the server, and a preview that shows the one that changes."""

from __future__ import annotations

import re

import pytest

from tests.lab.pair import Pair

COUNT = 50
"""The agent alone makes two hundred in test_accounts_script.py, and bench/slope.py has what a user more costs."""
COMMENT = "a comment as long as makes what the agent is sent as much as that of two hundred users" * 5
USERS = {
    f"u{number:03}": {"grants": [{"database": "app", "privileges": ["SELECT"]}], "comment": f"{COMMENT} {number}"}
    for number in range(COUNT)
}
APP = {"app": {"grants": [{"database": "app", "privileges": ["ALL"]}]}}


@pytest.mark.timeout(900)
def test_many_users_are_one_session_and_a_preview_shows_the_one_that_changes(pair: Pair) -> None:
    with pair.configured(users=APP | USERS):
        before = pair.sessions("server")
        pair.up()
        assert pair.sessions("server") - before == 2  # one of `up`, and this look itself
        assert pair.sql("select count(*) from mysql.user where user like 'u___'") == str(COUNT)
        assert len(pair.outputs()["connection_strings"]) == COUNT + 1
        assert pair.unchanged()

        changed = {**USERS["u017"], "grants": [{"database": "app", "privileges": ["SELECT", "INSERT"]}]}
        pair.configure({"users": APP | USERS | {"u017": changed}})
        shown = re.sub(" +", " ", pair.done("preview", "--diff"))
        updated = re.findall(r"^ *([-+~]+) \S+: \(.*\n.*\n? *\[urn=.*::(.+)\]", shown, re.MULTILINE)
        assert sorted(updated) == [("~", "accounts-applied"), ("~", "client-1-logins"), ("~", "user-u017")], shown
        assert "~ app.*: {" in shown and "~ privileges : [" in shown and '"INSERT"' in shown
        pair.up()
        assert pair.sql(granted("u017")) == "INSERT"
    assert pair.sql("select count(*) from mysql.user where user like 'u___'") == "0"


def granted(user: str) -> str:
    """Return the statement that reads a user's privileges on the database app."""
    return f"select if(insert_priv = 'Y', 'INSERT', '') from mysql.db where user = '{user}' and db = 'app'"  # noqa: S608
