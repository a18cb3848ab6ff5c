"""system/files.py, authorized_keys.py, common/undo.py: what is written, removed or put back, and which commands run."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from scripts.host.common import undo
from scripts.host.common.errors import HostError
from scripts.host.constants import LOGIN_USER
from scripts.host.system import authorized_keys, files
from scripts.host.system.spec import FileSpec
from tests.unit.host.stand_ins import Bench

RELOAD = ("reload", "ssh")


@pytest.fixture(autouse=True)
def stage(bench: Bench, state_folder: Path) -> Bench:  # noqa: ARG001  # it is used
    """A host where `reload` works."""
    bench.stand_in("reload")
    return bench


def file(path: Path, content: str, permissions: str = "0644", on_change: tuple[str, ...] = ()) -> FileSpec:
    """Return a file's spec."""
    return FileSpec(str(path), content, permissions, on_change)


def test_a_file_is_written_with_its_mode_and_then_left_alone(tmp_path: Path, stage: Bench) -> None:
    specs = [
        file(tmp_path / "etc" / "a", "one\n", "0640", RELOAD),
        file(tmp_path / "etc" / "b", "two", "0600", RELOAD),
    ]
    files.converge(specs)
    path = tmp_path / "etc" / "a"
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("one\n", 0o640)
    assert stage.calls() == ["reload ssh"]
    before = path.stat().st_ino
    files.converge(specs)
    assert (path.stat().st_ino, stage.calls()) == (before, [])


@pytest.mark.parametrize(("content", "permissions"), [("other", "0644"), ("one", "0600")])
def test_content_or_mode_alone_is_a_change(tmp_path: Path, stage: Bench, content: str, permissions: str) -> None:
    files.converge([file(tmp_path / "a", "one", "0644", RELOAD)])
    stage.calls()
    files.converge([file(tmp_path / "a", content, permissions, RELOAD)])
    assert stage.calls() == ["reload ssh"]


def test_what_an_former_spec_listed_is_removed_and_its_command_runs(tmp_path: Path, stage: Bench) -> None:
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
    specs = [file(tmp_path / "a", "bad", on_change=RELOAD), file(tmp_path / "b", "two")]
    specs.append(file(tmp_path / "new", "three", on_change=RELOAD))
    with pytest.raises(HostError, match=r"put back as before: .*line 1: bad option"):
        files.converge(specs)
    assert (tmp_path / "a").read_text() == "good" and (tmp_path / "b").read_text() == "two"
    assert not (tmp_path / "new").exists()
    files.converge([])
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()


def test_the_distribution_s_own_file_outlives_a_refusal(tmp_path: Path, stage: Bench) -> None:
    path = tmp_path / "a"
    path.write_text("the distribution's")
    stage.stand_in("reload", "exit 1")
    with pytest.raises(HostError):
        files.converge([file(path, "bad", on_change=RELOAD)])
    files.converge([])
    assert path.read_text() == "the distribution's"


def test_a_run_cut_off_before_its_command_runs_it_the_next_time(
    tmp_path: Path, stage: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = [file(tmp_path / "a", "new", on_change=RELOAD)]
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(files, "_run_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        files.converge(specs)
    assert stage.calls() == []
    files.converge(specs)
    assert (stage.calls(), (tmp_path / "a").read_text()) == (["reload ssh"], "new")
    files.converge(specs)
    assert stage.calls() == []


def test_a_run_cut_off_leaves_nothing_to_an_older_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    with pytest.raises(HostError, match="no public key"):
        authorized_keys.converge("# nothing\n")


# what somebody does to the file, what is told of it: what, expected (or the beginning of it), found
CHANGES: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("true", []),
    ("echo three >a", [("content", "sha256 ", "sha256 ")]),
    ("chmod 600 a", [("permissions", "0644", "0600")]),
    ("echo three >a; chmod 4755 a", [("content", "sha256 ", "sha256 "), ("permissions", "0644", "4755")]),
    ("rm a", [("file", "present", "missing")]),
    ("mv a b; ln -s b a", [("file", "present", "a link")]),
    ("rm a; mkdir a", [("file", "present", "not a file")]),
]


@pytest.mark.parametrize(("done", "found"), CHANGES)
def test_a_file_that_somebody_changed_is_told_and_left(
    tmp_path: Path, done: str, found: list[tuple[str, str, str]]
) -> None:
    specs = [file(tmp_path / "a", "one")]
    files.converge(specs)
    subprocess.run(["sh", "-c", done], cwd=tmp_path, check=True)
    before = sorted(path.name for path in tmp_path.iterdir())
    rows = files.differences(specs)
    assert [(row.what, row.expected[: len(e)], row.found[: len(f)]) for row, (_, e, f) in zip(
        rows, found, strict=True
    )] == found  # fmt: skip
    assert all(row.name == str(tmp_path / "a") and row.expected != row.found for row in rows)
    assert "one" not in str(rows) and "three" not in str(rows)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, str, str]:
    """The login user's authorized_keys as converged, the key in it and another one."""
    texts = []
    for name in ("one", "two"):
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(tmp_path / name)]
        subprocess.run(argv, check=True)
        texts.append((tmp_path / f"{name}.pub").read_text())
    me = pwd.getpwuid(os.getuid())
    login = pwd.struct_passwd([LOGIN_USER, "x", me.pw_uid, me.pw_gid, "", str(tmp_path), "/bin/sh"])
    monkeypatch.setattr(pwd, "getpwnam", lambda _: login)
    authorized_keys.converge(texts[0])
    return tmp_path / ".ssh" / "authorized_keys", texts[0], texts[1]


def test_authorized_keys_as_converged_are_no_difference(keys: tuple[Path, str, str]) -> None:
    assert authorized_keys.differences(keys[1]) == []


def test_a_key_that_somebody_added_is_told_by_its_fingerprint(keys: tuple[Path, str, str]) -> None:
    path, ours, other = keys
    path.write_text(ours + other)
    (row,) = authorized_keys.differences(ours)
    assert row.expected.startswith("SHA256:") and row.found.startswith(row.expected + ", SHA256:")
    path.write_text("")
    assert authorized_keys.differences(ours)[0].found == "none"
    path.unlink()
    assert authorized_keys.differences(ours)[0].found == "missing"


def test_an_option_before_the_same_key_and_a_wider_mode_are_told_too(keys: tuple[Path, str, str]) -> None:
    path, ours, _ = keys
    path.write_text(f'command="true" {ours}')
    path.chmod(0o644)
    rows = authorized_keys.differences(ours)
    assert [(row.what, row.found) for row in rows] == [
        ("keys", "the same key, with other options or comments"),
        ("permissions", "0644"),
    ]
