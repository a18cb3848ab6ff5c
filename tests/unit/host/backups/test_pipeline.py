"""backups/pipeline.py, with real programs: whatever fails, nothing after it is completed, and the reason is told."""

from __future__ import annotations

import time
from pathlib import Path
from typing import IO, cast

import pytest

from scripts.host.backups.pipeline import Pipeline
from scripts.host.common.errors import HostError


def finished(source: str, sink: str) -> None:
    """Run two shell lines, the first one's output into the second one."""
    with Pipeline() as pipeline:
        first = pipeline.start(["sh", "-c", source])
        pipeline.start(["sh", "-c", sink], stdin=first.stdout, end=True)
        pipeline.finish()


def test_a_pipeline_passes_all_on(tmp_path: Path) -> None:
    finished("printf 'a\\nb\\n'", f"cat >{tmp_path}/file")
    assert (tmp_path / "file").read_text() == "a\nb\n"


@pytest.mark.parametrize(
    ("source", "sink", "words"),
    [
        ("echo no such table >&2; exit 2", "cat", "failed (2): no such table"),
        ("yes", "echo disk full >&2; exit 1", "failed (1): disk full"),
        ("kill -9 $$", "cat", "failed (-9)"),
    ],
)
def test_the_program_that_failed_is_told(source: str, sink: str, words: str) -> None:
    with pytest.raises(HostError) as error:
        finished(source, sink)
    assert words in str(error.value)
    assert str(error.value).count("failed") == 1


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(HostError, match="there is no no-such-program on this host"), Pipeline() as pipeline:
        pipeline.start(["no-such-program"])


def test_an_error_of_ours_kills_what_would_otherwise_complete(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ours"), Pipeline() as pipeline:
        upload = pipeline.start(["sh", "-c", f"cat >/dev/null; touch {tmp_path}/complete"], end=True)
        cast("IO[bytes]", upload.stdin).write(b"half")
        raise ValueError("ours")
    time.sleep(0.2)
    assert not (tmp_path / "complete").exists()


def test_what_cannot_be_written_to_says_why_it_ended() -> None:
    with pytest.raises(HostError, match="the key is wrong"), Pipeline() as pipeline:
        sink = pipeline.start(["sh", "-c", "echo the key is wrong >&2; exit 3"], end=True)
        while True:
            cast("IO[bytes]", sink.stdin).write(b"x" * 100_000)
