"""Backups by the whole program: a bucket on the lab's S3, base, log and drill, and a second stack restored from them.

The agent's own part is tested in test_backup_agent.py, into a folder of the server's.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from lab.engine.pulumi_shim import OPTION
from lab.testing import s3
from lab.testing.project import Project
from tests import PROJECT_ROOT
from tests.lab.backed import Backed
from tests.lab.pair import Pair, run

WRONG_KEY = "another-key-of-enough-signs"


@pytest.fixture(scope="module")
def backed(pair: Pair) -> Iterator[Backed]:
    outputs = pair.outputs()
    backed = Backed(pair, outputs["backup_bucket"], outputs["backup_prefix"])
    pair.sql("CREATE DATABASE shop; CREATE TABLE shop.orders (id INT PRIMARY KEY, what TEXT)")
    pair.sql("INSERT INTO shop.orders VALUES (1, 'in the base')")
    yield backed
    pair.sql("DROP DATABASE IF EXISTS shop")


def test_a_base_is_in_the_bucket_encrypted_and_the_log_follows(backed: Backed) -> None:
    assert "is in the bucket" in backed.well("backup")
    newest, listed = json.loads(backed.well("backups", "--json"))["bases"][0], backed.listed()["bases"][0]
    # Between both, more of the log may have been sent.
    assert {**newest, "latest": ""} == {**listed, "latest": ""}
    kept = s3.keys(backed.pair.lab, backed.bucket, f"{backed.prefix}/bases/{newest['id']}")
    assert len(kept) == 2
    folder = s3.control(backed.pair.lab).paths.buckets / backed.bucket
    assert not any(b"in the base" in (folder / key).read_bytes() for key in kept)
    backed.pair.sql("INSERT INTO shop.orders VALUES (2, 'in the log')")
    moment = backed.now()
    backed.pair.sql("INSERT INTO shop.orders VALUES (3, 'after it')")
    backed.sent(moment)


def test_a_drill_passes_and_there_is_no_drift(backed: Backed) -> None:
    assert "the drill passed" in backed.well("drill")
    assert backed.well("drift").splitlines()[0] == "no drift detected"


def test_whoever_has_the_server_can_add_files_and_delete_none(backed: Backed) -> None:
    key = s3.keys(backed.pair.lab, backed.bucket, f"{backed.prefix}/bases/")[0]
    for words in (["deletefile", f":s3:{backed.bucket}/{key}"], ["purge", f":s3:{backed.bucket}/{backed.prefix}"]):
        code, said = backed.rclone(*words)
        assert code != 0 and "AccessDenied" in said, said
    assert key in s3.keys(backed.pair.lab, backed.bucket)
    # Written over, the former version stays.
    code, said = backed.rclone("copyto", "/etc/hostname", f":s3:{backed.bucket}/{backed.prefix}/mine")
    assert code == 0, said
    code, said = backed.rclone("copyto", "/etc/passwd", f":s3:{backed.bucket}/{backed.prefix}/mine")
    assert code == 0, said
    assert len(s3.versions(backed.pair.lab, backed.bucket, f"{backed.prefix}/mine")) == 2
    code, said = backed.rclone("copyto", "/etc/hostname", f":s3:{backed.bucket}/elsewhere")
    assert code != 0 and "Forbidden" in said, said


def test_a_table_is_had_back_beside_the_running_server(backed: Backed, tmp_path: Path) -> None:
    at = backed.now()
    backed.pair.sql("DELETE FROM shop.orders")
    backed.send()
    file = tmp_path / "orders.sql"
    assert f"as of {at[:4]}" in backed.well("extract", "shop", "orders", "--at", at, "--output", str(file))
    assert "in the base" in file.read_text() and "in the log" in file.read_text()
    assert backed.pair.sql("SELECT COUNT(*) FROM shop.orders") == "0"
    assert backed.pair.as_root("server", "mysql shop", stdin=file.read_text()).returncode == 0
    assert backed.pair.sql("SELECT COUNT(*) FROM shop.orders") == "3"
    assert backed.pair.as_root("server", "find /var/lib/mysql-pair/extracts -type f").stdout == ""


def test_s3_may_be_away_and_nothing_is_lost(backed: Backed, tmp_path: Path) -> None:
    with s3.away(backed.pair.lab):
        backed.pair.sql("INSERT INTO shop.orders VALUES (4, 'while it was away')")
        code, said = backed.verb("backup")
        assert code != 0 and "S3 cannot be reached" in said
        code, said = backed.verb("drift")
        assert code == 2 and "S3 cannot be reached" in said
        within = backed.now()
        backed.pair.sql("INSERT INTO shop.orders VALUES (5, 'later, and still away')")
    moment = backed.now()
    backed.pair.sql("INSERT INTO shop.orders VALUES (6, 'afterwards')")
    backed.send()
    assert backed.is_sent(moment)
    assert backed.listed()["bases"][0]["gap"] == ""
    file = tmp_path / "orders.sql"
    backed.well("extract", "shop", "orders", "--at", within, "--output", str(file))
    assert "while it was away" in file.read_text() and "still away" not in file.read_text()
    backed.well("backup")
    assert backed.well("drift").splitlines()[0] == "no drift detected"


def test_access_that_is_taken_away_is_told_and_is_drift(backed: Backed) -> None:
    with s3.access_taken_away(backed.pair.lab):
        code, said = backed.verb("backup")
        assert code != 0 and "role" in said and "denied" in said.lower(), said
        code, said = backed.verb("drift")
        assert code == 2 and "backups-policy" in said and "failed: " in said, said
    backed.well("backup")


def test_a_changed_byte_fails_the_drill_and_is_drift(backed: Backed) -> None:
    newest = backed.listed()["bases"][0]["id"]
    (dump,) = (
        key for key in s3.keys(backed.pair.lab, backed.bucket, f"{backed.prefix}/bases/{newest}") if "dump" in key
    )
    s3.flip_byte(backed.pair.lab, backed.bucket, dump, -20)
    try:
        code, said = backed.verb("drill")
        assert code != 0 and newest in said, said
        code, said = backed.verb("drift")
        assert code == 2 and "drill" in said and "failed: " in said, said
    finally:
        s3.flip_byte(backed.pair.lab, backed.bucket, dump, -20)
    backed.well("drill")


@dataclass(frozen=True)
class Second(Project):
    """A second stack of the program in the pair's VPC, with a config file of its own."""

    def sql(self, statement: str) -> str:
        """Run a statement as MySQL's root on this stack's server."""
        words = ("scripts", "ssh", "server", "--stack", "second", "--", "sudo mysql --batch --skip-column-names")
        done = self.python(*words, stdin=statement)
        assert done[0] == 0, done[1]
        return done[1].strip()

    def python(self, module: str, *words: str, stdin: str = "") -> tuple[int, str]:
        """Run a module in this stack's environment; return exit code and output."""
        done = self._line(f"{sys.executable} -m {module} {' '.join(map(_quoted, words))}", stdin)
        return done.returncode, done.stdout or done.stderr

    def keep_secret(self, key: str, value: str) -> None:
        """Set a secret in the stack's config."""
        done = self._line(f"pulumi config set --secret {key}", value)
        assert done.returncode == 0, done.stderr

    def _line(self, line: str, stdin: str) -> subprocess.CompletedProcess[str]:
        variables = " ".join(f"{name}={value}" for name, value in self.more.items())
        environment = f'eval "$({sys.executable} -m lab env --lab {self.lab.name})"; export {variables}'
        return run("bash", "-c", f"{environment}; {line}", stdin=stdin)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


