"""Every row of cases.py, seen through the real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.tests.conformance import runs
from lab.tests.conformance.case import Case, Step
from lab.tests.conformance.cases import FAILING_CASES, LOCAL_CASES, REFUSED_CASES, REMOTE_CASES
from lab.tests.conformance.runs import Engine, Seen, is_secret, reveal
from lab.tests.conformance.world import World, started

WORKING = [*LOCAL_CASES, *REMOTE_CASES]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # All rows dial at once, and each says how many dials it wants to see: none may be dropped at random.
    with started(tmp_path_factory.mktemp("w"), max_startups="500") as running:
        yield running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory, world: World) -> Engine:
    folder = tmp_path_factory.mktemp("e")
    return Engine(folder, runs.plugin(folder), {"SSH_AUTH_SOCK": world.values["@AGENT@"]})


@pytest.fixture(scope="module")
def working(engine: Engine, world: World) -> dict[str, list[Seen]]:
    return runs.run_steps(engine.stack("working"), WORKING, world, preview=True)


@pytest.fixture(scope="module")
def failing(engine: Engine, world: World) -> dict[str, list[Seen]]:
    return runs.run_steps(engine.stack("failing"), FAILING_CASES, world, preview=False)


@pytest.mark.parametrize("case", WORKING, ids=lambda case: case.name)
def test_case(case: Case, working: dict[str, list[Seen]], world: World) -> None:
    _check(case, working[case.name], world)


@pytest.mark.parametrize("case", FAILING_CASES, ids=lambda case: case.name)
def test_failing_case(case: Case, failing: dict[str, list[Seen]], world: World) -> None:
    _check(case, failing[case.name], world)


@pytest.mark.parametrize("case", REFUSED_CASES, ids=lambda case: case.name)
def test_refused_case(case: Case, engine: Engine, world: World) -> None:
    _check(case, [runs.run_preview(engine.stack(case.name), case, world)], world)


def _check(case: Case, seen: list[Seen], world: World) -> None:
    for number, (step, run) in enumerate(zip(case.steps, seen, strict=False)):
        expected = world.fill({name: value for name, value in vars(step).items() if name != "inputs"}, case.name)
        _check_step(Step(inputs=None, **expected), run, f"{case.name}, step {number + 1}: {case.source}")


def _check_step(step: Step, run: Seen, where: str) -> None:
    shown = "\n".join(run.errors)
    if step.error is None:
        assert not run.errors, where
    for text in step.error or []:
        assert text in shown, where
    assert step.error is None or shown, where
    for text in step.not_error or []:
        assert text not in shown, where
    for text in step.warning or []:
        assert text in "\n".join(run.warnings), where
    if step.ops is not None:
        assert sorted(run.ops) == sorted(step.ops), where
    if step.diff is not None:
        assert run.diff == step.diff, where
    if step.status is not None:
        assert run.status == step.status, where
    for name, count in (step.dials or {}).items():
        assert run.dials[name] == count, where
    for name, content in (step.files or {}).items():
        assert run.files.get(name) == content, where
    for name, value in (step.preview or {}).items():
        assert run.previewed.get(name) == value, f"{where}: {name} in preview"
    _check_state(step, run, where)


def _check_state(step: Step, run: Seen, where: str) -> None:
    outputs = (run.state or {}).get("outputs", {})
    named = {name: text for name, text in (("stdout", step.stdout), ("stderr", step.stderr)) if text is not None}
    for name, value in {**named, **(step.outputs or {})}.items():
        expected = str(value) if name in named else value
        assert reveal(outputs.get(name)) == expected, f"{where}: {name}"
    for name, marked in (step.secret or {}).items():
        assert is_secret(outputs.get(name)) == marked, f"{where}: {name} secret"
