"""files.py and undo.py: which files are written, removed or put back, and which commands run."""

from __future__ import annotations

from pathlib import Path

import pytest

import files
import host
import undo
from files import File
from tests.unit.host.bench import Bench

RELOAD = ["reload", "ssh"]


@pytest.fixture(autouse=True)
def stage(bench: Bench, memory: Path) -> Bench:  # noqa: ARG001  # the memory is used
    """A host where `reload` works."""
    bench.stand_in("reload")
    return bench


def file(path: Path, content: str, permissions: str = "0644", on_change: list[str] | None = None) -> File:
    """Return a row of a document."""
    return {"path": str(path), "content": content, "permissions": permissions, "on_change": on_change}


def test_a_file_is_written_with_its_mode_and_then_left_alone(tmp_path: Path, stage: Bench) -> None:
    wanted = [
        file(tmp_path / "etc" / "a", "one\n", "0640", RELOAD),
        file(tmp_path / "etc" / "b", "two", "0600", RELOAD),
    ]
    files.converge(wanted)
    path = tmp_path / "etc" / "a"
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one\n", 0o640)
    assert stage.calls() == ["reload ssh"]
    before = path.stat().st_ino
    files.converge(wanted)
    assert (path.stat().st_ino, stage.calls()) == (before, [])


@pytest.mark.parametrize(("content", "permissions"), [("other", "0644"), ("one", "0600")])
def test_content_or_mode_alone_is_a_change(tmp_path: Path, stage: Bench, content: str, permissions: str) -> None:
    files.converge([file(tmp_path / "a", "one", "0644", RELOAD)])
    stage.calls()
    files.converge([file(tmp_path / "a", content, permissions, RELOAD)])
    assert stage.calls() == ["reload ssh"]


def test_what_an_earlier_document_listed_is_removed_and_its_command_runs(tmp_path: Path, stage: Bench) -> None:
    own = tmp_path / "own"
    own.write_text("not listed by anybody")
    files.converge([file(tmp_path / "a", "one", on_change=RELOAD)])
    stage.calls()
    files.converge([])
    assert not (tmp_path / "a").exists() and own.exists()
    assert stage.calls() == ["reload ssh"]
    files.converge([])
    assert stage.calls() == []


def test_a_refused_file_is_put_back_and_the_others_stay(tmp_path: Path, stage: Bench) -> None:
    files.converge([file(tmp_path / "a", "good", on_change=RELOAD)])
    stage.stand_in("reload", f'grep -q bad {tmp_path}/a || exit 0; echo "line 1: bad option" >&2; exit 1')
    wanted = [file(tmp_path / "a", "bad", on_change=RELOAD), file(tmp_path / "b", "two")]
    wanted.append(file(tmp_path / "new", "three", on_change=RELOAD))
    with pytest.raises(host.HostError, match=r"put back as before: .*line 1: bad option"):
        files.converge(wanted)
    assert (tmp_path / "a").read_text() == "good" and (tmp_path / "b").read_text() == "two"
    assert not (tmp_path / "new").exists()
    files.converge([])
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()


def test_the_distribution_s_own_file_outlives_a_refusal(tmp_path: Path, stage: Bench) -> None:
    path = tmp_path / "a"
    path.write_text("the distribution's")
    stage.stand_in("reload", "exit 1")
    with pytest.raises(host.HostError):
        files.converge([file(path, "bad", on_change=RELOAD)])
    files.converge([])
    assert path.read_text() == "the distribution's"


def test_a_run_cut_off_before_its_command_runs_it_the_next_time(
    tmp_path: Path, stage: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [file(tmp_path / "a", "new", on_change=RELOAD)]
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(files, "_run_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        files.converge(wanted)
    assert stage.calls() == []
    files.converge(wanted)
    assert (stage.calls(), (tmp_path / "a").read_text()) == (["reload ssh"], "new")
    files.converge(wanted)
    assert stage.calls() == []


def test_a_run_cut_off_leaves_nothing_to_an_older_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_text("the distribution's")
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(files, "_run_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        files.converge([file(path, "new")])
    files.converge([])
    assert path.read_text() == "the distribution's"


def test_what_is_put_back_has_its_mode_and_bytes_again(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xff\x00 not text")
    path.chmod(0o600)
    undo.begin("test", [path, tmp_path / "none"])
    path.write_text("other")
    (tmp_path / "none").write_text("new")
    undo.put_back("test")
    assert path.read_bytes() == b"\xff\x00 not text" and path.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "none").exists()


def test_authorized_keys_without_a_key_would_lock_everybody_out(stage: Bench) -> None:
    stage.stand_in("ssh-keygen", "exit 255")
    with pytest.raises(host.HostError, match="no public key"):
        files.authorize("# nothing\n")
