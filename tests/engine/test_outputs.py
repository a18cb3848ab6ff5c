"""One project reads another's outputs with the real engine: values, secrets, and faults in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lab.testing.engine_project import EngineProject
from tests import PROJECT_ROOT
from tests.unit.outputs.outputs import APP, GOOD, PASSWORD, SECRET

MakeProject = Callable[..., EngineProject]


def producer(outputs: dict[str, Any]) -> str:
    """Return a program that exports these."""
    return f"""
import pulumi
for name, value in {outputs!r}.items():
    pulumi.export(name, pulumi.Output.secret(value) if name in {SECRET!r} else value)
"""


def reader(of: EngineProject, *lines: str) -> str:
    """Return a program that reads that project's stack as `pair`."""
    name = json.loads((of.folder / "Pulumi.yaml").read_text())["name"]
    return "\n".join(
        [
            "import sys, pulumi",
            f"sys.path.insert(0, {str(PROJECT_ROOT)!r})",
            "from stack_outputs.reader import StackOutputs",
            f"pair = StackOutputs(pulumi.StackReference('organization/{name}/t'))",
            *lines,
        ]
    )


@pytest.fixture
def made(make_project: MakeProject) -> EngineProject:
    """A stack with the outputs of the contract."""
    project = make_project(producer(GOOD), "pair")
    code, told = project.up()
    assert code == 0, told
    return project


def test_values_arrive_and_secrets_stay_secrets(made: EngineProject, make_project: MakeProject) -> None:
    lines = ["for name in pair.__annotations__:", "    pulumi.export(name, getattr(pair, name))"]
    project = make_project(reader(made, *lines, "pulumi.export('go', pair.go_dsn('app'))"), "reader")
    code, told = project.pulumi("preview", "--stack=t")
    assert code == 0, told
    code, told = project.up()
    assert code == 0 and PASSWORD not in told, told
    shown = json.loads(project.pulumi("stack", "output", "--stack=t", "--json")[1])
    assert {name for name, value in shown.items() if value == "[secret]"} == {*SECRET, "go"}
    _, told = project.pulumi("stack", "output", "--stack=t", "--json", "--show-secrets")
    expected = {name: value for name, value in GOOD.items() if value is not None}
    assert json.loads(told) == {**expected, "go": GOOD["go_dsns"]["app"]}
    assert APP.password not in project.pulumi("stack", "export", "--stack=t")[1]


# what is exported instead, what the reader takes, what is told
FAULTS: list[tuple[dict[str, Any], str, list[str]]] = [
    (
        {"mysql_port": "3306", "dotenvs": {"app": [PASSWORD]}, "mysql_host": None},
        "pulumi.export('host', pair.mysql_host); pulumi.export('url', pair.jdbc_url('app'))",
        ["mysql_host is missing", "mysql_port is a string, a number is expected", "dotenvs is a table of list"],
    ),
    ({"contract_version": 2}, "pulumi.export('host', pair.mysql_host)", ["has version 2 of its contract"]),
    ({}, "pulumi.export('url', pair.url('nobody'))", ["has no user nobody. It has app, odd."]),
]


@pytest.mark.parametrize(("outputs", "line", "words"), FAULTS)
def test_a_fault_stops_the_program_in_words(
    make_project: MakeProject, outputs: dict[str, Any], line: str, words: list[str]
) -> None:
    pair = make_project(producer(GOOD | outputs), "pair")
    assert pair.up()[0] == 0
    code, told = make_project(reader(pair, line), "reader").up()
    assert code != 0
    diagnostics = told.partition("Diagnostics:")[2]
    assert [diagnostics.count(part) for part in words] == [1] * len(words), told
    assert "Traceback" not in told and PASSWORD not in told


def test_with_another_passphrase_what_is_plain_is_read_and_a_secret_is_told(
    made: EngineProject, make_project: MakeProject
) -> None:
    project = make_project(reader(made, "pulumi.export('host', pair.mysql_host)"), "reader")
    without = {name: value for name, value in project.variables.items() if "PASSPHRASE" not in name}
    project = EngineProject(project.folder, {**without, "PULUMI_CONFIG_PASSPHRASE": "another"})
    assert project.pulumi("stack", "init", "another")[0] == 0
    up = ["up", "--yes", "--skip-preview", "--stack=another"]
    code, told = project.pulumi(*up)
    assert code == 0 and GOOD["mysql_host"] in told, told
    (project.folder / "__main__.py").write_text(reader(made, "pulumi.export('url', pair.url('app'))"))
    code, told = project.pulumi(*up)
    assert code != 0 and "cannot decrypt the secrets of the stack organization/" in told, told
    assert "Traceback" not in told
