"""The steps with a stand-in for pulumi: what is asked of it, in which order, and what the exit code says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.testing.processes import wait_for
from tests import PROJECT_ROOT
from tests.unit.preview.steps import IN, INSTANCE, printed, rule, step
from tests.unit.workflows import steps

PULUMI = """#!/bin/sh
printf '%s|' "$@" >>"$BENCH/asked"; pwd >>"$BENCH/asked"
case "$*" in
"preview --json"*)
    for word; do
        case $word in */plan.json) echo planned >"$word"; ls -ld "$(dirname "$word")" >"$BENCH/folder" ;; esac
    done
    cat "$BENCH/preview.json"; exit "$(cat "$BENCH/preview.code")" ;;
preview*) cat "$BENCH/policies"; exit "$(cat "$BENCH/policies.code")" ;;
up*) echo "the plan is there: $(cat "$3")"; exit "$(cat "$BENCH/up.code")" ;;
esac
"""
VIOLATED = """Previewing update (dev):
Policies:
    \u274c mysql-pair@v1.0.0 (local: policy)
        - [mandatory]  protected-data  (aws:ec2:Instance: server-instance)
          EC2 may terminate it

Resources:
    58 unchanged
"""
SATISFIED = "Policies:\n    \u2705 mysql-pair@v1.0.0 (local: policy)\n\nResources:\n"
QUIET = printed(step("same", INSTANCE, "server-instance", {}, {}))
LOSS = printed(step("delete", INSTANCE, "server-instance", {"instanceType": "t3.small"}))
OPENED = printed(step("create", IN, "firewall-server-mysql", None, rule("sg-0123456789abcdef0")))
FAILED = json.dumps({"steps": [], "diagnostics": [{"severity": "error", "message": "operatorCidrs: not set"}]})
ALLOWED, REFUSED, NO_REPORT, STOPPED, FAILED_UP = 0, 1, 2, 3, 4
HEADS = {
    ALLOWED: "",
    REFUSED: "**Refused by the policy pack**",
    NO_REPORT: "**There is no report: the preview failed.**",
    STOPPED: "**Stopped: ",
}


class Bench:
    """A folder with a stand-in for pulumi in it, its answers, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program("pulumi", PULUMI)
        self.answer(QUIET)

    def program(self, name: str, text: str) -> None:
        """Put a program first on PATH."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def answer(self, preview: str, policies: str = SATISFIED, policies_code: int = 0, up: int = 0) -> None:
        """Say what pulumi prints and how it ends."""
        for name, text in {
            "preview.json": preview,
            "preview.code": "1" if preview in (FAILED, "") else "0",
            "policies": policies,
            "policies.code": str(policies_code),
            "up.code": str(up),
        }.items():
            (self.folder / name).write_text(text)

    def asked(self) -> list[list[str]]:
        """Return the words of each call of pulumi, and the folder it was called in."""
        return [line.split("|") for line in (self.folder / "asked").read_text().splitlines()]

    def run(self, workflow: str, words: str, **given: str) -> steps.Done:
        """Run a step of a workflow."""
        # A runner's python3 is a Python; a developer's may be a script that looks for one.
        path = f"{self.folder}:{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"
        base = {**os.environ, "BENCH": str(self.folder), "PATH": path}
        variables = {"STACK": "dev", "PULUMI_BACKEND_URL": "", "POLICY_CONFIG": "", "LABELS": "[]", **given}
        of = steps.step(workflow, words)
        if words.endswith("preview report.md"):
            of = steps.Step(of.workflow, of.job, {"run": of.line.replace("report.md", self.report)}, of.environment)
        return steps.execute(of, self.folder, variables, base, anew=False)

    @property
    def report(self) -> str:
        """Where the report is written, out of the work tree."""
        return str(self.folder / "report.md")

    def preview(self, **given: str) -> steps.Done:
        return self.run("preview", "tools.ci.preview report.md", **given)

    def deploy(self, **given: str) -> steps.Done:
        return self.run("deploy", "tools.ci.deploy", **given)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def labels(*names: str) -> str:
    return json.dumps(names)


ROWS = [
    ("nothing", QUIET, 0, "[]", ALLOWED),
    ("data is lost", LOSS, 0, "[]", STOPPED),
    ("data is lost, by agreement", LOSS, 0, labels("data-loss-agreed"), ALLOWED),
    ("data is lost, another label", LOSS, 0, labels("exposure-agreed", "data-loss"), STOPPED),
    ("reach is opened", OPENED, 0, "[]", STOPPED),
    ("reach is opened, by agreement", OPENED, 0, labels("it's fine, $(id)", "exposure-agreed"), ALLOWED),
    ("a policy is violated", QUIET, 255, "[]", REFUSED),
    ("a policy is violated, agreed or not", LOSS, 255, labels("data-loss-agreed"), REFUSED),
    ("the preview failed", FAILED, 0, "[]", NO_REPORT),
    ("pulumi printed nothing", "", 0, "[]", NO_REPORT),
]  # fmt: skip


@pytest.mark.parametrize(("preview", "policies", "label", "code"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_a_preview_ends_with_the_code_that_its_report_says(
    bench: Bench, preview: str, policies: int, label: str, code: int
) -> None:
    bench.answer(preview, VIOLATED if policies else SATISFIED, policies)
    done = bench.preview(LABELS=label)
    assert done.code == code, done.log
    report = Path(bench.report).read_text()
    assert report.startswith(HEADS[code] or "**") and (code == ALLOWED or report.startswith(HEADS[code]))
    assert done.summary.strip() == report.strip()
    assert ("[mandatory]  protected-data" in report) == bool(policies)
    assert ("log" in report) == (code == NO_REPORT)
    assert not list(PROJECT_ROOT.glob("preview*.json")), "what pulumi printed is in no file"


def test_a_report_says_with_which_label_one_agrees(bench: Bench) -> None:
    bench.answer(LOSS)
    bench.preview()
    assert (
        "**Stopped: data-loss.** It goes on once somebody agrees: `data-loss-agreed`." in Path(bench.report).read_text()
    )


def test_why_a_preview_failed_is_in_the_log_and_in_no_comment(bench: Bench) -> None:
    bench.answer(FAILED)
    done = bench.preview()
    assert "operatorCidrs: not set" in done.log
    assert "operatorCidrs" not in Path(bench.report).read_text()


def test_a_pack_that_cannot_be_asked_is_no_violated_rule(bench: Bench) -> None:
    for told in ("error: could not load the policy pack\n", VIOLATED.replace("mandatory", "advisory")):
        bench.answer(QUIET, told, 255)
        assert bench.preview().code == REFUSED
        assert Path(bench.report).read_text().startswith("**The policy pack could not be asked.**")


def test_advice_of_the_pack_is_told_and_stops_nothing(bench: Bench) -> None:
    bench.answer(QUIET, VIOLATED.replace("mandatory", "advisory"))
    assert bench.preview().code == ALLOWED
    assert "- [advisory]  protected-data" in Path(bench.report).read_text()


def test_a_gate_that_there_is_not_is_a_fault(bench: Bench) -> None:
    done = bench.preview(FAIL_ON="data-los")
    assert done.code == 1
    assert "FAIL_ON is 'data-los': it takes data-loss, exposure" in done.log


def test_the_pack_is_asked_with_its_config_where_there_is_one(bench: Bench) -> None:
    bench.preview(POLICY_CONFIG="policy/lab.json")
    (_, asked) = bench.asked()
    assert asked[asked.index("--policy-pack") :][:4] == [
        "--policy-pack", "policy", "--policy-pack-config", "policy/lab.json",
    ]  # fmt: skip
    assert asked[-1] == str(PROJECT_ROOT)


def test_a_deployment_applies_its_plan_and_nothing_is_left_of_it(bench: Bench) -> None:
    bench.answer(OPENED)
    done = bench.deploy()
    assert done.code == ALLOWED, done.log
    first, _, up = bench.asked()
    plan = first[first.index("--save-plan") + 1]
    assert up[:3] == ["up", "--plan", plan] and "--yes" in up and "--policy-pack" in up
    assert "the plan is there: planned" in done.log
    assert not Path(plan).parent.exists()
    assert (bench.folder / "folder").read_text().startswith("drwx------")
    assert done.summary.startswith("**Reach is opened.**") and done.summary.endswith("Applied.\n\n")


@pytest.mark.parametrize(
    ("preview", "policies", "code"),
    [(LOSS, 0, STOPPED), (QUIET, 255, REFUSED), (FAILED, 0, NO_REPORT)],
    ids=["data is lost", "a policy is violated", "the preview failed"],
)
def test_a_deployment_that_is_not_allowed_applies_nothing(bench: Bench, preview: str, policies: int, code: int) -> None:
    bench.answer(preview, VIOLATED if policies else SATISFIED, policies)
    done = bench.deploy()
    assert done.code == code
    assert not [call for call in bench.asked() if call[0] == "up"]
    assert done.summary.startswith(HEADS[code])
    assert "nothing was applied" in done.log
    assert ("*Run workflow*" in done.summary) == (code == STOPPED)


def test_an_update_that_fails_is_told(bench: Bench) -> None:
    bench.answer(QUIET, up=255)
    done = bench.deploy()
    assert done.code == FAILED_UP
    assert done.summary.endswith(f"**`pulumi up` failed.** How far it got is in [the log]({steps.PAGE}).\n\n")


@pytest.mark.parametrize(("workflow", "words"), [("deploy", "tools.ci.deploy"), ("preview", "tools.ci.preview")])
def test_without_pulumi_the_step_says_so(bench: Bench, workflow: str, words: str) -> None:
    """The rest of PATH is cut off, as this machine may have one."""
    of = steps.step(workflow, words)
    given = {"STACK": "dev", "PULUMI_BACKEND_URL": "", "POLICY_CONFIG": "", "LABELS": "[]"}
    done = steps.execute(of, bench.folder, given, {"PATH": "/usr/bin:/bin"})
    assert (done.code, done.log) == (1, "there is no `pulumi` on PATH\n")


def test_packages_of_program_and_pack_are_installed(bench: Bench) -> None:
    """The program's are there already in the tests, so that nothing is fetched."""
    done = bench.run("deploy", "tools/ci/install")
    assert done.code == 0, done.log
    assert bench.asked() == [["install", str(PROJECT_ROOT / "policy")]]


