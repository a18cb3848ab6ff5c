"""Verb `converge` of a client host: what every host has, and the authority's certificate for Java too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scripts.host.client import trust_store
from scripts.host.common import stdin
from scripts.host.system import converge as system
from scripts.host.system.spec import HostSpec


def converge(spec: HostSpec) -> dict[str, Any]:
    """Make this host be as the spec says; there is nothing to tell of it.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    system.converge(spec)
    trust_store.converge()
    return {}


def main(_words: Sequence[str]) -> int:
    """Converge to the spec on standard input; return the exit code."""
    return stdin.answer(HostSpec, converge)
