"""Verbs `converge` and `diff` of a client host: what every host has, the authority for Java too, the proxy."""

from typing import Any

from scripts.host.client import proxy, trust_store
from scripts.host.common import stdin
from scripts.host.common.difference import Difference
from scripts.host.system import host as system
from scripts.host.system.spec import DiffSpec, HostSpec


def converge(spec: HostSpec) -> dict[str, Any]:
    """Make this host be as the spec says; there is nothing to tell of it."""
    system.converge(spec)
    trust_store.converge()
    proxy.converge(spec.files)
    return {}


def differences(spec: DiffSpec) -> list[Difference]:
    """Return where this host is not as the spec says; nothing is changed."""
    return [*system.differences(spec), *proxy.differences(spec.host.files)]


converge_verb = stdin.verb(HostSpec, converge)
diff_verb = stdin.verb(DiffSpec, differences)
