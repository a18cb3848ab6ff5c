"""ssh to a lab's hosts as `scripts ssh` does it, with what that verb reads of the stack read once for each `up`."""

from __future__ import annotations

import atexit
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from lab.engine.environment import project_name
from lab.settings import Lab
from lab.testing.ssh_agent import agent
from scripts.ssh import KNOWN_HOSTS, Access, Ssh
from scripts.stack import Stack
from scripts.state import State

_lock = threading.Lock()
_ways: dict[str, tuple[object, Ssh, ExitStack]] = {}
"""By the lab's name: what the way was made from, the way, and what it takes to be closed."""


def state_file(lab: Lab) -> Path:
    """Return the file that has the state of a lab's stack."""
    return lab.backend / f".pulumi/stacks/{project_name(lab)}/{lab.name}.json"


def version(lab: Lab) -> object:
    """Return what changes whenever the state of a lab's stack, its config or its operator's key does."""
    return [file.stat().st_mtime_ns for file in (state_file(lab), lab.stack_config, lab.operator_key)]


def way(lab: Lab) -> Ssh:
    """Return the way to a lab's hosts, with the key of the lab's operator."""
    now = version(lab)
    with _lock:
        if lab.name in _ways:
            made_from, ssh, held = _ways[lab.name]
            if made_from == now:
                return ssh
            held.close()
        with ExitStack() as opened:
            ssh = _open(lab, opened)
            _ways[lab.name] = now, ssh, opened.pop_all()
        return ssh


def _open(lab: Lab, held: ExitStack) -> Ssh:
    config = yaml.safe_load(lab.stack_config.read_text())["config"]
    access = Access(State.of(Stack(lab.name)), config.get(f"{project_name(lab)}:sshEndpoints") or {})
    folder = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="way-")))
    lines = [f"{name} {host.host_key}\n" for name, host in access.state.hosts.items()]
    (folder / KNOWN_HOSTS).write_text("".join(lines))
    return Ssh(access, held.enter_context(agent(folder, lab.operator_key)), folder)


@atexit.register
def _close() -> None:
    for _, _, held in _ways.values():
        held.close()
