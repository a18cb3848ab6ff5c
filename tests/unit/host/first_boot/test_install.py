"""first_boot/install.py: an agent comes whole and while no command runs, `current` leads to it, an older one goes."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from components.host.agent import packed
from scripts.host import constants
from scripts.host.first_boot import install

FILES = {"__main__.py": "print(1)\n", "scripts/host/common/lock.py": "ours\n"}


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The lock of a host on which nothing was installed yet."""
    path = tmp_path / "state" / "lock"
    monkeypatch.setattr(install, "LOCK", path)
    return path


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    """The folder of agents."""
    return tmp_path / "lib"


def contents(folder: Path) -> dict[str, str]:
    """Return the texts of a folder's files by path."""
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_agent_is_there_whole_for_everyone_to_read_and_current_leads_to_it(agents: Path) -> None:
    install.main(agents / "one", FILES)
    assert contents(agents / "current") == FILES
    paths = [agents / "one", *(agents / "one").rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o755, 0o644}


def test_it_needs_nothing_that_is_on_the_host(agents: Path, lock: Path) -> None:
    script = Path(install.__file__).read_text().replace(str(constants.STATE_DIR), str(lock.parent))
    argv = [sys.executable, "-I", "-c", script, str(agents / "one")]
    done = subprocess.run(argv, input=packed(FILES), capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert contents(agents / "current") == FILES


def test_it_takes_the_lock_of_the_agent() -> None:
    assert f'LOCK = Path("{constants.STATE_DIR}/lock")' in Path(install.__file__).read_text()


def test_it_waits_for_a_command_that_runs_and_says_so(
    agents: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.main(agents / "one", FILES)
    monkeypatch.setattr(install, "LOCK_SECONDS", 0)
    with lock.open("w") as held, pytest.raises(SystemExit, match="another command on this host did not end"):
        fcntl.flock(held, fcntl.LOCK_EX)
        install.main(agents / "two", FILES)
    assert names(agents) == ["current", "one"]


def test_the_former_agent_stays_for_who_may_be_importing_it_and_older_ones_go(agents: Path) -> None:
    install.main(agents / "one", FILES)
    (agents / "older-tool.py").touch()
    install.main(agents / "two", {"__main__.py": "print(2)\n"})
    assert names(agents) == ["current", "older-tool.py", "one", "two"]
    assert contents(agents / "current") == {"__main__.py": "print(2)\n"} and contents(agents / "one") == FILES
    install.main(agents / "two", {"__main__.py": "print(2)\n"})
    assert names(agents) == ["current", "older-tool.py", "one", "two"]
    install.main(agents / "three", FILES)
    assert names(agents) == ["current", "older-tool.py", "three", "two"]


def test_an_agent_of_the_former_form_goes_in_time(agents: Path) -> None:
    old = agents / "3763772a8a41"
    old.mkdir(parents=True)
    (old / "converge.py").touch()
    (agents / "current").symlink_to(old.name)
    install.main(agents / "one", FILES)
    assert names(agents) == [old.name, "current", "one"]
    assert (agents / "current").resolve() == agents / "one"
    install.main(agents / "two", FILES)
    assert names(agents) == ["current", "one", "two"]


def test_a_run_that_was_cut_off_is_finished_by_the_next(agents: Path) -> None:
    partial = agents / "one.partial"
    partial.mkdir(parents=True)
    (partial / "half.py").touch()
    (agents / "current.partial").symlink_to("nowhere")
    for _ in range(2):
        install.main(agents / "one", FILES)
    assert contents(agents / "current") == FILES
    assert names(agents) == ["current", "one"]


@pytest.mark.parametrize(
    "change",
    ["rm __main__.py", "echo changed >__main__.py", "rm __main__.py; mkdir __main__.py", "rm -r scripts/host"],
)
def test_an_agent_that_somebody_changed_is_put_right(agents: Path, change: str) -> None:
    install.main(agents / "one", FILES)
    subprocess.run(["sh", "-c", change], cwd=agents / "one", check=True)
    install.main(agents / "one", FILES)
    assert contents(agents / "one") == FILES and names(agents) == ["current", "one"]


def test_an_agent_that_is_there_is_left_alone(agents: Path) -> None:
    install.main(agents / "one", FILES)
    before = (agents / "one" / "__main__.py").stat().st_ino
    install.main(agents / "one", FILES)
    assert (agents / "one" / "__main__.py").stat().st_ino == before
