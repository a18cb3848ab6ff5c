"""Verb `converge` of a client host: what every host has, and the authority's certificate for Java too."""

from typing import Any

from scripts.host.client import trust_store
from scripts.host.common import stdin
from scripts.host.system import host as system
from scripts.host.system.spec import HostSpec


def converge(spec: HostSpec) -> dict[str, Any]:
    """Make this host be as the spec says; there is nothing to tell of it."""
    system.converge(spec)
    trust_store.converge()
    return {}


converge_verb = stdin.verb(HostSpec, converge)
