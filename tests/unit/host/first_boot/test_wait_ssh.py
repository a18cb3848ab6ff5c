"""wait_ssh.sh: when another host's sshd is taken to be up."""

from __future__ import annotations

from pathlib import Path

from tests.unit.host.stand_ins import Bench


def greeting_after(bench: Bench, turns: Path, tries: int) -> None:
    """Have an sshd greet the try with that number, and take no time to sleep."""
    bench.stand_in("sleep")
    bench.stand_in("timeout", f"echo >>{turns}; [ $(wc -l <{turns}) -lt {tries} ] && exit 1; echo SSH-; exit 0")


def waited(bench: Bench) -> list[str]:
    """Return how long the script slept, in seconds, each time."""
    done = bench.run("wait_ssh.sh", "--type=t3.small", "420", stdin="10.0.0.5\n")
    assert done.returncode == 0, done.stderr
    return [call.removeprefix("sleep ") for call in bench.calls() if call.startswith("sleep")]


def test_one_that_greets_at_once_has_been_up_for_a_while(bench: Bench, tmp_path: Path) -> None:
    greeting_after(bench, tmp_path / "turns", 1)
    assert waited(bench) == []


def test_one_that_has_just_come_up_is_given_a_second(bench: Bench, tmp_path: Path) -> None:
    greeting_after(bench, tmp_path / "turns", 3)
    assert waited(bench) == ["0.2", "0.2", "1"]
