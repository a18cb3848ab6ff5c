"""Load balancers of a VPC: what they are to do is written down for a process in the VPC's router, which does it.

The process (lab.machine.balancing) asks targets for their health, and has nftables give each new connection a healthy
one. It holds a lock beside its plan, so that a VPC has one; it ends with its plan, or with the router.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from lab.cloud.store import write_atomically
from lab.cloud.topology import VpcPlan
from lab.machine import namespaces

SOURCE = Path(__file__).parents[2]
"""The folder that the package lab is in."""
KEPT = ("PATH", "HOME", "LANG")
"""Of the environment of whoever starts the process."""


def refresh(folder: Path, router: str, vpc: VpcPlan) -> None:
    """Make a VPC's load balancers what its plan says.

    Args:
        folder: where plans are.
        router: the namespace of the VPC's router.
        vpc: the plan.
    """
    plan = folder / f"{vpc.vpc_id}.json"
    if not vpc.balancers:
        plan.unlink(missing_ok=True)
        return
    write_atomically(plan, json.dumps([asdict(balancer) for balancer in vpc.balancers]))
    with plan.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
    command = [
        "nsenter",
        f"--net={namespaces.FOLDER / router}",
        sys.executable,
        "-m",
        "lab.machine.balancing",
        str(plan),
    ]
    path = f"{SOURCE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    with plan.with_suffix(".log").open("ab") as log:
        subprocess.Popen(
            command,
            cwd="/",
            env={name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
