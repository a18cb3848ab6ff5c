"""examples/consumer with the real engine and a stack that has outputs and no hosts: what stops it before it dials."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.engine import environment
from lab.settings import Lab
from lab.testing.engine_project import EngineProject
from tests import consumer_project
from tests.engine.test_outputs import producer
from tests.unit.outputs.outputs import GOOD, PASSWORD

MakeProject = Callable[..., EngineProject]
UP = ["up", "--yes", "--skip-preview", "--non-interactive"]


@pytest.fixture
def consumer(lab: Lab, tmp_path: Path) -> Iterator[EngineProject]:
    """The example, with a stack `t` of its own whose config is empty."""
    variables = {**environment.variables(lab), **consumer_project.VARIABLES}
    project = EngineProject(consumer_project.copied(tmp_path), variables)
    assert project.pulumi("stack", "init", "t")[0] == 0
    yield project
    project.pulumi("stack", "rm", "--yes", "--force", "t")  # the lab is every test's of this run


def reads(consumer: EngineProject, make_project: MakeProject, outputs: dict[str, Any], **config: str) -> None:
    """Give the example a stack with these outputs, and more config."""
    pair = make_project(producer(outputs), "pair")
    code, told = pair.up()
    assert code == 0, told
    name = json.loads((pair.folder / "Pulumi.yaml").read_text())["name"]
    for key, value in {"stack": f"organization/{name}/t", **config}.items():
        assert consumer.pulumi("config", "set", key, value)[0] == 0


def test_a_preview_deploys_one_command_and_shows_no_secret(consumer: EngineProject, make_project: MakeProject) -> None:
    reads(consumer, make_project, GOOD, client="client-2")
    code, told = consumer.pulumi("preview", "--diff", "--non-interactive")
    assert code == 0 and told.count("command:remote:Command: (create)") == 1, told
    assert PASSWORD not in told
    told = consumer.pulumi("preview", "--json", "--non-interactive")[1]
    assert "s3cret" not in told and "mysql+pymysql" not in told


WITHOUT_VERSION = {name: value for name, value in GOOD.items() if name != "contract_version"}
# the stack's outputs, more config, what is told
FAULTS: list[tuple[dict[str, Any], dict[str, str], list[str]]] = [
    (WITHOUT_VERSION, {}, ["has no contract_version: it is older than version 1", "Update mysql-pair where "]),
    (GOOD | {"contract_version": 0}, {}, ["has version 0 of its contract, the project notes reads version 1."]),
    (
        GOOD | {"contract_version": 2},
        {},
        ["has version 2 of its contract, the project notes reads version 1.", "Update stack_outputs in the project"],
    ),
    (
        GOOD,
        {"user": "nobody", "client": "client-9", "port": "http"},
        [
            "has no user nobody. It has app, odd.",
            "has no client client-9. It has client-1, ",
            "port is 'http'",
        ],
    ),
]


@pytest.mark.parametrize(("outputs", "config", "words"), FAULTS)
def test_a_fault_stops_it_in_words_before_anything_is_touched(
    consumer: EngineProject,
    make_project: MakeProject,
    outputs: dict[str, Any],
    config: dict[str, str],
    words: list[str],
) -> None:
    reads(consumer, make_project, outputs, **config)
    code, told = consumer.pulumi(*UP)
    assert code != 0
    diagnostics = told.partition("Diagnostics:")[2]
    assert [diagnostics.count(part) for part in words] == [1] * len(words), told
    assert "command:remote:Command" not in told and "Traceback" not in told and PASSWORD not in told


def test_without_a_stack_to_read_it_says_how_to_set_one(consumer: EngineProject) -> None:
    code, told = consumer.pulumi(*UP)
    assert code != 0 and "pulumi config set stack organization/mysql-pair/dev" in told, told
    assert "Traceback" not in told
