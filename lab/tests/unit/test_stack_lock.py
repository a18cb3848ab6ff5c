"""A stack that is in use, or that is protected, is left alone; one whose holder was killed is free."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from lab import stack
from lab.settings import Lab, LabError


def held_by(pid: int, folder: Path) -> tuple[Lab, Path]:
    """Return a lab whose stack that process has locked, and the lock."""
    lab = Lab("held", folder)
    lock = lab.backend / ".pulumi/locks/organization/mysql-pair/held/1.json"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"pid": pid, "hostname": socket.gethostname()}))
    return lab, lock


def test_a_killed_holder_that_nobody_has_waited_for_holds_nothing(tmp_path: Path) -> None:
    holder = subprocess.Popen(["sleep", "60"])
    lab, lock = held_by(holder.pid, tmp_path)
    holder.kill()
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still listed
    stack._free_stack(lab)
    assert not lock.exists()
    holder.wait()


def test_a_holder_that_runs_is_told(tmp_path: Path) -> None:
    lab, lock = held_by(os.getpid(), tmp_path)
    with pytest.raises(LabError, match=f"in use by pulumi, process {os.getpid()}"):
        stack._free_stack(lab)
    assert lock.exists()


def test_a_stack_with_protected_resources_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab("kept", tmp_path / "kept")
    state = lab.backend / ".pulumi/stacks/shop/kept.json"
    state.parent.mkdir(parents=True)
    resources = [{"urn": "urn:pulumi:kept::shop::t::data", "protect": True}, {"urn": "urn:pulumi:kept::shop::t::web"}]
    state.write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    for path in (lab.environment_file, lab.stack_config):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.setattr("lab.engine.environment.project_name", lambda _: "shop")
    with pytest.raises(LabError, match=r"protected resources \(data\), and nothing was touched"):
        stack.down(lab)
    assert state.exists()