@contextmanager
def second_stack(pair: Pair, folder: Path, restore: dict[str, str], key: str) -> Iterator[Second]:
    """Make the stack; at the end it is destroyed and removed."""
    exported = json.loads(pair.done("stack", "export"))["deployment"]["resources"]
    ids = {resource["urn"].split("::")[-1]: resource.get("id") for resource in exported if resource.get("id")}
    given = yaml.safe_load(pair.lab.stack_config.read_text())["config"]
    kept = ("aws:region", *(f"mysql-pair:{key}" for key in ("operatorCidrs", "sshPublicKey", "backupKeep")))
    own = {
        "terminationProtection": False,
        "dataVolumeKeep": False,
        "vpcId": ids["network-vpc"],
        "serverSubnetId": ids["network-private-1"],
        "clients": [{"name": "client", "subnetId": ids["network-public-1"]}],
        "restoreFrom": restore,
    }
    file = folder / "Pulumi.second.yaml"
    config = {name: given[name] for name in kept} | {f"mysql-pair:{name}": value for name, value in own.items()}
    file.write_text(yaml.safe_dump({"config": config}))
    second = Second(pair.lab, PROJECT_ROOT, {OPTION: str(file), "PULUMI_STACK": "second"})
    second.done("stack", "init", "second", "--no-select")
    try:
        second.keep_secret("sshPrivateKey", (pair.lab.folder / "operator-key").read_text())
        second.keep_secret("restoreKey", key)
        yield second
    finally:
        destroyed = second.pulumi("destroy", "--yes", "--skip-preview")
        second.done("stack", "rm", "second", "--yes", "--force")
        # To remove any stack deselects the one that is selected.
        pair.done("stack", "select", pair.lab.name)
        assert destroyed.returncode == 0, destroyed.stdout + destroyed.stderr


def test_a_dropped_database_is_undone_by_a_second_stack_that_has_the_key(backed: Backed, tmp_path: Path) -> None:
    backed.pair.sql("INSERT INTO shop.orders VALUES (7, 'the last')")
    rows = backed.pair.sql("SELECT * FROM shop.orders ORDER BY id")
    before = backed.now()
    backed.pair.sql("DROP DATABASE shop")
    backed.send()
    source = {"bucket": backed.bucket, "prefix": backed.prefix, "at": before}
    with second_stack(backed.pair, tmp_path, source, WRONG_KEY) as second:
        said = second.failing_up()
        assert "server-restored" in said and "key" in said, said
        second.keep_secret("restoreKey", backed.pair.outputs()["backup_key"])
        second.up()
        assert second.sql("SELECT * FROM shop.orders ORDER BY id") == rows
        outputs = second.outputs()
        assert outputs["backup_bucket"] != backed.bucket
        assert second.python("scripts", "drift", "--stack", "second")[0] == 0
