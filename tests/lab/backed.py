"""What an operator asks of the pair's backups, and a server on which nothing of them happens by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab.testing.processes import wait_for
from scripts.host.constants import AGENT_DIR
from tests.lab.pair import Pair, drift, on, verb

LOG_SECONDS = 90
"""Within which the log of a write is in the bucket: it is sent every 30 seconds."""
PAUSE = 3
"""Seconds between two looks by an operator's verb."""
AGENT = f"python3 -B {AGENT_DIR}/current backup"
UNITS = ("mysql-pair-base", "mysql-pair-log", "mysql-pair-drill")
TIMERS = " ".join(f"{name}.timer" for name in UNITS)
RUNNING = f"systemctl show --property=SubState {' '.join(f'{name}.service' for name in UNITS)}"
ENDED = f"while {RUNNING} | grep -qx SubState=start; do sleep 0.2; done"
"""A line that waits for what timers, or an `up`, have begun; not for what has failed and is tried again later."""


def stop_timers(pair: Pair) -> None:
    """Have nothing more begun by itself, and what has begun ended: a first base takes long on a slow machine."""
    on(pair, "server", f"systemctl stop {TIMERS}; {ENDED}")


@contextmanager
def timers_stopped(pair: Pair) -> Iterator[None]:
    """Have no base, no sending of the log and no drill in the block but those of the test itself."""
    stop_timers(pair)
    try:
        yield
    finally:
        on(pair, "server", f"systemctl start {TIMERS}")


def drift_goes() -> None:
    """Wait until there is no drift: what a timer's run has failed at meanwhile, its next one does."""
    wait_for(lambda: drift() == (0, [], []), seconds=LOG_SECONDS, pause=PAUSE)


@dataclass(frozen=True)
class Backed:
    """The pair, and what an operator asks of its backups."""

    pair: Pair
    bucket: str
    prefix: str

    def verb(self, *words: str) -> tuple[int, str]:
        """Run a verb of the operator's; return its exit code and what it said."""
        done = verb(*words)
        return done.returncode, done.stdout + done.stderr

    def well(self, *words: str) -> str:
        """Run a verb that has to end well."""
        code, said = self.verb(*words)
        assert code == 0, said
        return said

    def listed(self) -> dict[str, Any]:
        """Return what `backups` lists: as the server's agent tells it, or of a group the one that is to be asked."""
        done = self.pair.as_root("server", f"{AGENT} list")
        told = json.loads(done.stdout) if done.returncode == 0 else {}
        listed: dict[str, Any] = told if "bases" in told else json.loads(self.well("backups", "--json"))
        return listed

    def now(self) -> str:
        """Return the server's time: what was written before is of an earlier second, what comes of a later one."""
        return self.pair.as_root("server", "sleep 1.1; date -u +%FT%TZ; sleep 1.1").stdout.strip()

    def is_sent(self, moment: str) -> bool:
        """Tell whether one can go back to a moment."""
        return bool(self.listed()["latest"] >= moment)

    def sent(self, moment: str) -> None:
        """Wait until the timer has sent the log up to a moment."""
        wait_for(lambda: self.is_sent(moment), seconds=LOG_SECONDS, pause=1)

    def based(self) -> None:
        """Wait for the first base of the server that there is now, which begins by itself."""
        on(self.pair, "server", ENDED)
        server = self.pair.sql("select @@server_uuid")
        wait_for(lambda: self.listed()["bases"][0]["server_uuid"] == server, seconds=LOG_SECONDS, pause=1)

    def send(self) -> None:
        """Send the log now, as the timer does twice a minute; only one run may be at it."""
        wait_for(lambda: self.pair.as_root("server", f"{AGENT} log").returncode == 0, seconds=LOG_SECONDS, pause=1)

    def rclone(self, *words: str) -> tuple[int, str]:
        """Run rclone on the server with nothing but the server's own role, as whoever has taken it over would."""
        remote = "--s3-provider=AWS --s3-env-auth --s3-region=eu-central-1 --s3-no-check-bucket --retries=1"
        done = self.pair.as_root("server", f"rclone {remote} {' '.join(words)}")
        return done.returncode, done.stderr
