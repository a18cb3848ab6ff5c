"""What of a small host's memory is left when its buffer pool is full and a hundred connections sort, on lab hosts.

Each host has as much memory as one of that type has on EC2, and the system on it is made to take as much as Ubuntu is
reckoned to. Prints a line for each instance type, in MiB. Usage: memory.py [INSTANCE_TYPE...]
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

import yaml  # type: ignore[import-untyped]

from bench import sorting_load
from bench.labs import PROJECT_ROOT, lab
from components.mysql.memory import SYSTEM_MIB, visible_mib
from lab.cloud import catalog
from lab.settings import Lab

NAME = "benchmemory"
CONNECTIONS, SECONDS = 100, 30


def measure(instance_type: str) -> dict[str, object]:
    """Return the figures of a server of a type, made anew."""
    lab("setup", NAME)
    config = Lab.named(NAME).stack_config
    document = yaml.safe_load(config.read_text())
    document["config"]["mysql-pair:serverInstanceType"] = instance_type
    config.write_text(yaml.safe_dump(document, sort_keys=False))
    try:
        lab("up", NAME)
        host = visible_mib(catalog.instance_type(instance_type).memory_mib)
        script = ["sudo", "python3", "-", *map(str, (host, SYSTEM_MIB, CONNECTIONS, SECONDS))]
        done = subprocess.run(
            [sys.executable, "-m", "scripts", "ssh", "server", "--stack", NAME, "--", *script],
            cwd=PROJECT_ROOT,
            input=inspect.getsource(sorting_load),
            capture_output=True,
            text=True,
            check=False,
        )
        return {"host": host, **json.loads(done.stdout or json.dumps({"failed": done.stderr[-300:]}))}
    finally:
        lab("down", NAME)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["t3.micro", "t3.small"]:
        print(name, *(f"{key}={value}" for key, value in measure(name).items()), flush=True)
