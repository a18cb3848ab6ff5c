"""How much an `up` comes to, in what does not depend on the machine: counts.json has it.

Where a change is meant, this writes it anew, and its diff says what changed:

    MYSQL_PAIR_WRITE_COUNTS=1 .venv/bin/python -m pytest tests/unit/program/test_counts.py
"""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from components.host.user_data import LIMIT
from tests.unit.host.accounts.builders import changes, grant, has, sql, state, user
from tests.unit.program.program_run import Run, plain, run_with

KEPT = Path(__file__).with_name("counts.json")
WRITE = "MYSQL_PAIR_WRITE_COUNTS"
RENEW = f"If that is meant: {WRITE}=1 .venv/bin/python -m pytest tests/unit/program/test_counts.py"
ROOM = 1.25
"""Of bytes counts.json has a limit, so much above what they were: a few lines more break nothing."""
GRANTS = [{"database": "app", "privileges": ["ALL"]}]


def users(*keys: str) -> dict[str, str]:
    made = {key: {"grants": GRANTS} for key in keys}
    return {"users": json.dumps(made), "primaryUser": keys[0], "userPasswords": "{}"}


def connections(commands: dict[str, dict[str, Any]]) -> int:
    """Return how many ssh connections commands are: each its own, and one more to the jump host it goes through."""
    return sum(2 if "proxy" in plain(made["connection"]) else 1 for made in commands.values())


def changed(before: Run, after: Run) -> dict[str, dict[str, Any]]:
    """Return the remote commands that another config runs: those that are new, and those with other inputs."""
    return {name: made for name, made in after.commands.items() if before.commands.get(name) != made}


def rules(run: Run) -> int:
    """Return how many security group rules there are."""
    return sum("gressRule:" in made.typ for made in run.seen.resources)


def counts() -> dict[str, Any]:
    first, again, one_more = (
        run_with(**users("app")),
        Run(None, frozenset(), **users("app")),
        run_with(**users("app", "other")),
    )
    two_clients = run_with(**users("app"), clients='[{"name": "client", "count": 2}]')
    three = run_with(**users("app"), servers="3")
    three_one_more, three_clients = (
        run_with(**users("app", "other"), servers="3"),
        run_with(**users("app"), servers="3", clients='[{"name": "client", "count": 2}]'),
    )
    more, client = changed(first, one_more), changed(first, two_clients)
    account = user(grants=(grant("SELECT", database="app"),))
    granted = state(has())
    return {
        "resources": dict(sorted(Counter(made.typ for made in first.seen.resources).items())),
        "resources of one more user": len(one_more.seen.resources) - len(first.seen.resources),
        "resources of one more client host": len(two_clients.seen.resources) - len(first.seen.resources),
        "questions to AWS": dict(sorted(Counter(call.token.split(":")[-1] for call in first.seen.calls).items())),
        "questions to AWS of one more client host": len(two_clients.seen.calls) - len(first.seen.calls),
        "remote commands": {
            "first up": len(first.commands),
            "up without changes": len(changed(first, again)),
            "one more user": sorted(more),
            "one more client host": sorted(client),
        },
        "ssh connections": {
            "first up": connections(first.commands),
            "up without changes": connections(changed(first, again)),
            "one more user": connections(more),
            "one more client host": connections(client),
        },
        "security group rules": rules(first),
        "security group rules of one more client host": rules(two_clients) - rules(first),
        "three servers in the place of one": {
            "resources": len(three.seen.resources) - len(first.seen.resources),
            "questions to AWS": len(three.seen.calls) - len(first.seen.calls),
            "security group rules": rules(three) - rules(first),
            "remote commands": len(three.commands) - len(first.commands),
            "remote commands of a first up of three": len(three.commands),
            "of what one server has, run again": sorted(
                name for name, made in first.commands.items() if three.commands[name] != made
            ),
            "ssh connections of a first up of three": connections(three.commands),
            "one more user": sorted(changed(three, three_one_more)),
            "one more client host": sorted(changed(three, three_clients)),
        },
        "SQL statements": {
            "of a new account with one grant": len(sql(changes(account, server=state()))),
            "of one without changes": len(sql(changes(user(), server=granted))),
            "of a grant more": len(sql(changes(account, server=granted))),
        },
    }


def sizes() -> dict[str, dict[str, int]]:
    run, three = run_with(**users("app")), run_with(**users("app"), servers="3")
    return {
        "bytes of user data": {name: len(made["userData"].encode()) for name, made in sorted(run.instances.items())},
        "bytes of standard input": stdin(run),
        "bytes of standard input of a group, for its last server": {
            name: size
            for name, size in stdin(three).items()
            if name.startswith(("group-", "server-3-", "client-1-con"))
        },
    }


def stdin(run: Run) -> dict[str, int]:
    """Return how many bytes each remote command is sent."""
    return {name: len(plain(made["stdin"]).encode()) for name, made in sorted(run.commands.items())}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    if os.environ.get(WRITE):
        limits = {
            what: {name: 256 * -(-int(size * ROOM) // 256) for name, size in of_what.items()}
            for what, of_what in sizes().items()
        }
        KEPT.write_text(json.dumps({**counts(), "limits": limits}, indent=2) + "\n")
    found: dict[str, Any] = json.loads(KEPT.read_text())
    return found


def test_an_up_comes_to_what_it_came_to(kept: dict[str, Any]) -> None:
    found = counts()
    differing = {what: (kept.get(what), value) for what, value in found.items() if kept.get(what) != value}
    assert not differing, f"counts.json and the program differ: {differing}. {RENEW}"


def test_an_up_without_changes_runs_nothing(kept: dict[str, Any]) -> None:
    assert kept["remote commands"]["up without changes"] == 0
    assert kept["SQL statements"]["of one without changes"] == 0


def test_what_goes_to_hosts_stays_within_its_limits(kept: dict[str, Any]) -> None:
    for what, of_what in sizes().items():
        over = {name: size for name, size in of_what.items() if size > kept["limits"][what].get(name, 0)}
        assert not over, f"{what}: {over}, more than counts.json allows. {RENEW}"
    assert max(sizes()["bytes of user data"].values()) <= LIMIT
