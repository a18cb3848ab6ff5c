"""client/host.py and system/host.py: the order of the parts, what is printed, and what is said of a fault."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.host.client import host, trust_store
from scripts.host.common import codec
from scripts.host.system.spec import FileSpec, HostSpec
from tests.unit.host.stand_ins import Bench

NOTHING = HostSpec()


@pytest.fixture(autouse=True)
def stage(bench: Bench, state_folder: Path) -> Bench:  # noqa: ARG001  it is used
    """A host with nothing on it."""
    return bench


def given(text: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the verb with that on standard input; return the exit code."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return host.converge_verb([])


def test_a_client_prints_an_empty_object(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert given(codec.encode(NOTHING), monkeypatch) == 0
    assert json.loads(capsys.readouterr().out) == {}


def test_the_commands_of_every_boot_run_first_and_a_failing_one_is_told(
    stage: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.stand_in("boot-step", 'echo "no way" >&2; exit 3')
    spec = replace(NOTHING, boot_commands=(("boot-step", "one"),), files=(FileSpec(str(tmp_path / "a"), ""),))
    assert given(codec.encode(spec), monkeypatch) == 1
    assert "`boot-step one` failed (3): no way" in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_the_trust_store_follows_the_certificate_of_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trust_store, "CA_FILE", tmp_path / "ca.pem")
    monkeypatch.setattr(trust_store, "STORE", tmp_path / "ca.jks")
    spec = replace(NOTHING, files=(FileSpec(str(tmp_path / "ca.pem"), "no keys\n"),))
    assert given(codec.encode(spec), monkeypatch) == 0
    assert (tmp_path / "ca.jks").read_bytes() == trust_store.jks("")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "standard input is not JSON"),
        ("{}", "the spec has no field packages"),
        (json.dumps({**codec.as_data(NOTHING), "mysql": None}), "the spec's field mysql is unknown"),
        (codec.encode(replace(NOTHING, authorized_keys="x")), "no public key"),
    ],
)
def test_a_fault_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    assert given(text, monkeypatch) == 1
    printed = capsys.readouterr()
    assert words in printed.err and "Traceback" not in printed.err and printed.out == ""
