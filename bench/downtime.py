"""How long a client cannot write while the server's host is replaced, beside a plain stop and start of the instance.

Each round has all of it, in an order of chance: the image, the address and the instance type by `pulumi up`, and the
stop and start by EC2 alone. A client writes every 0.1 s (polling_writer.py); a downtime is its longest pause. At last
the acknowledged writes that are missing are counted. Prints JSON. Usage: downtime.py [ROUNDS [SEED]]
"""

from __future__ import annotations

import inspect
import itertools
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

import yaml  # type: ignore[import-untyped]

from bench import polling_writer
from bench.labs import PROJECT_ROOT, lab
from lab.cloud import catalog
from lab.cloud.ec2 import Ec2
from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine.plane import Plane
from lab.settings import Lab
from lab.testing.processes import wait_for
from lab.testing.project import Project
from scripts.host.constants import CA_FILE

NAME = "benchdowntime"
TYPES = ("t3.small", "t3.medium")
PLAIN = "stop and start"
AGAIN_SECONDS = 300
"""How long a client may wait for its next write after a change."""
KEPT = ("connection_string", "mysql_ca_certificate", "data_volume_id")
"""Outputs that no change of the host changes, but for the address in the first."""


class Server:
    """A stack's server, and what is changed of it."""

    def __init__(self) -> None:
        """Begin with the stack that is up."""
        self.project = Project(Lab.named(NAME), PROJECT_ROOT)
        store = Store(self.project.lab.cloud)
        self.ec2 = Ec2(self.project.lab, store, Plane(self.project.lab, store))
        self.images = [self._instance().ami]
        self.images += [
            image
            for image in self.ec2.publish_images()
            if catalog.image_architecture(image) == catalog.image_architecture(self.images[0])
        ]
        self.addresses = [self._instance().private_ip, f"{self._instance().private_ip.rpartition('.')[0]}.77"]
        self.changes: Mapping[str, Callable[[], object]] = {
            PLAIN: self.stop_and_start,
            "image": lambda: self.up("serverAmi", other(self.images, self._instance().ami)),
            "address": lambda: self.up("serverPrivateIp", other(self.addresses, self._instance().private_ip)),
            "instance type": lambda: self.up("serverInstanceType", other(TYPES, self._instance().instance_type)),
        }

    def _instance(self) -> Instance:
        return self.ec2.store.get(Instance, self.project.outputs()["server_instance_id"])

    def stop_and_start(self) -> None:
        """Stop the instance and start it, as `aws ec2` does."""
        instance = self._instance().id
        self.ec2.stop(instance)
        self.ec2.start(instance)

    def up(self, key: str, value: str) -> None:
        """Change a key of config, and run `pulumi up`."""
        configure({key: value})
        self.project.up()

    def known(self) -> list[str]:
        """Return what clients know of the server, without its address."""
        text = [self.project.outputs()[key] for key in KEPT]
        return [text[0].replace(self._instance().private_ip, ""), *text[1:]]


def other(pair: tuple[str, ...] | list[str], current: str) -> str:
    """Return the one of two that is not the current one."""
    return next(value for value in pair if value != current)


def configure(values: Mapping[str, object]) -> None:
    """Write config values into the stack's file."""
    file = Lab.named(NAME).stack_config
    document = yaml.safe_load(file.read_text())
    document["config"] |= {f"mysql-pair:{key}": value for key, value in values.items()}
    file.write_text(yaml.safe_dump(document, sort_keys=False))


@contextmanager
def polling(server: Server, output: Path) -> Iterator[Callable[[], list[float]]]:
    """Have the client write; give what returns the moments of its writes so far."""
    url = urlsplit(server.project.outputs()["connection_strings"]["app"])
    login = {"user": unquote(url.username or ""), "password": unquote(url.password or ""), "port": url.port}
    script = ["/usr/bin/python3", "-c", inspect.getsource(polling_writer)]
    argv = [sys.executable, "-m", "scripts", "ssh", "client-1", "--stack", NAME, "--", *script]
    with output.open("w") as file:
        writer = subprocess.Popen(argv, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=file, text=True)
        stdin = cast("IO[str]", writer.stdin)
        print(json.dumps({**login, "hosts": server.addresses, "ca_file": CA_FILE}), file=stdin, flush=True)
        try:
            yield lambda: [float(line.split()[0]) for line in whole_lines(output)]
        finally:
            stdin.close()
            writer.wait(60)


def whole_lines(output: Path) -> list[str]:
    """Return the lines of a file that is written to, without one that is cut off."""
    return output.read_text().rpartition("\n")[0].splitlines()


def downtime(moments: Callable[[], list[float]], change: Callable[[], object]) -> dict[str, float]:
    """Make a change, and return the longest pause of the client's and the seconds of the whole change."""
    begun = time.time()
    change()
    ended = time.time()
    wait_for(lambda: moments()[-1] > ended, seconds=AGAIN_SECONDS)
    time.sleep(2)
    seen = sorted(moments())
    at = [moment for moment in seen if moment > begun - 1]
    pause = max(after - before for before, after in itertools.pairwise(at))
    return {"downtime": round(pause, 1), "whole": round(ended - begun, 1)}


def main(rounds: int, seed: int) -> dict[str, Any]:
    """Measure, and return the figures."""
    server, chance = Server(), random.Random(seed)  # noqa: S311  an order, no secret
    before, output = server.known(), server.project.lab.folder / "polled"
    measured = []
    with polling(server, output) as moments:
        wait_for(lambda: len(moments()) > 20, seconds=60)
        for _ in range(rounds):
            names = list(server.changes)
            chance.shuffle(names)
            measured.append({name: downtime(moments, server.changes[name]) for name in names})
            print(json.dumps(measured[-1]), file=sys.stderr, flush=True)
    acknowledged = {int(line.split()[1]) for line in whole_lines(output)}
    argv = ["ssh", "server", "--stack", NAME, "--", "sudo mysql -BNe 'select n from app.polled'"]
    there = subprocess.run(
        [sys.executable, "-m", "scripts", *argv], cwd=PROJECT_ROOT, check=True, stdout=subprocess.PIPE
    )
    return {
        "rounds": measured,
        "seconds of downtime": {name: spread([one[name]["downtime"] for one in measured]) for name in server.changes},
        f"times that of {PLAIN}": {
            name: spread([one[name]["downtime"] / one[PLAIN]["downtime"] for one in measured])
            for name in server.changes
            if name != PLAIN
        },
        "acknowledged writes": len(acknowledged),
        "lost": len(acknowledged - set(map(int, there.stdout.split()))),
        "strings, certificate and volume the same": server.known() == before,
    }


def spread(values: list[float]) -> dict[str, float]:
    """Return the least, the median and the most."""
    return {
        "least": round(min(values), 2), "median": round(statistics.median(values), 2), "most": round(max(values), 2),
    }  # fmt: skip


if __name__ == "__main__":
    try:
        lab("setup", NAME)
        configure({"clients": [{"name": "client", "packages": ["python3-pymysql"]}], "serverInstanceType": TYPES[0]})
        lab("up", NAME)
        print(json.dumps(main(*map(int, [*sys.argv[1:3], *("3", "1")[len(sys.argv) - 1 :]])), indent=1))
    finally:
        lab("down", NAME)
