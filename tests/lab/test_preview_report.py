"""Reports of real previews: each kind of change is configured, previewed, reported and put back; nothing is brought up.

What they say is in golden_reports/, a file a kind. After a change of the report that is meant, write them anew and look
at what `git diff` says of them:

    MYSQL_PAIR_WRITE_GOLDEN=1 .venv/bin/python -m pytest tests/lab/test_preview_report.py

Addresses of the lab, the volume's id and the stack's name are another one in each lab, so the files have 10.0.,
192.0.2.1, vol-0123456789abcdef0 and `stack`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.lab.canaries import Search, canary
from tests.lab.pair import Pair, run
from tests.lab.secret_config import set_secret

GOLDEN = Path(__file__).parent / "golden_reports"
WRITE = os.environ.get("MYSQL_PAIR_WRITE_GOLDEN") == "1"
GATES = "data-loss,exposure"
REPORTED, FAILED, STOPPED = 0, 2, 3

APP = {"grants": [{"database": "app", "privileges": ["ALL"]}]}
REPORT = {"roles": ["reading"]}
OWN = {"grants": [{"database": "shop", "privileges": ["SELECT", "INSERT"]}]}
CLIENT, BATCH = {"name": "client"}, {"name": "batch", "public": False}
READING = {"grants": [{"database": "shop", "privileges": ["SELECT"]}]}
KMS_KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BASE: dict[str, object] = {
    "databases": {"app": {}, "shop": {}, "spare": {}},
    "roles": {"reading": READING},
    "users": {"app": APP, "report": REPORT, "own": OWN},
    "passwordGenerations": {"report": 2},
    "clients": [CLIENT, BATCH],
}
"""What is up: enough that each kind of change has something to change."""


@dataclass(frozen=True)
class Change:
    """A kind of change: the config values it sets, and how the report's command ends."""

    name: str
    values: Mapping[str, object] = field(default_factory=dict)
    code: int = REPORTED
    secret: str = ""
    """A path in config that gets a new secret."""
    flags: tuple[str, ...] = ()
    """Of the preview."""


ROTATION = Change("a rotation", {"passwordGenerations": {"report": 2, "app": 2}}, flags=("--show-secrets",))
CHANGES = [
    Change("nothing"),
    Change("a dynamic setting", {"mysqlSettings": {"max_connections": 200}}),
    Change("a static setting", {"mysqlSettings": {"back_log": 99}}),
    Change("the server replaced", {"serverPrivateIp": "10.0.0.20"}),
    Change("the data volume grown", {"dataVolumeSize": 32}),
    Change("the data volume replaced", {"dataVolumeKmsKey": KMS_KEY}, STOPPED),
    Change("a database dropped", {"databases": {"app": {}, "shop": {}, "spare": {"drop": True}}}, STOPPED),
    Change("a database taken out", {"databases": {"app": {}, "shop": {}}}),
    Change("a user added", {"users": {"app": APP, "report": REPORT, "own": OWN, "new": APP}}),
    Change("a user taken out", {"users": {"app": APP, "own": OWN}, "passwordGenerations": {}}),
    Change("a grant changed", {"roles": {"reading": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}}),
    Change("a user locked", {"users": {"app": APP, "report": {**REPORT, "locked": True}, "own": OWN}}),
    Change("a rename", {"users": {"app": {**APP, "name": "application"}, "report": REPORT, "own": OWN}}),
    ROTATION,
    Change("a finish of a rotation", {"finishedGenerations": {"report": 2}}),
    Change("a password from config", secret="userPasswords.own"),
    Change("a client more", {"clients": [{**CLIENT, "count": 2}, BATCH]}),
    Change("a client group taken out", {"clients": [CLIENT]}),
    Change("the instance type", {"serverInstanceType": "t3.large"}),
    Change("the volume grown", {"serverVolumeSize": 32}),
    Change("the server made public", {"serverPublic": True}, STOPPED),
    Change("a security group admitted", {"admittedSecurityGroupIds": ["sg-0123456789abcdef0"]}, STOPPED),
    Change("the operators", {"operatorCidrs": ["198.51.100.0/24"]}, STOPPED),
    Change("a failed preview", {"serverPublic": "perhaps"}, FAILED),
]


