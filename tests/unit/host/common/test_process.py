"""common/process.py: programs that fail, are not there, or do not end."""

from __future__ import annotations

import pytest

from scripts.host.common import process
from scripts.host.common.errors import HostError, TooSlowError
from tests.unit.host.stand_ins import Bench


def test_a_failing_program_is_told_with_its_last_words(bench: Bench) -> None:
    bench.stand_in("tool", "echo first >&2; echo reason >&2; exit 3")
    with pytest.raises(HostError, match=r"^`tool a` failed \(3\): first\nreason$"):
        process.must(["tool", "a"])


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(HostError, match="there is no no-such-program on this host"):
        process.run(["no-such-program"])


def test_a_program_that_does_not_end_is_ended() -> None:
    with pytest.raises(TooSlowError, match=r"`sleep 9` did not end within 0\.1 seconds"):
        process.run(["sleep", "9"], seconds=0.1)


def test_what_is_no_utf_8_is_read_all_the_same(bench: Bench) -> None:
    bench.stand_in("tool", "cat; printf '\\377'")
    assert process.run(["tool"], stdin="é").stdout == "é\ufffd"


def test_programs_speak_english(bench: Bench) -> None:
    bench.stand_in("tool", "echo $LC_ALL $MORE")
    assert process.run(["tool"], environment={"MORE": "x"}).stdout == "C x\n"
