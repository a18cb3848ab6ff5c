"""`drift` and `mend`: what is compared with what, what is told, and the exit code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scripts.cloud_differences import found
from tests.unit.scripts.bench import CANARY, Bench
from tests.unit.scripts.bench import bench as bench

SIGNED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
URN = "urn:pulumi:here::mysql-pair::mysql-pair:index:Some$"
ROW = {"kind": "setting", "name": "max_connections", "what": "value", "expected": "200", "found": "77"}


def secret(text: str) -> dict[str, str]:
    """Return a secret as `pulumi stack export --show-secrets` has it."""
    return {**SIGNED, "plaintext": json.dumps(text)}


def command(name: str, stdin: object, stdout: object = "", **more: object) -> dict[str, Any]:
    """Return a command of the state."""
    urn = f"{URN}command:remote:Command::{name}"
    outputs = {"stdout": secret(json.dumps(stdout))}
    return {"urn": urn, "type": "command:remote:Command", "inputs": {"stdin": stdin}, "outputs": outputs, **more}


ACCOUNTS = json.dumps({"users": [{"password": CANARY}]})
COMMANDS = [
    command("server-tools", json.dumps({"host.py": "text"})),
    command("server-converged", json.dumps({"packages": ["former"]}), delete=True),
    command("server-converged", json.dumps({"packages": ["mysql-server"]})),
    command("server-certificate", json.dumps({"addresses": ["10.20.0.10"], "names": []}), {"ca_certificate": "PEM"}),
    command("accounts-applied", secret(ACCOUNTS)),
    command("client-1-converged", json.dumps({"packages": ["mysql-client"]})),
    command("app-1-tools", json.dumps({})),
    command("app-1-converged", json.dumps({"packages": []})),
    command("client-1-logins", secret("[client]")),
]
RESOURCE = {"custom": True, "type": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}


def step(op: str, name: str = "firewall-rule", **states: Any) -> dict[str, Any]:
    """Return a step of a refresh."""
    return {"op": op, "urn": f"{URN}::{name}", **{state: {**RESOURCE, **value} for state, value in states.items()}}


NO_CHANGE = [step("refresh", oldState={"inputs": {"port": 1}}, newState={"inputs": {"port": 1}})]


@pytest.fixture(autouse=True)
def stack(bench: Bench) -> None:
    """A stack of three hosts that are as they should be."""
    bench.put("state.json", {"deployment": {"resources": COMMANDS}})
    bench.put("refresh.json", {"steps": NO_CHANGE})
    for name in ("server", "client-1", "app-1", "accounts"):
        bench.put(f"found.{name}", "echo '[]'\n")


def test_every_host_is_asked_with_what_its_commands_were_given(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    assert bench.scripts("drift") == 0
    assert capfd.readouterr().out == "what is live is as the stack says\n"
    wanted = {path.suffix: json.loads(path.read_text()) for path in bench.folder.glob("wanted.*")}
    assert wanted == {
        ".server": {
            "converged": {"packages": ["mysql-server"]},
            "certificate": {"identity": {"addresses": ["10.20.0.10"], "names": []}, "authority": "PEM"},
            "tools": {"host.py": "text"},
        },
        ".client-1": {"converged": {"packages": ["mysql-client"]}, "certificate": None, "tools": {}},
        ".app-1": {"converged": {"packages": []}, "certificate": None, "tools": {}},
        ".accounts": json.loads(ACCOUNTS),
    }
    assert [call["argv"][:2] for call in bench.asked("refresh")] == [["refresh", "--preview-only"]]
    assert bench.asked("up") == [] and CANARY not in bench.everything_shown()


def test_differences_are_a_table_and_the_exit_code_2(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("found.server", f"echo '{json.dumps([ROW])}'")
    bench.put("refresh.json", {"steps": [step("delete", oldState={"inputs": {}})]})
    assert bench.scripts("drift") == 2
    lines = [line.split() for line in capfd.readouterr().out.splitlines()]
    assert lines == [
        ["WHERE", "KIND", "NAME", "WHAT", "EXPECTED", "FOUND"],
        ["cloud", "SecurityGroupIngressRule", "firewall-rule", "resource", "there", "gone"],
        ["server", "setting", "max_connections", "value", "200", "77"],
    ]


def test_as_json_nothing_is_shortened(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("found.accounts", f"echo '{json.dumps([{**ROW, 'found': 'x' * 200}])}'")
    assert bench.scripts("drift", "--json") == 2
    assert json.loads(capfd.readouterr().out) == {
        "differences": [{"where": "server", **ROW, "found": "x" * 200}],
        "unknown": [],
    }
    assert bench.scripts("drift") == 2
    assert "x" * 61 not in capfd.readouterr().out


# file of a stand-in, its content, what is said
UNKNOWN = [
    ("down.client-1", "", "could not tell: client-1 cannot be reached by ssh: ssh: connect to host"),
    ("found.app-1", "echo broken >&2; exit 1", "could not tell: app-1: broken"),
    ("found.app-1", "printf 'Traceback (most\\nx\\nNo module named y' >&2; exit 1", "app-1: No module"),
    ("found.accounts", "echo 'MySQL does not answer' >&2; exit 1", "could not tell: server: MySQL does not answer"),
    ("found.client-1", "echo \"python3: can't open file 'x'\" >&2; exit 2", "client-1 has no /usr/local/lib/mysql"),
    ("refresh.json", '{"steps": null, "diagnostics": [{"severity": "error", "message": "no credentials"}]}',
     "`pulumi refresh --preview-only` failed: no credentials"),
    ("state.json", json.dumps({"deployment": {"resources": COMMANDS[:4]}}), "client-1 was never set up to its end"),
    ("state.json", json.dumps({"deployment": {"resources": COMMANDS[:4]}}), "databases and users were never made"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "content", "said"), UNKNOWN)
def test_what_cannot_be_told_is_said_beside_the_rest_with_1(
    bench: Bench, capfd: pytest.CaptureFixture[str], file: str, content: str, said: str
) -> None:
    bench.put("found.server", f"echo '{json.dumps([ROW])}'")
    bench.put(file, content)
    assert bench.scripts("drift") == 1
    out = capfd.readouterr().out
    assert said in out and "max_connections" in out and CANARY not in out


@pytest.mark.parametrize("file", ["state.json", "outputs.json"])
def test_without_a_state_nothing_can_be_told(bench: Bench, capfd: pytest.CaptureFixture[str], file: str) -> None:
    (bench.folder / file).unlink()
    assert bench.scripts("drift") == 1
    assert file in capfd.readouterr().err


# steps of a refresh; kind is always the same: what, expected, found
STEPS: list[tuple[dict[str, Any], list[tuple[str, str, str]]]] = [
    (step("refresh", oldState={"inputs": {"a": 1}}, newState={"inputs": {"a": 1}}), []),
    (step("delete", oldState={"inputs": {"a": 1}}), [("resource", "there", "gone")]),
    (step("update", oldState={"inputs": {"tags": {"A": "1"}}}, newState={"inputs": {"tags": {"A": "2", "B": "3"}}}),
     [("tags.A", "1", "2"), ("tags.B", "not set", "3")]),
    (step("update", oldState={"inputs": {"a": [1, 2]}}, newState={"inputs": {}}), [("a", "[1, 2]", "not set")]),
    (step("update", oldState={"inputs": {"a": 1}, "outputs": {"b": 1}},
          newState={"inputs": {"a": 1}, "outputs": {"b": 2}}), []),
    (step("update", oldState={"inputs": {"__defaults": []}}, newState={"inputs": {"__defaults": ["name"]}}), []),
    (step("delete", oldState={"custom": False, "inputs": {}}), []),
    (step("delete", oldState={"external": True, "inputs": {}}), []),
    (step("refresh"), []),
]  # fmt: skip


@pytest.mark.parametrize(("given", "rows"), STEPS)
def test_of_the_cloud_counts_what_the_program_asked_for(
    given: dict[str, Any], rows: list[tuple[str, str, str]]
) -> None:
    told = found([given])
    assert [(row["what"], row["expected"], row["found"]) for row in told] == rows
    assert all((row["where"], row["kind"]) == ("cloud", "SecurityGroupIngressRule") for row in told)


def test_mend_runs_the_commands_of_hosts_and_mysql_again_tries_the_logins_and_then_looks(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.put("found.server", f"echo '{json.dumps([ROW])}'")
    bench.put("up", 'echo "echo \'[]\'" >"$BENCH/found.server"\n')
    assert bench.scripts("mend", "--yes") == 0
    (call,) = bench.asked("up")
    argv = call["argv"]
    assert argv[:2] == ["up", "--refresh"] and "--yes" in argv
    replaced = [argv[place + 1].split("::")[-1] for place, word in enumerate(argv) if word == "--replace"]
    assert replaced == [
        "server-tools", "server-converged", "app-1-tools", "app-1-converged", "client-1-converged",
        "server-certificate", "accounts-applied", "client-1-logins",
    ]  # fmt: skip
    assert capfd.readouterr().out == "what is live is as the stack says\n"


def test_mend_asks_unless_it_is_told_not_to(bench: Bench) -> None:
    assert bench.scripts("mend") == 0
    assert "--yes" not in bench.asked("up")[0]["argv"]


def test_what_mend_did_not_put_right_is_shown(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("found.server", f"echo '{json.dumps([ROW])}'")
    assert bench.scripts("mend", "--yes") == 2
    assert "max_connections" in capfd.readouterr().out


def test_an_up_that_fails_ends_mend_with_1(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("up", "exit 255\n")
    assert bench.scripts("mend", "--yes") == 1
    assert ("did not end well (255)" in capfd.readouterr().err, bench.asked("refresh")) == (True, [])


def test_a_stack_without_hosts_has_nothing_to_mend(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", {"deployment": {}})
    assert bench.scripts("mend", "--yes") == 1
    assert "has no hosts yet" in capfd.readouterr().err