@dataclass(frozen=True)
class Bench:
    """The pair as it is up, and what is particular to its lab."""

    pair: Pair
    local: Mapping[str, str]
    """What stands in golden files, and what stands there in this lab."""
    search: Search
    previewed: dict[str, subprocess.CompletedProcess[str]] = field(default_factory=dict)
    """By the change's name."""

    def preview(self, change: Change) -> subprocess.CompletedProcess[str]:
        """Preview a change, once, and put config back."""
        if change.name not in self.previewed:
            self.previewed[change.name] = self._preview(change)
        return self.previewed[change.name]

    def _preview(self, change: Change) -> subprocess.CompletedProcess[str]:
        values = json.dumps(change.values).replace('"10.0.', f'"{self.local["10.0."]}')
        with self.pair.config_kept():
            self.pair.configure(json.loads(values))
            if change.secret:
                set_secret(self.pair, change.secret, canary())
            return self.pair.pulumi("preview", "--json", "--show-sames", *change.flags)

    def general(self, text: str) -> str:
        """Return a text as it would be in any lab."""
        for golden, here in self.local.items():
            text = text.replace(here, golden)
        return text


def file_of(change: Change) -> Path:
    """Return the golden file of a kind of change."""
    return GOLDEN / f"{change.name.replace(' ', '_')}.md"


def report(previewed: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the verb on what a preview printed."""
    return run(sys.executable, "-m", "scripts", "preview-report", "-", *words, stdin=previewed)


@pytest.fixture(scope="module")
def bench(pair: Pair) -> Iterator[Bench]:
    """The stack that is changed, up. Its own password is searched for, and all that the program made."""
    config = yaml.safe_load(pair.lab.stack_config.read_text())["config"]
    operator = str(json.loads(config["mysql-pair:operatorCidrs"])[0])
    local = {
        "10.0.": ".".join(str(config["mysql-pair:vpcCidr"]).split(".")[:2]) + ".",
        "192.0.2.1/32": operator,
        "tack `stack`": f"tack `{pair.lab.name}`",
        "vol-0123456789abcdef0": pair.outputs()["data_volume_id"],
    }
    with pair.configured(**BASE):
        password = canary()
        set_secret(pair, "userPasswords.own", password)
        pair.up()
        secrets = {"own": password}
        for user, url in pair.outputs()["connection_strings"].items():
            secrets[f"the URL of {user}"] = url
            secrets.setdefault(user, url.split(":")[2].partition("@")[0])
        yield Bench(pair, local, Search(secrets))
    pair.sql("drop database if exists shop; drop database if exists spare")


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_report_says_what_the_golden_file_says(bench: Bench, change: Change) -> None:
    previewed = bench.preview(change)
    assert (previewed.returncode == 0) == (change.code != FAILED), previewed.stderr
    done = report(previewed.stdout, "--fail-on", GATES)
    assert done.returncode == change.code, done.stderr
    assert bool(done.stdout) == (change.code != FAILED), "never half a report"
    bench.search.look("the report", (done.stdout + done.stderr).encode())
    assert not bench.search.found
    said = bench.general(done.stdout or done.stderr)
    file = file_of(change)
    if WRITE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(said)
    assert said == file.read_text()


def test_there_is_no_golden_file_without_a_change() -> None:
    assert set(GOLDEN.iterdir()) == {file_of(change) for change in CHANGES}


def test_a_preview_that_shows_secrets_is_reported_without_them(bench: Bench) -> None:
    previewed = bench.preview(ROTATION)
    assert previewed.returncode == 0, previewed.stderr
    # Engine 3.259 hides them in JSON all the same; another one may not.
    own = bench.search.needles["own", "plain"].decode()
    shown = previewed.stdout.replace("[secret]", own)
    assert own in shown, "there is something to find"
    done = report(shown)
    bench.search.look("the report", (done.stdout + done.stderr).encode())
    assert not bench.search.found
    assert bench.general(done.stdout) == file_of(ROTATION).read_text()
