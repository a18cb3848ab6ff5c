"""`status`, `switch-over`, `rejoin`, `start-group`, `force-quorum`: what a group tells, and what is done to it when."""

from __future__ import annotations

import json

import pytest

from tests.unit.scripts.servers import ADDRESSES, GROUP, NAMES, WHOLE, changes, member, out, tells, up
from tests.unit.scripts.stand_ins import RESOURCES, Bench, state
from tests.unit.scripts.stand_ins import bench as bench

LOST = (member("server-3"), member("server", "UNREACHABLE"), member("server-2", "UNREACHABLE"))
EXPELLED = (member("server", role="PRIMARY"), member("server-2"))


@pytest.fixture(autouse=True)
def stack(bench: Bench) -> None:
    """A group of three, all of them ONLINE."""
    up(bench)


def table(text: str) -> list[list[str]]:
    """Return the words of a table's lines."""
    return [line.split() for line in text.splitlines()]


def test_status_shows_every_server_and_who_takes_the_writes(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    tells(bench, "server-3", *WHOLE, queue=12)
    assert bench.scripts("status") == 0
    assert table(capfd.readouterr().out) == [
        ["SERVER", "ZONE", "STATE", "ROLE", "MYSQL", "QUEUE"],
        ["server", "eu-central-1a", "ONLINE", "PRIMARY", "9.7.4", "0"],
        ["server-2", "eu-central-1b", "ONLINE", "SECONDARY", "9.7.4", "0"],
        ["server-3", "eu-central-1c", "ONLINE", "SECONDARY", "9.7.4", "12"],
        ["server", "is", "the", "primary;", "3", "of", "3", "servers", "are", "ONLINE"],
    ]


def test_status_is_json_for_programs(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("status", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert (told["primary"], told["majority"], len(told["servers"])) == ("server", True, 3)
    assert told["servers"][1] == {
        "server": "server-2", "zone": "eu-central-1b", "state": "ONLINE", "role": "SECONDARY", "mysql": "9.7.4",
        "queue": 0,
    }  # fmt: skip


def test_a_server_that_cannot_be_asked_is_shown_as_the_others_see_it(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("down.server-3", "")
    for name in ("server", "server-2"):
        tells(bench, name, *WHOLE[:2], member("server-3", "UNREACHABLE"))
    assert bench.scripts("status") == 2
    shown = capfd.readouterr().out
    assert ["server-3", "eu-central-1c", "UNREACHABLE", "SECONDARY", "9.7.4", "-"] in table(shown)
    assert "could not tell: server-3 cannot be reached by ssh" in shown
    assert "server is the primary; 2 of 3 servers are ONLINE. server-3: a server rejoins by itself" in shown


def test_a_server_that_is_out_of_the_group_is_shown_as_it_says_itself(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("server", "server-2"):
        tells(bench, name, *EXPELLED)
    out(bench, "server-3", state="ERROR", note="3 transactions are its own")
    assert bench.scripts("status") == 2
    shown = capfd.readouterr().out
    assert ["server-3", "eu-central-1c", "ERROR", "-", "9.7.4", "0"] in table(shown)
    assert "server-3: 3 transactions are its own\n" in shown


def test_a_server_whose_mysql_has_just_started_says_nothing_of_itself(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("server", "server-2"):
        tells(bench, name, *EXPELLED)
    tells(bench, "server-3", majority=False)
    assert bench.scripts("status") == 2
    assert ["server-3", "eu-central-1c", "OFFLINE", "-", "-", "0"] in table(capfd.readouterr().out)


def minority(bench: Bench) -> None:
    """Leave one server of the group."""
    bench.put("down.server", "")
    bench.put("down.server-2", "")
    tells(bench, "server-3", *LOST, majority=False)


def outage(bench: Bench) -> None:
    """Have no server in the group."""
    for name in NAMES:
        out(bench, name)


def silence(bench: Bench) -> None:
    """Have no server that can be asked."""
    for name in NAMES:
        bench.put(f"down.{name}", "")


@pytest.mark.parametrize(
    ("happened", "said"),
    [
        (minority, "The group has no majority, and takes no writes."),
        (outage, "No server is in the group: `start-group` starts it"),
        (silence, "No server can be asked"),
    ],
)
def test_without_a_primary_status_says_what_to_do(
    bench: Bench, capfd: pytest.CaptureFixture[str], happened: object, said: str
) -> None:
    assert callable(happened)
    happened(bench)
    assert bench.scripts("status") == 2
    assert said in capfd.readouterr().out


def test_the_writes_go_to_the_server_that_is_named(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("group.switch-over", f"echo '{json.dumps({'primary': ADDRESSES['server-2']})}'\n")
    assert bench.scripts("switch-over", "server-2") == 0
    assert changes(bench) == [("server", "switch-over", {"address": ADDRESSES["server-2"]})]
    assert capfd.readouterr().out == "server-2 is the primary; server was\n"


def test_the_group_chooses_where_no_server_is_named(bench: Bench) -> None:
    bench.put("group.switch-over", f"echo '{json.dumps({'primary': ADDRESSES['server-3']})}'\n")
    assert bench.scripts("switch-over") == 0
    assert changes(bench) == [("server", "switch-over", {"address": ""})]


def test_the_primary_stays_where_it_is_asked_for(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("switch-over", "server") == 0
    assert (capfd.readouterr().out, changes(bench)) == ("server is the primary already\n", [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["switch-over", "server-3"], "server-3 is not ONLINE"),
        (["switch-over", "client-1"], "has no server 'client-1'; it has server, server-2, server-3"),
        (["rejoin", "client-1"], "has no server 'client-1'"),
        (["force-quorum", "--yes"], "the group has a majority: there is nothing to force"),
        (["start-group", "--yes"], "the group is up, and server is in it"),
        (["start-group", "--yes", "--without", "x"], "there is no server x"),
    ],
)
def test_what_would_do_harm_is_refused(
    bench: Bench, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    for name in ("server", "server-2"):
        tells(bench, name, *EXPELLED)
    out(bench, "server-3")
    assert bench.scripts(*words) == 2
    assert (said in capfd.readouterr().err, changes(bench)) == (True, [])


@pytest.mark.parametrize("verb", [["switch-over"], ["start-group"], ["force-quorum"], ["rejoin", "server"]])
def test_one_server_is_in_no_group(bench: Bench, capfd: pytest.CaptureFixture[str], verb: list[str]) -> None:
    bench.put("state.json", state(*RESOURCES))
    assert bench.scripts(*verb) == 2
    assert "stack 'here' has one server, which is in no group" in capfd.readouterr().err


def test_status_of_one_server_is_a_line(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", state(*RESOURCES))
    bench.put("mysql", "echo 8.0.45-0ubuntu0.24.04.1\n")
    assert bench.scripts("status") == 0
    assert table(capfd.readouterr().out)[1:] == [["server", "-", "ONLINE", "-", "8.0.45-0ubuntu0.24.04.1", "-"]]


def test_one_server_whose_mysql_is_down_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", state(*RESOURCES))
    bench.put("mysql", 'echo "ERROR 2002 (HY000): Can\'t connect" >&2; exit 1\n')
    assert bench.scripts("status") == 2
    assert "server: ERROR 2002 (HY000): Can't connect" in capfd.readouterr().err


def test_after_a_full_outage_the_group_starts_from_the_server_that_has_everything(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, last in (("server", 90), ("server-2", 100), ("server-3", 95)):
        out(bench, name, f"{GROUP}:1-{last}")
    bench.put("group.rejoin", '[ $HOST = server ] && { echo "not yet" >&2; exit 1; }; echo null\n')
    assert bench.scripts("start-group", "--yes") == 0
    assert changes(bench) == [
        ("server-2", "start", {}),
        ("server", "rejoin", {"discard": False}),
        ("server-3", "rejoin", {"discard": False}),
    ]
    assert capfd.readouterr().out.splitlines() == [
        "server-2 has started the group, and is its primary",
        "server: not yet",
        "server tries again by itself; `status` tells whether it got in",
        "server-3 has rejoined",
    ]


def test_a_server_that_cannot_be_asked_is_waited_for_unless_it_is_left_out(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    outage(bench)
    bench.put("down.server", "")
    assert bench.scripts("start-group", "--yes") == 2
    assert "server may have transactions that no other server has" in capfd.readouterr().err
    assert changes(bench) == []
    assert bench.scripts("start-group", "--yes", "--without", "server") == 0
    assert [change[:2] for change in changes(bench)] == [("server-2", "start"), ("server-3", "rejoin")]


def test_servers_of_which_none_has_everything_are_not_started(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    outage(bench)
    out(bench, "server-2", f"{GROUP}:1-99,aaaaaaaa-2222-4333-8444-555555555555:1-3")
    assert bench.scripts("start-group", "--yes") == 2
    said = capfd.readouterr().err
    assert "server has 1 transactions that server-2 has not" in said
    assert "server-2 has 3 transactions that server has not" in said
    assert changes(bench) == []


def test_a_group_that_lacks_a_majority_is_not_started_beside_itself(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    outage(bench)
    tells(bench, "server-3", *LOST, majority=False)
    assert bench.scripts("start-group", "--yes") == 2
    assert ("by `force-quorum`" in capfd.readouterr().err, changes(bench)) == (True, [])


def test_the_servers_that_are_left_go_on(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    minority(bench)
    assert bench.scripts("force-quorum", "--yes") == 0
    assert changes(bench) == [("server-3", "force", {"addresses": [ADDRESSES["server-3"]]})]
    assert capfd.readouterr().out == "the group goes on with server-3: `status` shows it\n"


def test_a_server_comes_back(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("server", "server-2"):
        tells(bench, name, *EXPELLED)
    out(bench, "server-3", f"{GROUP}:1-80")
    assert bench.scripts("rejoin", "server-3") == 0
    assert changes(bench) == [("server-3", "rejoin", {"discard": False})]
    assert bench.scripts("rejoin", "server-2") == 0
    assert capfd.readouterr().out == "server-3 has rejoined the group\nserver-2 is in the group, and ONLINE\n"


def test_transactions_that_the_group_lacks_are_counted_and_given_up_only_by_name(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("server", "server-2"):
        tells(bench, name, *EXPELLED)
    out(bench, "server-3", f"{GROUP}:1-107", "ERROR")
    assert bench.scripts("rejoin", "server-3", "--yes") == 2
    assert "server-3 has 7 transactions that the group does not have" in capfd.readouterr().err
    assert bench.scripts("rejoin", "server-3", "--discard") == 2
    assert "there is no terminal to ask at: give --yes. Nothing was changed" in capfd.readouterr().err
    assert changes(bench) == []
    assert bench.scripts("rejoin", "server-3", "--discard", "--yes") == 0
    assert changes(bench) == [("server-3", "rejoin", {"discard": True})]