def test_as_root_keeps_path_and_caches(bench: Bench) -> None:
    """sudo has a PATH of its own; the stand-in forgets the caller's as it does."""
    bench.program("sudo", '#!/bin/sh\nexec env -i PATH=/usr/bin:/bin "$@"\n')
    bench.program("make", '#!/bin/sh\necho "$*|$XDG_CACHE_HOME"\n')
    done = bench.run("checks", "as-root make test", HOME="/home/somebody")
    assert (done.code, done.log) == (0, "test|/home/somebody/.cache\n")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True, timeout=30)
    return file


def variables(done: steps.Done) -> dict[str, str]:
    """Return what a step gives the steps behind it."""
    return dict(line.split("=", 1) for line in done.files["GITHUB_ENV"].splitlines())


@pytest.mark.parametrize("workflow", ["deploy", "drift"])
def test_the_steps_behind_have_the_key_in_an_agent_and_nowhere_else(bench: Bench, workflow: str, key: Path) -> None:
    done = bench.run(workflow, "ssh-agent start", SSH_PRIVATE_KEY=key.read_text().strip())
    behind = variables(done)
    try:
        assert (done.code, done.log) == (0, "")
        listed = subprocess.run(["ssh-add", "-L"], env={**os.environ, **behind}, capture_output=True, text=True)
        assert listed.stdout.split()[1] == key.with_suffix(".pub").read_text().split()[1]
        agent = Path("/proc") / behind["SSH_AGENT_PID"]
        assert b"PRIVATE KEY" not in (agent / "environ").read_bytes() + (agent / "cmdline").read_bytes()
        assert behind.keys() == {"SSH_AUTH_SOCK", "SSH_AGENT_PID"}
    finally:
        assert bench.run(workflow, "ssh-agent end", **behind).code == 0
    # The agent, told to end, removes it.
    wait_for(lambda: not Path(behind["SSH_AUTH_SOCK"]).exists(), seconds=20)


def test_a_key_that_the_agent_does_not_take_is_told_without_it(bench: Bench, key: Path) -> None:
    half = key.read_text()[:200]
    done = bench.run("deploy", "ssh-agent start", SSH_PRIVATE_KEY=half)
    assert done.code == 1
    assert "ssh-add does not take SSH_PRIVATE_KEY" in done.log
    assert half.splitlines()[1][:30] not in done.log
    assert variables(done) == {}


def test_without_a_key_there_is_no_agent(bench: Bench) -> None:
    done = bench.run("drift", "ssh-agent start", SSH_PRIVATE_KEY="")
    assert (done.code, done.log) == (0, "no SSH_PRIVATE_KEY: the stack's own key is used\n")
    assert variables(done) == {}
    assert bench.run("drift", "ssh-agent end").code == 0
