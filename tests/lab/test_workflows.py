"""The steps of the workflows, run on the pair as a runner runs them: the lines and variables are the workflows' own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.engine import environment
from tests.lab.pair import Pair
from tests.policy.pack import LAB_CONFIG, install
from tests.unit.workflows import steps

STEPS = {
    "preview": steps.step("preview", "tools.ci.preview"),
    "deploy": steps.step("deploy", "tools.ci.deploy"),
    "drift": steps.step("drift", "tools.ci.drift"),
}
ALLOWED, REFUSED, NO_REPORT, STOPPED, FAILED = 0, 1, 2, 3, 4
DROPPED = {"databases": {"app": {}, "spare": {"drop": True}}}
OPTION_FILE = "/etc/mysql/conf.d/mysql-pair.cnf"
RACE = """#!/bin/sh
# pulumi; but as soon as the plan is made, somebody else brings the stack up from another config.
{real} "$@"; code=$?
case "$*" in "preview --json"*)
    cp "$CONFIG" "$CONFIG.mine"
    {real} config set --path mysqlSettings.max_connections 300 >&2
    {real} up --yes --skip-preview --non-interactive --color never >&2
    mv "$CONFIG.mine" "$CONFIG" ;;
esac
exit $code
"""


def run(pair: Pair, name: str, folder: Path, **given: str) -> steps.Done:
    """Run a step on the lab's stack, with the pack's config of the lab unless another is given."""
    of = STEPS[name]
    if name == "preview":  # the report is written beside the test's other files, not into the work tree
        line = of.line.replace("report.md", str(folder / "report.md"))
        of = steps.Step(of.workflow, of.job, {"run": line}, of.environment)
    own = environment.variables(pair.lab)
    backend = own["PULUMI_BACKEND_URL"]
    variables = {
        "STACK": pair.lab.name,
        "POLICY_CONFIG": str(LAB_CONFIG),
        "LABELS": "[]",
        "PULUMI_BACKEND_URL": backend,
    }
    return steps.execute(of, folder, variables | given, own)


@pytest.fixture(scope="module", autouse=True)
def pack(pair: Pair) -> None:
    """The policy pack, installed."""
    install(environment.variables(pair.lab))


@pytest.mark.parametrize(
    ("values", "given", "code", "said"),
    [
        (DROPPED, {}, STOPPED, "**Stopped: data-loss.**"),
        (DROPPED, {"LABELS": '["data-loss-agreed"]', "POLICY_CONFIG": ""}, REFUSED, "**Refused by the policy pack**"),
        ({"serverPublic": "perhaps"}, {}, NO_REPORT, "**There is no report: the preview failed.**"),
    ],
    ids=["a gate", "the policy pack", "a fault in config"],
)
def test_a_preview_that_is_not_allowed_is_reported_all_the_same(
    pair: Pair, tmp_path: Path, values: Mapping[str, object], given: dict[str, str], code: int, said: str
) -> None:
    with pair.config_kept():
        pair.configure(values)
        done = run(pair, "preview", tmp_path, **given)
    assert done.code == code, done.log
    report = (tmp_path / "report.md").read_text()
    assert report.startswith(said)
    assert ("`database-spare`" in report) == (code != NO_REPORT), "what would change is told"
    assert ("- [mandatory]  protected-data" in report) == (code == REFUSED)
    assert done.summary.strip() == report.strip()


def test_a_plan_that_an_update_from_elsewhere_outran_is_refused_and_the_next_one_applied(
    pair: Pair, tmp_path: Path
) -> None:
    before = pair.sql("select @@global.max_connections")
    own = environment.variables(pair.lab)
    racing = tmp_path / "pulumi"
    racing.write_text(RACE.format(real=f"{pair.lab.bin}/pulumi"))
    racing.chmod(0o755)
    # A home that is written in another way is taken for one of the caller's own: PATH stays as it is given.
    own |= {"PATH": f"{tmp_path}:{own['PATH']}", "PULUMI_HOME": f"{own['PULUMI_HOME']}/"}
    done = run(pair, "deploy", tmp_path, **own, CONFIG=str(pair.lab.stack_config))
    assert done.code == FAILED, done.log
    assert "violates plan: properties changed: " in done.log
    assert done.summary.startswith("**Nothing changes**"), "so said the plan"
    assert pair.sql("select @@global.max_connections") == "300", "nothing was undone that the plan did not have"

    done = run(pair, "deploy", tmp_path)
    assert done.code == ALLOWED, done.log
    assert "`max_connections`" in done.summary and done.summary.endswith("Applied.\n\n")
    assert pair.sql("select @@global.max_connections") == before
    assert pair.unchanged()


def test_drift_is_counted_and_a_stack_that_cannot_be_told_fails_the_run(pair: Pair, tmp_path: Path) -> None:
    taken = pair.ssh("client-1", f"sudo mv {OPTION_FILE} /root/taken")
    try:
        assert taken.returncode == 0, taken.stderr
        done = run(pair, "drift", tmp_path)
    finally:
        pair.ssh("client-1", f"sudo mv /root/taken {OPTION_FILE}")
    assert (done.code, done.files["GITHUB_OUTPUT"]) == (0, "differences=1\n"), done.log
    assert OPTION_FILE in done.summary

    done = run(pair, "drift", tmp_path, STACK="nowhere")
    assert (done.code, done.files["GITHUB_OUTPUT"]) == (1, "")
    assert "could not be told" in done.summary and "nowhere" in done.log
