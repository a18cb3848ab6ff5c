"""What goes with the server's volume is had back in the same stack: from a snapshot and the log, or the bucket alone.

What is done is what docs/backups.md says. `pytest -s` prints the seconds, and the commits that are missing.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.cloud.ec2 import Ec2
from lab.cloud.store import Store
from lab.machine.plane import Plane
from lab.testing.processes import wait_for
from scripts.host.constants import CA_FILE
from tests.lab.backed import Backed
from tests.lab.behind_its_back import newest
from tests.lab.crashing_server import lost
from tests.lab.logins import Login
from tests.lab.pair import Pair, lab_command
from tests.lab.way import way

MOST_LOST = 60
"""Seconds of commits."""
WRITING_SECONDS = 240
"""After which the writer ends by itself."""
WRITER = """
umask 077; options=$(mktemp); cat >$options
n=1
while echo "insert into app.acknowledged values ($n); select $n, unix_timestamp(sysdate(6));"; do
  n=$((n + 1)); sleep 0.05
done 2>/dev/null | mysql --defaults-extra-file=$options --protocol=tcp -BN --unbuffered
"""
JOES_PASSWORD = "made-by-hand-1"
SERVER = "select @@server_uuid"
USERS = "select group_concat(concat(user, '@', host) order by user, host) from mysql.user"
DATABASES = "select group_concat(schema_name order by schema_name) from information_schema.schemata"


class Writer:
    """Commits of a client's, by number: the server's time of each one that the client has acknowledged."""

    def __init__(self, output: Path) -> None:
        self._output = output

    def acknowledged(self) -> dict[int, float]:
        """Return them; a line that was cut off does not count."""
        lines = self._output.read_text().rpartition("\n")[0].splitlines()
        return {int(number): float(at) for number, at in map(str.split, lines)}


@contextmanager
def written(pair: Pair, folder: Path) -> Iterator[Writer]:
    """Have a client commit some twenty times a second."""
    output = folder / "acknowledged"
    words = ("timeout", str(WRITING_SECONDS), "bash", "-c", WRITER)
    with output.open("w") as file:
        process = subprocess.Popen(way(pair.lab).argv("client-1", words), stdin=subprocess.PIPE, stdout=file, text=True)
        try:
            assert process.stdin
            process.stdin.write(Login.of(pair, "app").option_file())
            process.stdin.close()
            yield Writer(output)
        finally:
            process.kill()
            process.wait()


def lose(pair: Pair) -> None:
    """Have the server's host and its volume gone at once, as if their zone had burnt."""
    outputs, store = pair.outputs(), Store(pair.lab.cloud)
    instance = outputs["server_instance_id"]
    plane = Plane(pair.lab, store)
    plane.crash(instance)
    ec2 = Ec2(pair.lab, store, plane)
    ec2.terminate(instance)
    ec2.delete_volume(outputs["data_volume_id"])


def known(pair: Pair) -> dict[str, Any]:
    """Return what a restore has to bring back, and what clients have in their configuration."""
    outputs = pair.outputs()
    kept = {key: outputs[key] for key in ("connection_strings", "backup_bucket", "backup_key")}
    return {**kept, "users": pair.sql(USERS), "databases": pair.sql(DATABASES)}


@pytest.fixture
def backed(pair: Pair) -> Iterator[Backed]:
    """The pair, with the writer's table and an account of nobody's but MySQL's."""
    outputs = pair.outputs()
    pair.sql(f"create table app.acknowledged (n int primary key); create user joe identified by '{JOES_PASSWORD}'")
    yield Backed(pair, outputs["backup_bucket"], outputs["backup_prefix"])
    pair.sql("drop table if exists app.acknowledged; drop user if exists joe, late")


def test_the_log_is_replayed_over_a_snapshot_up_to_a_moment(backed: Backed) -> None:
    """The next test begins with the server that this one leaves."""
    pair, insert = backed.pair, "insert into app.acknowledged values "
    pair.sql(f"{insert}(1)")
    done = lab_command("snapshots", name=pair.lab.name)
    snapshot = done.stdout.split()[1]
    assert snapshot.startswith("snap-"), done.stdout + done.stderr
    pair.sql(f"{insert}(2); create user late identified by '{JOES_PASSWORD}'")
    time.sleep(1.1)  # what is of the moment's own second is after it
    moment = backed.now()
    pair.sql("drop table app.acknowledged")
    backed.send()
    before, former = known(pair), pair.sql(SERVER)
    # Another image in the same `up`: so a server goes back to the release of before.
    image = newest(pair)
    pair.configure({"dataVolumeSnapshot": snapshot, "restoreFrom": {"at": moment}, "serverAmi": image})
    planned = pair.planned()
    assert planned["server-data-volume"] == "replace" and f"server-data-before-{image}" not in planned
    begun_at = time.monotonic()
    pair.up()
    print(f"\na snapshot, and the log over it, are restored in {time.monotonic() - begun_at:.0f} s")
    assert pair.sql("select n from app.acknowledged order by n").split() == ["1", "2"]
    assert known(pair) == before
    assert pair.sql(SERVER) != former, "or its log would be mixed with the former one"
    assert Login("late", JOES_PASSWORD, pair.outputs()["mysql_host"], pair.outputs()["mysql_port"]).works(pair)
    assert pair.sql("select @@offline_mode, @@event_scheduler") == "0\tON"
    backed.based()
    assert backed.well("drift").splitlines()[0] == "no drift detected"


@pytest.mark.timeout(900)
def test_server_and_volume_are_lost_and_less_than_a_minute_of_commits_with_them(backed: Backed, tmp_path: Path) -> None:
    pair = backed.pair
    backed.well("backup")
    before, former = known(pair), pair.sql(SERVER)
    with written(pair, tmp_path) as writer:
        wait_for(lambda: len(writer.acknowledged()) > 100, seconds=60)
        begun = backed.now()
        backed.sent(begun)
        time.sleep(5)  # some commits that are not in the bucket yet
        lose(pair)
        acknowledged = writer.acknowledged()
    pair.configure({"dataVolumeSnapshot": ""}, without=["restoreFrom", "serverAmi"])
    with pair.configured(restoreFrom={"base": "newest"}):
        begun_at = time.monotonic()
        pair.done("up", "--yes", "--skip-preview", "--refresh")
        seconds = time.monotonic() - begun_at
        assert pair.unchanged()
    missing = lost(pair, list(acknowledged))
    since = max(acknowledged.values()) - min((acknowledged[number] for number in missing), default=0)
    print(
        f"\nserver and volume lost: {len(missing)} of {len(acknowledged)} acknowledged commits are missing, those of "
        f"the last {since:.0f} s; the whole of `up` took {seconds:.0f} s"
    )
    assert 0 < len(missing) < len(acknowledged) and since <= MOST_LOST
    assert missing == set(range(min(missing), max(acknowledged) + 1)), "the last ones and no other"
    assert known(pair) == before
    app = Login.of(pair, "app")
    assert app.works(pair) and Login("joe", JOES_PASSWORD, app.host, app.port).works(pair)
    assert pair.ssh("client-1", "cat", CA_FILE).stdout == pair.outputs()["mysql_ca_certificate"]
    # Backups go on, as those of another server.
    server = pair.sql(SERVER)
    assert server != former
    backed.based()
    moment = backed.now()
    pair.sql("delete from app.acknowledged")
    backed.send()
    assert backed.is_sent(moment)
    assert backed.well("drift").splitlines()[0] == "no drift detected"
