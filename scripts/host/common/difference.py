"""A difference between the desired state and what there is, as every room reports it and the operator reads it."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """Where something is not as the spec says; never a secret."""

    kind: str
    """What kind of thing: file, package, setting, user, …"""
    name: str
    """Which one."""
    what: str
    """What of it."""
    expected: str
    found: str


def digest(content: bytes) -> str:
    """Return what stands for a file's content where that is not to be shown."""
    return f"sha256 {hashlib.sha256(content).hexdigest()[:16]}"
