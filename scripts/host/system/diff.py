"""Verb `diff` of a host without a server: where it is not as the spec says, as a JSON list; nothing is changed.

What is compared, and how, is in the modules that put it right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.host.common import difference, stdin
from scripts.host.common.difference import Difference
from scripts.host.system import authorized_keys, files, packages
from scripts.host.system.spec import DiffSpec

AGENT = Path(__file__).resolve().parents[3]
"""The folder of the agent that runs."""


def differences(spec: DiffSpec) -> list[Difference]:
    """Return all there are on any kind of host.

    Raises:
        HostError: something could not be read.
    """
    rows = agent_differences(spec.agent)
    rows += packages.differences(spec.host.packages)
    rows += files.differences(spec.host.files)
    if spec.host.authorized_keys is not None:
        rows += authorized_keys.differences(spec.host.authorized_keys)
    return rows


def agent_differences(texts: Mapping[str, str]) -> list[Difference]:
    """Return which of the agent's own files are not as they were installed."""
    rows = []
    for name, text in texts.items():
        path = AGENT / name
        found = difference.digest(path.read_bytes()) if path.is_file() else "missing"
        if found != (expected := difference.digest(text.encode())):
            rows.append(Difference("file", str(path), "content", expected, found))
    return rows


def main(_words: Sequence[str]) -> int:
    """Compare this host with the spec on standard input; return the exit code."""
    return stdin.answer(DiffSpec, differences)
