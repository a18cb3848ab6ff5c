"""The process behind a VPC's load balancers; it runs in the VPC's router until its plan is gone.

python -m lab.machine.balancing PLAN

A connection keeps its client's address: nftables gives it another destination, a target chosen at random, and security
groups judge it (lab.machine.firewall). What is sent on a connection to a target that has become unhealthy is answered
with a reset. Where no target is healthy all of them are used. Source: User Guide for Network Load Balancers, "Health
checks for Network Load Balancer target groups".
"""

from __future__ import annotations

import fcntl
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

TABLE = "balancer"
TURN_SECONDS = 0.2
Target = tuple[str, int]


class Question(NamedTuple):
    """How one target is asked for its health, and by whom."""

    source: str
    """The load balancer's address."""
    address: str
    port: int
    path: str
    seconds: float
    timeout: float
    to_healthy: int
    to_unhealthy: int


class Check(threading.Thread):
    """Asks a target until it is told to end."""

    def __init__(self, question: Question) -> None:
        """Begin as unhealthy, like a target that was just registered."""
        super().__init__(daemon=True)
        self.question = question
        self.healthy = False
        self.ended = threading.Event()

    def run(self) -> None:
        """Ask, and change sides after enough answers that say so."""
        streak = 0
        while not self.ended.is_set():
            begun = time.monotonic()
            streak = 0 if self._says_yes() == self.healthy else streak + 1
            if streak >= (self.question.to_unhealthy if self.healthy else self.question.to_healthy):
                self.healthy, streak = not self.healthy, 0
            self.ended.wait(max(0.0, begun + self.question.seconds - time.monotonic()))

    def _says_yes(self) -> bool:
        asked = self.question
        connection = http.client.HTTPConnection(
            asked.address, asked.port, timeout=asked.timeout, source_address=(asked.source, 0)
        )
        try:
            connection.request("GET", asked.path, headers={"User-Agent": "ELB-HealthChecker/2.0"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def question(balancer: dict[str, Any], listener: dict[str, Any], target: Target) -> Question:
    """Return how a target of a listener is asked."""
    check = listener["check"]
    port = target[1] if check["port"] == "traffic-port" else int(check["port"])
    counts = check["interval"], check["timeout"], check["healthyThreshold"], check["unhealthyThreshold"]
    return Question(balancer["addresses"][0], target[0], port, check["path"], *counts)


def ruleset(balancers: list[dict[str, Any]], healthy: Collection[Question]) -> str:
    """Return the table of load balancers whose healthy targets are these, as one nftables transaction."""
    lines = [
        f"add table ip {TABLE}",
        f"delete table ip {TABLE}",
        f"add table ip {TABLE}",
        f"add chain ip {TABLE} prerouting {{ type nat hook prerouting priority dstnat - 1; policy accept; }}",
        f"add chain ip {TABLE} forward {{ type filter hook forward priority filter - 5; policy accept; }}",
    ]
    for balancer in balancers:
        own = f"{{ {', '.join(balancer['addresses'])} }}"
        for listener in balancer["listeners"]:
            targets: list[Target] = [(address, port) for address, port in listener["targets"]]
            good = [target for target in targets if question(balancer, listener, target) in healthy]
            used = good or targets
            for place, (address, port) in enumerate(used):
                left = len(used) - place
                chance = f"numgen random mod {left} 0 " if left > 1 else ""
                to = f"ip daddr {own} tcp dport {listener['port']} {chance}dnat to {address}:{port}"
                lines.append(f"add rule ip {TABLE} prerouting {to}")
            for address, port in set(targets) - set(used):
                by = f"ct original ip daddr {own} ct original proto-dst {listener['port']}"
                at = f"ct reply ip saddr {address} ct reply proto-src {port}"
                lines.append(f"add rule ip {TABLE} forward meta l4proto tcp {by} {at} reject with tcp reset")
    return "\n".join(lines) + "\n"


def serve(plan: Path) -> None:
    """Follow the plan and the health of its targets until the plan is gone."""
    checks: dict[Question, Check] = {}
    told = ""
    while True:
        try:
            balancers = json.loads(plan.read_text(encoding="utf-8"))
        except FileNotFoundError:
            balancers = []
        wanted = {
            question(balancer, listener, (address, port))
            for balancer in balancers
            for listener in balancer["listeners"]
            for address, port in listener["targets"]
        }
        for gone in checks.keys() - wanted:
            checks.pop(gone).ended.set()
        for new in wanted - checks.keys():
            checks[new] = Check(new)
            checks[new].start()
        rules = ruleset(balancers, [asked for asked, check in checks.items() if check.healthy])
        if rules != told:
            done = subprocess.run(["nft", "--file", "-"], input=rules, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                told = rules
            else:
                print(done.stderr, file=sys.stderr, flush=True)
        if not balancers:
            return
        time.sleep(TURN_SECONDS)


def main() -> None:
    """Serve, unless another process does."""
    plan = Path(sys.argv[1])
    with plan.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        serve(plan)


if __name__ == "__main__":
    main()
