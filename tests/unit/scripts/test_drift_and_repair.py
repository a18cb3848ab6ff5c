"""`drift` and `repair`: what is compared with what, what is told, and the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.stack import Stack
from scripts.state import Command, State
from tests.unit.scripts.stand_ins import (
    ACCOUNTS,
    CA,
    CANARY,
    COMMANDS,
    RESOURCES,
    SET_UP,
    SETTINGS,
    URN,
    Bench,
    command,
    first_contact,
    host,
    secret,
    state,
)
from tests.unit.scripts.stand_ins import bench as bench

ROW = {"kind": "setting", "name": "max_connections", "what": "value", "expected": "200", "found": "77"}


RESOURCE = {"custom": True, "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}


def step(op: str, name: str = "firewall-rule", **states: Any) -> dict[str, Any]:
    """Return a step of a refresh."""
    return {"op": op, "urn": f"{URN}::{name}", **{state: {**RESOURCE, **value} for state, value in states.items()}}


NO_CHANGE = [step("refresh", old={"inputs": {"port": 1}}, new={"inputs": {"port": 1}})]


@pytest.fixture(autouse=True)
def stack(bench: Bench) -> None:
    """A stack of three hosts that are as they should be."""
    bench.put("refresh.json", {"steps": NO_CHANGE})
    for name in ("server", "client-1", "app-1", "accounts"):
        bench.put(f"diff.{name}", "echo '[]'\n")
    bench.put("backup.diff", "echo '[]'\n")


def test_a_newer_mysql_is_told_beside_the_drift_and_is_none(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    """A repair leaves it alone, so its exit code would never be 0 again."""
    row = {"kind": "update", "name": "mysql-server-8.0", "what": "version", "expected": "8.0.45", "found": "8.0.41"}
    bench.put("diff.server", f"echo '{json.dumps([row])}'\n")
    assert bench.scripts("drift") == 0
    assert capfd.readouterr().out.splitlines()[:3] == [
        "no drift detected", "", "newer than what runs (`upgrade` installs packages):"
    ]  # fmt: skip
    assert bench.scripts("drift", "--json") == 0
    report = json.loads(capfd.readouterr().out)
    assert (report["drift"], report["updates"]) == ([], [{"where": "server", **row}])


def test_every_host_is_asked_with_what_its_commands_were_given(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("drift") == 0
    assert capfd.readouterr().out == "no drift detected\n"
    specs = {path.suffix: json.loads(path.read_text()) for path in bench.folder.glob("spec.*")}
    assert specs == {
        ".server": {
            "host": {"packages": ["mysql-server"], "mysql": SETTINGS},
            "certificate": {"addresses": ["10.20.0.10"], "names": []},
            "authority": CA,
            "agent": {"scripts/host/__main__.py": "text"},
        },
        ".client-1": {"host": {"packages": ["mysql-client"]}, "agent": {}},
        ".app-1": {"host": {"packages": []}, "agent": {}},
        ".accounts": json.loads(ACCOUNTS),
        ".diff": json.loads(SET_UP),
    }
    assert [call["argv"][:2] for call in bench.asked("refresh")] == [["refresh", "--preview-only"]]
    assert bench.asked("up") == [] and CANARY not in bench.everything_shown()


def test_drift_is_a_table_and_the_exit_code_2(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("diff.server", f"echo '{json.dumps([ROW])}'")
    bench.put("refresh.json", {"steps": [step("delete", old={"inputs": {}})]})
    assert bench.scripts("drift") == 2
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines == [
        ["WHERE", "KIND", "NAME", "WHAT", "EXPECTED", "FOUND"],
        ["cloud", "SecurityGroupIngressRule", "firewall-rule", "resource", "there", "gone"],
        ["server", "setting", "max_connections", "value", "200", "77"],
    ]


def test_as_json_nothing_is_shortened(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("diff.accounts", f"echo '{json.dumps([{**ROW, 'found': 'x' * 200}])}'")
    assert bench.scripts("drift", "--json") == 2
    assert json.loads(capfd.readouterr().out) == {
        "drift": [{"where": "server", **ROW, "found": "x" * 200}],
        "updates": [],
        "unknown": [],
    }
    assert bench.scripts("drift") == 2
    assert "x" * 61 not in capfd.readouterr().out


# file of a stand-in, its content, what is said
UNKNOWN = [
    ("down.client-1", "", "could not tell: client-1 cannot be reached by ssh: ssh: connect to host"),
    ("diff.app-1", "echo broken >&2; exit 1", "could not tell: app-1: broken"),
    ("diff.app-1", "printf 'Traceback (most\\nx\\nNo module named y' >&2; exit 1", "app-1: No module"),
    ("diff.accounts", "echo 'MySQL does not answer' >&2; exit 1", "could not tell: server: MySQL does not answer"),
    ("diff.client-1", "echo \"python3: can't open file 'x'\" >&2; exit 2", "client-1: the host agent in /usr"),
    ("refresh.json", '{"diagnostics": [{"severity": "error", "message": "no credentials"}]}',
     "`pulumi refresh --preview-only` failed: no credentials"),
    ("state.json", json.dumps(state(*RESOURCES[:10], first_contact("client-1"))),
     "client-1 is not set up yet: run"),
    ("state.json", json.dumps(state(*RESOURCES[:10], first_contact("client-1"))),
     "databases and users are not made yet"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "content", "said"), UNKNOWN)
def test_what_cannot_be_told_is_said_beside_the_rest_with_1(
    bench: Bench, capfd: pytest.CaptureFixture[str], file: str, content: str, said: str
) -> None:
    bench.put("diff.server", f"echo '{json.dumps([ROW])}'")
    bench.put(file, content)
    assert bench.scripts("drift") == 1
    out = capfd.readouterr().out
    assert said in out and "max_connections" in out and CANARY not in out


def test_a_stack_of_an_older_program_is_told_to_be_brought_up(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    older = [{**it, "inputs": {**it["inputs"], "triggers": ["i-0123", "digest"]}} for it in COMMANDS]
    bench.put("state.json", state(host("server"), *older))
    assert bench.scripts("drift") == 1
    assert "server is not set up yet: run `pulumi up`" in capfd.readouterr().out
    assert (bench.scripts("repair", "--yes"), bench.asked("up")) == (1, [])
    assert "run `pulumi up --stack here`" in capfd.readouterr().err


# a resource of the state; host and verb of the command that it is
TRIGGERS: list[tuple[dict[str, Any], tuple[str, str] | None]] = [
    (command("any-name", "converge", "{}"), ("any-name", "converge")),
    (command("server", "accounts apply", secret("{}")), ("server", "accounts apply")),
    (command("server", "certify", None, {}), ("server", "certify")),
    (first_contact("server"), ("server", "")),
    ({**first_contact("server"), "parent": URN + "mysql-pair:index:Other::server"}, None),
    (command("server", "converge", "{}", delete=True), None),
    ({**command("server", "converge", "{}"), "type": "command:local:Command"}, None),
    ({**command("server", "converge", "{}"), "inputs": {"triggers": []}}, None),
    ({**command("server", "converge", "{}"), "inputs": {"triggers": [secret("i-0123")]}}, None),
    ({"urn": URN, "type": "command:remote:Command", "inputs": None, "outputs": None}, None),
]


@pytest.mark.parametrize(("resource", "expected"), TRIGGERS)
def test_a_command_is_known_by_its_first_trigger(resource: dict[str, Any], expected: tuple[str, str] | None) -> None:
    command = Command.of(resource)
    assert (command and (command.host, command.verb)) == expected


def test_a_command_of_another_host_is_not_taken_for_this_one_s() -> None:
    commands = State(Stack("here"), COMMANDS)
    certify = commands.find("certify")
    assert certify and (certify.host, json.loads(certify.stdout)) == ("server", {"ca_certificate": CA})
    assert commands.find("certify", "client-1") is None and commands.diff_spec("client-2") is None


def test_without_a_state_nothing_can_be_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    (bench.folder / "state.json").unlink()
    assert bench.scripts("drift") == 1
    assert "state.json" in capfd.readouterr().err


def test_repair_runs_the_commands_of_hosts_and_mysql_again_tries_the_logins_and_then_looks(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("diff.server", f"echo '{json.dumps([ROW])}'")
    bench.put("up", 'echo "echo \'[]\'" >"$BENCH/diff.server"\n')
    assert bench.scripts("repair", "--yes") == 0
    (call,) = bench.asked("up")
    argv = call["argv"]
    assert argv[:2] == ["up", "--refresh"] and "--yes" in argv
    replaced = [argv[place + 1].split("::")[-1] for place, word in enumerate(argv) if word == "--replace"]
    assert replaced == [
        "server-install", "server-converge", "server-certify", "server-accounts-apply", "server-backup-set-up",
        "client-1-converge", "app-1-install", "app-1-converge", "client-1-check-logins",
    ]  # fmt: skip
    assert capfd.readouterr().out == "no drift detected\n"


def test_repair_asks_unless_it_is_told_not_to(bench: Bench) -> None:
    assert bench.scripts("repair") == 0
    assert "--yes" not in bench.asked("up")[0]["argv"]


def test_what_repair_did_not_put_right_is_shown(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("diff.server", f"echo '{json.dumps([ROW])}'")
    assert bench.scripts("repair", "--yes") == 2
    assert "max_connections" in capfd.readouterr().out


def test_an_up_that_fails_ends_repair_with_1(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("up", "exit 255\n")
    assert bench.scripts("repair", "--yes") == 1
    assert ("failed with exit code 255" in capfd.readouterr().err, bench.asked("refresh")) == (True, [])


def test_a_stack_without_hosts_has_nothing_to_repair(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", {"deployment": {}})
    assert bench.scripts("repair", "--yes") == 1
    assert "has no hosts that can be repaired" in capfd.readouterr().err
