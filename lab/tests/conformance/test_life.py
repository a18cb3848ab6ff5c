"""What is not one resource's own affair: refresh, many at once, Ctrl-C, and a failing command's long output."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.testing.processes import cmdline, running
from lab.tests.conformance import runs
from lab.tests.conformance.case import Case, Step
from lab.tests.conformance.cases import LOCAL, on
from lab.tests.conformance.runs import Engine
from lab.tests.conformance.world import World, started

MANY = 200


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with started(tmp_path_factory.mktemp("w")) as running:
        yield running


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("e")
    return Engine(folder, runs.plugin(folder), {})


def test_refresh_changes_nothing(engine: Engine, world: World) -> None:
    """No Read is implemented, so the state comes back as it is: go-provider infer/resource.go:1347 @v1.3.0."""
    stack = engine.stack("refresh")
    inputs = {"create": "date +%N >> @DIR@/log; cat @DIR@/log"}
    first = runs.run_steps(stack, [Case("kept", "", [Step(inputs)])], world, preview=False)["kept"][0]
    stack.refresh()
    assert not first.errors
    assert runs.states(stack)["kept"]["outputs"] == (first.state or {})["outputs"]
    assert (world.effects("kept") / "log").read_text() == first.files["log"]


def test_many_at_once(engine: Engine, world: World) -> None:
    """Every command dials for itself, however many there are: remote/commandOutputs.go:31 @v1.2.1."""
    inputs = {"connection": on(dialErrorLimit=-1), "create": "echo $SSH_CONNECTION | cut -d' ' -f2", "logging": "none"}
    cases = [Case(f"many-{number}", "", [Step(inputs)]) for number in range(MANY)]
    seen = runs.run_steps(engine.stack("many"), cases, world, preview=False, parallel=MANY)
    assert not [error for steps in seen.values() for error in steps[0].errors]
    assert [bool((steps[0].state or {})["outputs"]["stdout"]) for steps in seen.values()] == [True] * MANY


def test_long_output_of_a_failing_command(engine: Engine, world: World) -> None:
    """All of it is in the error: remote/commandOutputs.go:101 @v1.2.1."""
    case = Case("long", "", [Step({"create": "seq 1 20000; false", "logging": "none"})])
    seen = runs.run_steps(engine.stack("long"), [case], world, preview=False)["long"][0]
    assert "\n19999\n20000" in seen.errors[0]


# The official provider leaves a running remote command to the engine, which kills the provider a minute later.
OURS = pytest.mark.skipif("COMMAND_PLUGIN" in os.environ, reason="of the stand-in alone: the README says why")


@pytest.mark.parametrize("kind", [pytest.param("command:remote:Command", marks=OURS), LOCAL])
def test_interrupted(engine: Engine, world: World, kind: str) -> None:
    """Cancel ends a local command: local/commandOutputs.go:59 @v1.2.1, go-provider middleware/cancel @v1.3.0."""
    name = kind.split(":")[1]
    begun = world.effects(name) / "begun"
    case = Case(name, "", [Step({"create": f"touch {begun}; exec sleep 60"})], kind=kind)
    stack = engine.stack(f"interrupted-{name}")
    threading.Thread(target=_interrupt_when, args=(begun,), daemon=True).start()
    start = time.monotonic()
    runs.run_steps(stack, [case], world, preview=False)
    assert begun.exists()
    assert time.monotonic() - start < 30
    assert name not in runs.states(stack)


def _interrupt_when(begun: Path) -> None:
    while not begun.exists():
        time.sleep(0.05)
    for child in [process.pid for process in running() if process.parent == os.getpid()]:
        command = cmdline(child).split(" ")
        if command[0].endswith("/pulumi") and "up" in command:
            os.kill(child, signal.SIGINT)
