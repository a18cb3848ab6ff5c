"""What an operator asks of the pair's backups."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from lab.testing.processes import wait_for
from scripts.host.constants import AGENT_DIR
from tests.lab.pair import Pair, verb

LOG_SECONDS = 90
"""Within which the log of a write is in the bucket: it is sent every 30 seconds."""


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
        """Return what `backups` lists."""
        listed: dict[str, Any] = json.loads(self.well("backups", "--json"))
        return listed

    def now(self) -> str:
        """Return the server's time: what was written before is of an earlier second, what comes of a later one."""
        return self.pair.ssh("server", "sleep 1.1; date -u +%FT%TZ; sleep 1.1").stdout.strip()

    def is_sent(self, moment: str) -> bool:
        """Tell whether one can go back to a moment."""
        return bool(self.listed()["latest"] >= moment)

    def send(self) -> None:
        """Send the log now, as the timer does twice a minute; only one run may be at it."""
        line = f"sudo python3 -B {AGENT_DIR}/current backup log"
        wait_for(lambda: self.pair.ssh("server", line).returncode == 0, seconds=LOG_SECONDS)

    def rclone(self, *words: str) -> tuple[int, str]:
        """Run rclone on the server with nothing but the server's own role, as whoever has taken it over would."""
        remote = "--s3-provider=AWS --s3-env-auth --s3-region=eu-central-1 --s3-no-check-bucket --retries=1"
        done = self.pair.ssh("server", f"sudo rclone {remote} {' '.join(words)}")
        return done.returncode, done.stderr
