"""A stack of several servers: what its state says of each, who is asked for what, and what of the group is drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.stack import Stack
from scripts.state import State
from scripts.verbs import tunnel
from tests.unit.scripts.servers import KEY, NAMES, WHOLE, member, out, resources, tells, up
from tests.unit.scripts.stand_ins import APP, CA, HOST_KEY, RESOURCES, Bench, command, state
from tests.unit.scripts.stand_ins import bench as bench
from tests.unit.scripts.test_drift_and_repair import NO_CHANGE

STATE = State(Stack("here"), resources())
ROW = {"kind": "account", "name": "'app'@'%'", "what": "grants", "expected": "ALL", "found": "SELECT"}


@pytest.fixture(autouse=True)
def stack(bench: Bench) -> None:
    """A group of three and a client, all of them as they should be."""
    up(bench)
    bench.put("refresh.json", {"steps": NO_CHANGE})
    for name in (*NAMES, "client-1", "accounts"):
        bench.put(f"diff.{name}", "echo '[]'\n")
    bench.put("backup.diff", "echo '[]'\n")


def test_the_servers_come_first_and_in_their_order() -> None:
    assert STATE.server_names == [*NAMES]
    assert STATE.host_names == [*NAMES, "client-1"]
    assert list(STATE.hosts) == [*NAMES, "client-1"]


def test_the_way_to_the_first_server_is_that_of_now_and_not_of_when_the_group_began() -> None:
    assert STATE.hosts["server"].connection["host"] == "10.20.0.10"
    assert STATE.hosts["server"].host_key == HOST_KEY


def test_the_login_of_a_group_is_by_the_client_host_s_own_proxy() -> None:
    login = STATE.login("app")
    assert (login.host, login.port, login.password) == ("127.0.0.1", 3306, APP.password)


@pytest.mark.parametrize(
    ("addresses", "host"), [(["10.20.0.10"], "10.20.0.10"), (["10.20.0.10", "127.0.0.1"], "127.0.0.1")]
)
def test_the_login_of_one_server_is_by_a_proxy_where_its_certificate_names_that(
    addresses: list[str], host: str
) -> None:
    named = command("server", "certify", json.dumps({"addresses": addresses, "names": []}), {"ca_certificate": CA})
    kept = [it for it in RESOURCES if "server-certify" not in it["urn"]]
    assert State(Stack("here"), [*kept, named]).login("reports").host == host


def test_the_key_of_the_authority_is_not_sent_to_be_compared() -> None:
    specs = {name: STATE.diff_spec(name) for name in NAMES}
    assert {str(spec and spec["certificate"]["authority"]) for spec in specs.values()} == {CA}
    assert KEY.splitlines()[1] not in json.dumps(specs)


def test_a_repair_joins_every_server_to_the_group_and_neither_begins_one_nor_makes_an_authority() -> None:
    verbs = [command.verb for command in STATE.commands if command.urn in STATE.repairing]
    assert (verbs.count("group join"), verbs.count("accounts apply")) == (3, 3)
    assert {"group begin", "authority"} & {*verbs} == set()


def test_without_the_first_server_s_commands_the_others_say_how_to_log_in() -> None:
    kept = [it for it in resources() if "command:remote:Command::server-cert" not in it["urn"]]
    assert State(Stack("here"), kept).ca_certificate == CA


def test_through_a_tunnel_the_identity_of_whichever_member_answers_can_be_checked() -> None:
    words = tunnel.how_to_use("mysql://app:x@127.0.0.1:3306/app", 3307, Path("ca.pem"), "here")
    assert "mysql://app@127.0.0.1:3307/app?ssl-mode=VERIFY_IDENTITY&ssl-ca=ca.pem" in words
    assert "VERIFY_CA" not in words and "one server" not in words.replace("\n", " ")


def test_a_server_is_no_client_host(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("connect", "app", "--host", "server-2") == 2
    assert "has no client host 'server-2'; it has client-1" in capfd.readouterr().err


def test_a_whole_group_has_no_drift(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("drift") == 0
    assert capfd.readouterr().out == "no drift detected\n"


def test_accounts_are_compared_on_every_server(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("diff.accounts", f"echo '{json.dumps([ROW])}'".replace("'app'@'%'", "app"))
    assert bench.scripts("drift", "--json") == 2
    assert [row["where"] for row in json.loads(capfd.readouterr().out)["drift"]] == [*NAMES]


def gone(bench: Bench) -> None:
    """Have server-3 out of the group."""
    for name in ("server", "server-2"):
        tells(bench, name, *WHOLE[:2])
    out(bench, "server-3", state="ERROR")


def recovering(bench: Bench) -> None:
    """Have server-2 catch up."""
    for name in NAMES:
        tells(bench, name, WHOLE[0], member("server-2", "RECOVERING"), WHOLE[2])


def older(bench: Bench) -> None:
    """Have server-2 run another version."""
    for name in NAMES:
        tells(bench, name, WHOLE[0], member("server-2", version="9.7.3"), WHOLE[2])


def stranger(bench: Bench) -> None:
    """Have a fourth member that no config names."""
    for name in NAMES:
        tells(bench, name, *WHOLE, member(""))


def cut_off(bench: Bench) -> None:
    """Have server-3 see nobody, while the others see it still."""
    view = (member("server-3"), member("server", "UNREACHABLE"), member("server-2", "UNREACHABLE"))
    tells(bench, "server-3", *view, majority=False)


def outage(bench: Bench) -> None:
    """Have no server in the group."""
    for name in NAMES:
        out(bench, name)


DOWN = [(name, "state", "OFFLINE") for name in NAMES]


@pytest.mark.parametrize(
    ("happened", "found"),
    [
        (gone, [("server-3", "state", "not in the group, ERROR by itself")]),
        (recovering, [("server-2", "state", "RECOVERING")]),
        (older, [("server-2", "version", "9.7.3")]),
        (stranger, [("10.20.0.99", "member", "in it, ONLINE")]),
        (cut_off, [("server-3", "view", "none")]),
        (outage, [*DOWN, ("group", "majority", "0 ONLINE, none of which sees one")]),
    ],
)
def test_what_is_wrong_with_the_group_is_drift(
    bench: Bench, capfd: pytest.CaptureFixture[str], happened: Any, found: list[tuple[str, str, str]]
) -> None:
    happened(bench)
    assert bench.scripts("drift", "--json") == 2
    rows = json.loads(capfd.readouterr().out)["drift"]
    assert [(row["name"], row["what"], row["found"]) for row in rows] == found
    assert {row["kind"] for row in rows} == {"group"}


def test_a_server_that_cannot_be_reached_is_told_once_and_missed_by_the_others(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    gone(bench)
    bench.put("down.server-3", "")
    assert bench.scripts("drift", "--json") == 1
    told = json.loads(capfd.readouterr().out)
    assert [reason.partition(":")[0] for reason in told["unknown"]] == ["server-3 cannot be reached by ssh"]
    assert [(row["where"], row["found"]) for row in told["drift"]] == [("server-3", "not in the group")]


def test_accounts_are_read_on_the_primary(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    for name in NAMES:
        tells(bench, name, member("server"), member("server-2"), member("server-3", role="PRIMARY"))
    bench.put("list.json", {"users": [], "roles": []})
    assert bench.scripts("users") == 0
    assert asked(bench, "accounts list") == ["server-3"]
    assert "there are no users" in capfd.readouterr().out


def test_without_a_primary_accounts_are_not_read_at_random(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    outage(bench)
    assert bench.scripts("users") == 2
    assert "the group has no majority, and takes no writes: `status` tells what to do" in capfd.readouterr().err


def asked(bench: Bench, verb: str) -> list[str]:
    """Return the hosts on which a verb was run over ssh."""
    calls = [path.read_text() for path in bench.folder.glob("ssh.*")]
    lines = [line for text in calls if f"current {verb}" in text for line in text.splitlines()]
    return [line.partition("=")[2] for line in lines if line.startswith("HostKeyAlias=")]


def test_one_server_is_asked_nothing_of_a_group(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", state(*RESOURCES))
    bench.put("diff.app-1", "echo '[]'\n")
    assert bench.scripts("drift") == 0
    assert "group status" not in bench.everything_shown() and "no drift" in capfd.readouterr().out
