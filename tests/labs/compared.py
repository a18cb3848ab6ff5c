"""Hosts of two labs, compared."""

from __future__ import annotations

import hashlib
import inspect
import json
from typing import Any

from scripts.host.constants import LOGIN_USER
from tests.lab import host_state
from tests.lab.pair import Pair

KEYS = f"/home/{LOGIN_USER}/.ssh/authorized_keys"


def state(pair: Pair, host: str) -> dict[str, Any]:
    """Return what host_state.py says of a host, the lab's own addresses made alike."""
    done = pair.ssh(host, "sudo python3 -", stdin=inspect.getsource(host_state))
    assert done.returncode == 0, done.stderr
    network = ".".join(pair.outputs()["server_private_ip"].split(".")[:2])
    told: dict[str, Any] = json.loads(done.stdout.replace(f"{network}.", "10.0."))
    own_key = (pair.lab.folder / "operator-key.pub").read_text()
    own = hashlib.sha256(own_key.encode()).hexdigest()
    *_, digest = told["files"][KEYS]
    told["files"][KEYS][-1] = "the lab's own operator" if digest == own else "somebody else"
    return told


def differences(one: Any, other: Any, at: str = "") -> dict[str, tuple[Any, Any]]:
    """Return where two states differ, by the path to each value."""
    if isinstance(one, dict) and isinstance(other, dict):
        rows: dict[str, tuple[Any, Any]] = {}
        for key in sorted(one.keys() | other.keys()):
            rows |= differences(one.get(key), other.get(key), f"{at}/{key}")
        return rows
    return {} if one == other else {at: (one, other)}
