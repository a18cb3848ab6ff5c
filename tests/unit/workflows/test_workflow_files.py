"""What each workflow may do, what it runs and whose code: tables that the files have to agree with."""

from __future__ import annotations

import importlib
import os
import re

import pytest

from tests import PROJECT_ROOT
from tests.unit.workflows.steps import EXPRESSION, FILES, ON, RUNNER, Step, jobs, read, step, steps

READ = {"contents": "read"}
PERMISSIONS = {
    ("checks", "quick"): READ,
    ("checks", "lab"): READ,
    ("preview", "preview"): READ | {"id-token": "write"},
    ("preview", "comment"): READ | {"pull-requests": "write"},
    ("deploy", "deploy"): READ | {"id-token": "write"},
    ("drift", "drift"): READ | {"id-token": "write"},
    ("drift", "issue"): READ | {"issues": "write"},
}
SECRETS = {
    ("preview", "python3 -m tools.ci.comment downloaded/report.md"): {"github.token"},
    ("deploy", "tools/ci/ssh-agent start"): {"secrets.SSH_PRIVATE_KEY"},
    ("drift", "tools/ci/ssh-agent start"): {"secrets.SSH_PRIVATE_KEY"},
    ("drift", "python3 -m tools.ci.issue"): {"github.token"},
}
"""Which step is given what is secret."""
TRIGGERS = {
    "checks": {"pull_request", "push"},
    "preview": {"pull_request"},
    "deploy": {"push", "workflow_dispatch"},
    "drift": {"schedule", "workflow_dispatch"},
}
CUT_OFF = {
    "checks": "${{ github.event_name == 'pull_request' }}",
    "preview": True,
    "deploy": False,
    "drift": False,
}
"""Whether a newer run ends the one that is under way."""
ENVIRONMENTS = {("deploy", "deploy"): "production", ("drift", "drift"): "drift"}
CREDENTIALS = "aws-actions/configure-aws-credentials"
BY_THE_RUNNER = {*RUNNER, "GITHUB_API_URL", "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ENV"}
STEPS = list(steps())
RUNS = [each for each in STEPS if each.line]


def name(of: Step) -> str:
    return of.name


def test_each_job_has_the_permissions_of_the_table_and_a_workflow_has_none() -> None:
    assert {(workflow, job): each.get("permissions") for workflow, job, each in jobs()} == PERMISSIONS
    assert all(read(file)["permissions"] == {} for file in FILES)


def test_secrets_go_to_the_steps_of_the_table_and_nowhere_else() -> None:
    secret = re.compile(r"secrets\.\w+|github\.token|secrets\[")
    found = {(each.workflow, each.line): {*secret.findall(str(each.raw.get("env", {})))} for each in STEPS}
    assert {key: names for key, names in found.items() if names} == SECRETS
    everywhere = sum(len(secret.findall(file.read_text())) for file in FILES)
    assert everywhere == sum(len(names) for names in SECRETS.values()), "one stands outside the environment of a step"


def test_workflows_start_by_what_is_in_the_table() -> None:
    """`pull_request_target` and `workflow_run` are not: they would give a fork's code what is not for it."""
    assert {file.stem: set(read(file)[ON]) for file in FILES} == TRIGGERS


def test_a_forks_pull_request_starts_nothing_that_has_credentials() -> None:
    (condition,) = [each["if"] for workflow, job, each in jobs() if (workflow, job) == ("preview", "preview")]
    assert condition == "vars.STACK && github.event.pull_request.head.repo.full_name == github.repository"
    with_role = {(each.workflow, each.job) for each in STEPS if each.raw.get("uses", "").startswith(CREDENTIALS)}
    by_pull_request = {(workflow, job) for workflow, job in PERMISSIONS if "pull_request" in TRIGGERS[workflow]}
    assert with_role & by_pull_request == {("preview", "preview")}


def test_what_changes_or_logs_in_is_for_main_in_an_environment() -> None:
    found = {(workflow, job): each["environment"] for workflow, job, each in jobs() if "environment" in each}
    assert found == ENVIRONMENTS
    for workflow, job, each in jobs():
        if (workflow, job) in ENVIRONMENTS:
            assert each["if"] == "vars.STACK && github.ref == 'refs/heads/main'"


