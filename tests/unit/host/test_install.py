"""install.py: a set of files comes whole, `current` leads to it, and another set goes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import install


def test_a_set_is_there_whole_and_current_leads_to_it(tmp_path: Path) -> None:
    install.main(tmp_path / "one", {"a.py": "print(1)\n", "b.sh": "true\n"})
    assert (tmp_path / "current" / "a.py").read_text() == "print(1)\n"
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "one").iterdir()} == {
        "a.py": 0o755,
        "b.sh": 0o755,
    }


def test_another_set_takes_its_place_and_a_file_beside_it_stays(tmp_path: Path) -> None:
    install.main(tmp_path / "one", {"a.py": "1"})
    (tmp_path / "older-tool.py").touch()
    install.main(tmp_path / "two", {"a.py": "2"})
    assert (tmp_path / "current" / "a.py").read_text() == "2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "older-tool.py", "two"]


def test_a_run_that_was_cut_off_is_finished_by_the_next(tmp_path: Path) -> None:
    partial = tmp_path / "one.partial"
    partial.mkdir()
    (partial / "half.py").touch()
    (tmp_path / "current.partial").symlink_to("nowhere")
    for _ in range(2):
        install.main(tmp_path / "one", {"a.py": "1"})
    assert [path.name for path in (tmp_path / "current").iterdir()] == ["a.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "one"]


@pytest.mark.parametrize("change", ["rm a.py", "echo changed >a.py", "rm a.py; mkdir a.py"])
def test_a_set_that_somebody_changed_is_put_right(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "lib" / "1"
    install.main(folder, {"a.py": "one", "b.sh": "two"})
    subprocess.run(["sh", "-c", change], cwd=folder, check=True)
    install.main(folder, {"a.py": "one", "b.sh": "two"})
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a.py": "one", "b.sh": "two"}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["1", "current"]
    assert (folder.parent / "current").resolve() == folder


def test_a_set_that_is_there_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "1"
    install.main(folder, {"a.py": "one"})
    before = (folder / "a.py").stat().st_ino
    install.main(folder, {"a.py": "one"})
    assert (folder / "a.py").stat().st_ino == before
