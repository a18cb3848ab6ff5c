"""host.py of mysql, client and system: a spec is compared with the host, and nothing of the host changes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts.host.client import host as client
from scripts.host.common import codec
from scripts.host.common.difference import Difference
from scripts.host.mysql import certificate, host, option_file, server, settings, timers
from scripts.host.mysql.spec import CertificateSpec, MySqlSpec, ServerDiffSpec, ServerSpec
from scripts.host.system import host as system
from scripts.host.system.spec import DiffSpec, FileSpec, HostSpec
from tests.unit.host.stand_ins import Bench


@pytest.fixture(autouse=True)
def stage(
    state_folder: Path,  # noqa: ARG001  it is used
    bench: Bench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A host without packages, whose server is down."""
    bench.stand_in("dpkg-query", "exit 1")
    bench.stand_in("systemctl", "echo failed; exit 3")
    monkeypatch.setattr(option_file, "PATH", tmp_path / "zz.cnf")
    monkeypatch.setattr(server, "is_up", lambda: False)


def run(monkeypatch: pytest.MonkeyPatch, verb: Callable[[Sequence[str]], int], text: str) -> int:
    """Run the verb on a text."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return verb([])


def test_a_host_as_described_has_no_differences_and_no_command_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = DiffSpec(HostSpec(boot_commands=(("false",),)), {})
    assert (run(monkeypatch, client.diff_verb, codec.encode(spec)), capsys.readouterr().out) == (0, "[]\n")


def test_all_parts_are_told_in_one_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    jq = HostSpec(("jq",), files=(FileSpec(str(tmp_path / "a"), "secret"),))
    spec = DiffSpec(jq, {"scripts/host/entry.py": "another", "scripts/host/nosuch.py": ""})
    assert run(monkeypatch, client.diff_verb, codec.encode(spec)) == 0
    rows = json.loads(capsys.readouterr().out)
    agent = system.AGENT / "scripts" / "host"
    assert [(row["kind"], row["name"], row["what"], row["found"][:7]) for row in rows] == [
        ("file", str(agent / "entry.py"), "content", "sha256 "),
        ("file", str(agent / "nosuch.py"), "content", "missing"),
        ("package", "jq", "package", "missing"),
        ("file", str(tmp_path / "a"), "file", "missing"),
    ]
    assert "secret" not in str(rows)


def test_a_server_that_is_down_is_a_difference_and_what_only_it_knows_is_left_out() -> None:
    spec = ServerDiffSpec(ServerSpec(mysql=MySqlSpec({"port": 3306})), {})
    assert [(row.kind, row.name, row.found) for row in host.differences(spec)] == [
        ("file", str(option_file.PATH), "missing"),
        ("service", "mysql", "failed"),
        ("unit", "logrotate.timer", "not enabled"),
        ("unit", "logrotate.timer", "failed"),
    ]


def test_a_server_that_refuses_a_query_hides_no_other_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[Difference]:
        raise server.Error(1114, "The table '/var/tmp/#sql35a_18_0' is full")

    monkeypatch.setattr(server, "is_up", lambda: True)
    monkeypatch.setattr(server, "Session", object)
    monkeypatch.setattr(settings, "differences", refuse)
    told = [(row.kind, row.name, row.found) for row in host.differences(ServerDiffSpec(ServerSpec(), {}))]
    assert told[:2] == [
        ("file", str(option_file.PATH), "missing"),
        ("service", "mysql", "ERROR 1114: The table '/var/tmp/#sql35a_18_0' is full"),
    ]


def test_the_certificate_is_compared_where_one_was_issued(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def differences(*args: object) -> list[Difference]:
        asked.append(args)
        return []

    monkeypatch.setattr(certificate, "differences", differences)
    monkeypatch.setattr(timers, "differences", lambda _: [])
    issued = CertificateSpec(("10.0.0.1",), ())
    host.differences(ServerDiffSpec(ServerSpec(), {}, issued, "PEM"))
    host.differences(ServerDiffSpec(ServerSpec(), {}))
    assert asked == [(None, issued, "PEM")]


def test_what_cannot_be_told_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> bool:
        raise server.Error(1698, "Access denied for user 'root'@'localhost'")

    monkeypatch.setattr(server, "is_up", refuse)
    assert run(monkeypatch, host.diff_verb, codec.encode(ServerDiffSpec(ServerSpec(), {}))) == 1
    assert "ERROR 1698: Access denied" in capsys.readouterr().err
    assert run(monkeypatch, host.diff_verb, "{") == 1
    assert "standard input is not JSON" in capsys.readouterr().err