def test_what_writes_comments_runs_the_code_of_the_base_branch() -> None:
    (checkout,) = [each for each in STEPS if each.job == "comment" and "checkout" in each.raw.get("uses", "")]
    assert checkout.raw["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"


def test_runs_do_not_pile_up_and_an_update_is_never_cut_off() -> None:
    found = {file.stem: read(file)["concurrency"] for file in FILES}
    assert {name: each["cancel-in-progress"] for name, each in found.items()} == CUT_OFF
    assert all(each["group"].startswith(f"{name}-${{{{ ") for name, each in found.items())


def test_every_job_ends_by_itself() -> None:
    assert all(0 < each["timeout-minutes"] <= 120 for _, _, each in jobs())


def test_every_line_runs_in_a_shell_that_stops_at_a_fault_in_a_pipe() -> None:
    """GitHub adds `-o pipefail` where `shell: bash` is asked for, and only there."""
    assert all(read(file)["defaults"] == {"run": {"shell": "bash"}} for file in FILES)
    assert not [each.name for each in STEPS if "shell" in each.raw]


def test_actions_are_pinned_by_a_commit_that_is_the_same_everywhere() -> None:
    lines = [line.strip() for file in FILES for line in file.read_text().splitlines() if "uses:" in line]
    pinned = re.compile(r"- uses: ([\w-]+/[\w-]+)@([0-9a-f]{40})  # (v\d+\.\d+\.\d+)")
    found = [pinned.fullmatch(line) for line in lines]
    assert len(lines) == len([each for each in STEPS if "uses" in each.raw])
    assert None not in found, lines[found.index(None)]
    assert len({match.groups() for match in found if match}) == len({match[1] for match in found if match})


def test_no_checkout_leaves_its_token_in_the_work_tree() -> None:
    checkouts = [each for each in STEPS if each.raw.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == len(PERMISSIONS)
    assert all(each.raw["with"]["persist-credentials"] is False for each in checkouts)


@pytest.mark.parametrize("of", RUNS, ids=name)
def test_a_step_is_one_command_of_this_repository(of: Step) -> None:
    assert EXPRESSION not in of.line, "values go in through the environment: an expression is pasted into the shell"
    assert "\n" not in of.line.strip() and not set("|&;<>$`") & set(of.line)
    words = of.line.split()
    if words[0].startswith("tools/"):
        assert os.access(PROJECT_ROOT / words[0], os.X_OK)
    else:
        assert words[:2] in ([".venv/bin/python", "-m"], ["python3", "-m"])
        assert (PROJECT_ROOT / (words[2].replace(".", "/") + ".py")).is_file()
    if "make" in words:
        targets = re.findall(r"^([a-z-]+):", (PROJECT_ROOT / "Makefile").read_text(), re.M)
        assert words[words.index("make") + 1 :] and {*words[words.index("make") + 1 :]} <= {*targets}


@pytest.mark.parametrize("of", [each for each in RUNS if "-m tools.ci." in each.line], ids=name)
def test_a_step_is_given_every_variable_that_it_needs(of: Step) -> None:
    module = importlib.import_module(of.line.split()[2])
    assert {*module.NEEDS} - BY_THE_RUNNER <= of.environment.keys()


@pytest.mark.parametrize("workflow", ["preview", "deploy", "drift"])
def test_what_is_installed_is_installed_before_there_is_a_role(workflow: str) -> None:
    order = [each.raw.get("uses", each.line).partition("@")[0] for each in STEPS if each.workflow == workflow]
    behind = order[order.index(CREDENTIALS) :]
    assert "tools/ci/install" in order
    assert not [what for what in behind if what.startswith(("tools/ci/install", "pulumi/", "actions/setup"))]


def test_the_engine_of_the_workflows_is_that_of_the_program() -> None:
    versions = {each.raw["with"]["pulumi-version"] for each in STEPS if "pulumi/actions" in each.raw.get("uses", "")}
    assert [*versions] == re.findall(r"^pulumi==(\S+)$", (PROJECT_ROOT / "requirements.txt").read_text(), re.M)


def test_what_has_to_be_set_is_in_the_document_and_nothing_else() -> None:
    used = {word for file in FILES for word in re.findall(r"(?:vars|secrets)\.(\w+)", file.read_text())}
    document = (PROJECT_ROOT / "docs" / "workflows.md").read_text()
    assert {*re.findall(r"^\| `([A-Z_]+)` \|", document, re.M)} == used


def test_a_deployment_stops_before_data_is_lost_unless_somebody_says_so() -> None:
    deploy = step("deploy", "tools.ci.deploy").environment
    assert deploy["FAIL_ON"] == "data-loss"
    assert deploy["LABELS"] == """${{ inputs.data_loss_agreed && '["data-loss-agreed"]' || '[]' }}"""
    assert step("preview", "tools.ci.preview").environment["FAIL_ON"] == "data-loss,exposure"
