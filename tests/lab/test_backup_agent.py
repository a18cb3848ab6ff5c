"""Backups by the host agent's verbs, into a folder of the server's own: restore, drill, extract, and what is refused.

The program's part, and S3, are tested apart from it. Timers are stopped here, so that each run of a verb is the test's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import Any

import pytest

from lab.cloud.ec2 import Ec2
from lab.cloud.store import Store
from lab.machine.plane import Plane
from lab.testing.processes import wait_for
from scripts.host.backups.spec import BackupSpec, ExtractSpec, RepositorySpec, RestoreSpec, SetUpSpec
from scripts.host.common import codec
from scripts.host.constants import STATUS_FILE
from tests.lab.backed import AGENT, ENDED, stop_timers
from tests.lab.pair import Pair, on

FOLDER = "/srv/test-repository"
BACKUPS = BackupSpec(key="a-key-of-enough-characters", bucket="", prefix=FOLDER, region="")
HOLD, HELD, GIVEN = "/root/hold", "/root/held", "/root/given"
SHIM = f"""\
#!/bin/sh
# Does what is asked for; before it (mysqlbinlog) or after it (rclone) waits while that fits the pattern in {HOLD}.
name=$(basename $0)
held() {{
  while test -e {HOLD}; do
    case "$name $*" in *$(cat {HOLD})*) touch {HELD}; sleep 0.1 ;; *) break ;; esac
  done
}}
test $name = rclone || held "$@"
/usr/bin/$name "$@"
code=$?
test $name = mysqlbinlog || held "$@"
exit $code
"""
DUMP_SENT, DUMP_READ, LOADED = " rcat *dump.zst", " cat *dump.zst", "mysqlbinlog "
"""When all of a base is in the repository but its manifest; while it is loaded; when it is, and none of the log."""
JOE = "mysql --no-defaults -ujoe -pJoes-0123456789 -Ne 'select count(*) from shop.item'"
OFFLINE = "ERROR 3032"
BEFORE = """
set -e
export DEBIAN_FRONTEND=noninteractive
command -v rclone >/dev/null && command -v zstd >/dev/null || touch /root/without-rclone
apt-get install -qq --no-install-recommends rclone zstd >/dev/null 2>&1
! test -e /var/lib/mysql-pair/backups/spec.json || cp /var/lib/mysql-pair/backups/spec.json /root/spec.json
"""
AFTER = f"""
rm -rf {FOLDER} /var/lib/mysql/mysql-pair-restore.json /var/lib/mysql-pair/extracts
mysql -e 'DROP DATABASE IF EXISTS shop; DROP USER IF EXISTS joe'
! test -e /root/without-rclone || apt-get purge -qq rclone zstd >/dev/null 2>&1
rm -f /root/without-rclone /root/spec.json /usr/local/bin/rclone /usr/local/bin/mysqlbinlog {HOLD} {HELD} {GIVEN}
"""
FLIP = """
path = max(__import__("glob").glob("{}/bases/*/dump.zst.bin"))
content = bytearray(open(path, "rb").read())
content[len(content) // 2] ^= 1
open(path, "wb").write(content)
"""


class Server:
    """The pair's server, its verb `backup`, and what is in its database `shop`."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    def backup(self, word: str, spec: Any = None) -> tuple[Any, str]:
        """Return what a word of `backup` answers, and what it says on standard error."""
        text = "" if spec is None else codec.encode(spec)
        done = self.pair.as_root("server", f"{AGENT} {word}", stdin=text)
        return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr.strip()

    def answer(self, word: str, spec: Any = None) -> Any:
        """Return what a word answers that ends well."""
        answer, error = self.backup(word, spec)
        assert answer is not None, error
        return answer

    def refusal(self, word: str, spec: Any = None) -> str:
        """Return why a word fails."""
        answer, error = self.backup(word, spec)
        assert answer is None
        return error

    def base(self) -> Any:
        """Make a base and return it."""
        base = self.answer("run")
        # Ids are seconds.
        time.sleep(1)
        return base

    def now(self) -> str:
        """Return the server's time, a second after the last statement and a second before the next."""
        clock = self.pair.as_root("server", "sleep 1.1; date -u +%FT%TZ; sleep 1.1").stdout.strip()
        assert clock
        return clock

    def rows(self) -> str:
        """Return the rows of shop.item."""
        return self.pair.sql("select id from shop.item order by id").replace("\n", " ")

    def status(self) -> dict[str, Any]:
        """Return the status, as anybody on the host may read it."""
        status: dict[str, Any] = json.loads(self.pair.ssh("server", f"cat {STATUS_FILE}").stdout)
        return status

    @contextmanager
    def held(self, pattern: str, word: str, spec: Any = None) -> Iterator[None]:
        """Begin a word, have it wait where a program of its fits a pattern, and let it go on after the block."""
        on(self.pair, "server", f"rm -f {HELD}; printf %s '{pattern}' >{HOLD}")
        line = f"setsid --fork {AGENT} {word} <{GIVEN} >/dev/null 2>&1"
        text = "" if spec is None else codec.encode(spec)
        assert self.pair.as_root("server", f"cat >{GIVEN}; {line}", stdin=text).returncode == 0
        wait_for(lambda: self.pair.as_root("server", f"test -e {HELD}").returncode == 0, seconds=60, pause=0.1)
        try:
            yield
        finally:
            on(self.pair, "server", f"rm -f {HOLD}")

    def kill(self, word: str) -> None:
        """Kill a word that runs, and what it has started, as a crash would."""
        # `setsid` has made it the first of a group.
        on(self.pair, "server", f"kill -9 -$(pgrep -of 'current backup {word}')")

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Have whoever writes to a table wait, until the block or the server ends."""
        argv = [*self.pair.inside("server"), "mysql", "-BN", "--unbuffered"]
        with Popen(argv, stdin=PIPE, stdout=PIPE, text=True) as client:
            assert client.stdin and client.stdout
            client.stdin.write(f"lock tables {table} read; select 'locked';\n")
            client.stdin.flush()
            assert client.stdout.readline() == "locked\n"
            yield
            client.stdin.close()

    def crash(self) -> None:
        """Cut the host's power, and start it again."""
        store = Store(self.pair.lab.cloud)
        plane, instance = Plane(self.pair.lab, store), self.pair.outputs()["server_instance_id"]
        plane.crash(instance)
        Ec2(self.pair.lab, store, plane).start(instance)
        wait_for(lambda: self.pair.as_root("server", "mysqladmin ping").returncode == 0, pause=0.1)
        stop_timers(self.pair)

    def told(self) -> list[str]:
        """Return what drift would say of it, but for the timers that are stopped, and what they would have sent."""
        self.backup("log")
        return [
            f"{row['name']}: {row['found']}"
            for row in self.answer("diff", SetUpSpec(BACKUPS))
            if row["kind"] == "backup"
        ]


@pytest.fixture(scope="module")
def server(pair: Pair) -> Iterator[Server]:
    """The server with backups into a folder, and a table with two rows in its first base; afterwards as it was."""
    server = Server(pair)
    on(pair, "server", BEFORE)
    for name in ("rclone", "mysqlbinlog"):
        pair.as_root("server", f"install -m755 /dev/stdin /usr/local/bin/{name}", stdin=SHIM)
    pair.sql(
        "create database shop; create table shop.item (id int primary key); insert into shop.item values (1), (2);"
        "create user joe identified by 'Joes-0123456789'; grant select on shop.* to joe"
    )
    try:
        stop_timers(pair)  # or the base that is in the works would be the stack's own
        server.answer("set-up", SetUpSpec(BACKUPS))
        stop_timers(pair)
        assert server.status()["base"]["id"]
        yield server
    finally:
        kept = pair.as_root("server", "cat /root/spec.json").stdout
        former = SetUpSpec(codec.decode(BackupSpec, kept)) if kept else SetUpSpec()
        on(pair, "server", "rm -f /var/lib/mysql-pair/backups/log.json")
        server.answer("set-up", former)
        on(pair, "server", AFTER)


def test_what_cannot_be_restored_is_refused_and_the_server_is_untouched(server: Server) -> None:
    source = BACKUPS.repository
    server.pair.sql("insert into shop.item values (3)")
    server.answer("log")
    assert "this server has data" in server.refusal("restore", RestoreSpec(source))
    early = ExtractSpec(("shop",), at="2020-01-01T00:00:00Z")
    assert "the earliest moment is" in server.refusal("extract", early)
    assert "is in the future" in server.refusal("extract", ExtractSpec(("shop",), at="2999-01-01T00:00:00Z"))
    now = server.now()
    listed = server.answer("list")
    assert f"can be restored up to {listed['latest']}" in server.refusal("extract", ExtractSpec(("shop",), at=now))
    assert server.rows() == "1 2 3"


def test_a_table_is_had_back_beside_the_running_server(server: Server) -> None:
    before = server.now()
    server.pair.sql("delete from shop.item where id = 1")
    server.answer("log")
    facts = server.answer("extract", ExtractSpec(("shop",), ("item",), at=before))
    sql = server.pair.as_root("server", f"zstdcat {facts['path']}").stdout
    assert "INSERT INTO `item` VALUES (1),(2),(3);" in sql
    server.pair.sql("insert into shop.item values (1)")


def test_a_drill_passes_and_fails_on_a_changed_byte_and_drift_tells_it(server: Server) -> None:
    server.pair.sql(
        "/*!80400 set session restrict_fk_on_non_standard_key = 0 */;"
        "create table shop.parent (id int primary key, code int, key (code));"
        "create table shop.child (id int primary key, code int, foreign key (code) references shop.parent (code))"
    )
    server.base()
    # What the package does with its own account, when it is upgraded.
    server.pair.sql("insert into shop.item values (4); create user al identified with auth_socket; drop user al")
    server.pair.sql("alter user `debian-sys-maint`@localhost account unlock")
    server.answer("log")
    drill = server.answer("drill")
    assert (drill["tables"], drill["logs"]) == (3, 1)
    assert server.told() == []
    on(server.pair, "server", f"cp -a {FOLDER} {FOLDER}.good; python3 -c '{FLIP.format(FOLDER)}'")
    try:
        assert "is damaged" in server.refusal("drill")
        assert any(row.startswith("drill: failed: base") for row in server.told())
    finally:
        on(server.pair, "server", f"rm -rf {FOLDER}; mv {FOLDER}.good {FOLDER}")
    assert server.answer("drill")["tables"] == 3
    assert server.told() == []
    server.pair.sql("drop table shop.child, shop.parent")
    assert ".mysql-pair-scratch" not in server.pair.as_root("server", "ls -A /var/lib/mysql").stdout.split()


def test_a_log_that_was_purged_before_it_was_sent_is_a_gap_that_the_next_base_ends(server: Server) -> None:
    server.pair.sql("insert into shop.item values (5); flush binary logs; insert into shop.item values (6)")
    last = server.pair.sql("flush binary logs; show binary logs").splitlines()[-1].split()[0]
    server.pair.sql(f"purge binary logs to '{last}'; insert into shop.item values (7)")  # noqa: S608
    server.answer("log")
    assert any("before they were sent" in row for row in server.told()) or not server.status()["gap"]
    on(server.pair, "server", ENDED)
    assert server.told() == []
    newest, *older = server.answer("list")["bases"]
    assert newest["gap"] == "" and all("is missing" in base["gap"] for base in older)


def test_a_base_that_was_killed_is_none_and_the_next_one_is_whole(server: Server) -> None:
    before = server.answer("list")["bases"]
    with server.held(DUMP_SENT, "run"):
        server.kill("run")
    assert server.answer("list")["bases"] == before
    assert server.base()["id"] > before[0]["id"]
    assert server.answer("drill")["tables"] == 1
    assert server.told() == []


def test_verbs_at_the_same_time_do_their_work_or_say_what_is_at_it(server: Server) -> None:
    words = ["run", "run", "log", "log", "drill", "drill", "extract"]
    with ThreadPoolExecutor(len(words)) as pool:
        specs = [ExtractSpec(("shop",)) if word == "extract" else None for word in words]
        said = list(pool.map(server.backup, words, specs))
    refusals = [error for answer, error in said if answer is None]
    assert all("wait until that has ended" in error for error in refusals), refusals
    assert any("a drill or an extraction is under way" in error for error in refusals), refusals
    done = {word for word, (answer, _) in zip(words, said, strict=True) if answer is not None}
    assert done > {"run", "log"} and done & {"drill", "extract"}
    assert server.told() == []
    assert server.answer("list")["bases"][0]["gap"] == ""


def test_a_dropped_database_is_back_as_of_the_second_before_with_its_users(server: Server) -> None:
    server.base()
    server.pair.sql("insert into shop.item values (8)")
    moment = server.now()
    server.pair.sql("drop database shop; drop user joe")
    server.answer("log")
    wrong = RepositorySpec("another-key-of-enough-characters", "", FOLDER, "")
    assert "this key does not open" in server.refusal("restore", RestoreSpec(wrong, at=moment))
    # The power is cut while the log is replayed: until then, and after it, nobody is let in.
    spec = RestoreSpec(BACKUPS.repository, at=moment)
    with server.held(LOADED, "restore", spec), server.locked("shop.item"):
        on(server.pair, "server", f"rm -f {HOLD}")
        waiting = "select count(*) from information_schema.processlist where state like 'Waiting for%'"
        wait_for(lambda: server.pair.sql(waiting) == "1", seconds=60, pause=0.1)
        assert OFFLINE in server.pair.as_root("server", JOE).stderr
        server.crash()
    assert OFFLINE in server.pair.as_root("server", JOE).stderr
    for word in ("run", "log"):
        assert "a restore into this server has not ended" in server.refusal(word)
    # The next one is killed while it loads the base.
    with server.held(DUMP_READ, "restore", spec):
        server.kill("restore")
    assert server.pair.sql("select @@offline_mode, @@event_scheduler") == "1\tOFF"
    # Two at once: the second finds what the first has done.
    with ThreadPoolExecutor(2) as pool:
        facts = list(pool.map(server.answer, ["restore"] * 2, [spec] * 2))
    assert {(fact["restored_to"], fact["already"]) for fact in facts} == {(moment, False), (moment, True)}
    assert server.rows() == "1 2 3 4 5 6 7 8"
    assert server.pair.as_root("server", JOE).stdout.strip() == "8"
    assert server.pair.sql("select @@offline_mode, @@event_scheduler") == "0\tON"
    assert "was restored already" in server.refusal("restore", RestoreSpec(BACKUPS.repository))
