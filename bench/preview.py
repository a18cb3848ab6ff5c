"""A preview and an `up` that change nothing, beside an empty program that imports the same SDKs, on one lab.

The preview also beside a program that registers the same resources straight (bench/flat.py).
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import flat, plots
from bench.labs import PROJECT_ROOT, boot_golden, lab
from bench.measured import Taken, pairs, ratios, run, spread
from lab.engine import environment
from lab.settings import Lab

NAME = "benchpreview"
PAIRS, QUICK_PAIRS = 7, 3
AIM = 1.2
VERBS = {"preview": ["preview"], "up": ["up", "--yes", "--skip-preview"]}
STARTED = "import sys, stack_config, components.outputs; print(*sys.modules)"
"""Prints the modules that the program imports."""


def measure(quick: bool, given: str = "") -> dict[str, Any]:
    """Return pair by pair what each verb takes: of the pair's stack, and of the empty program's on the same lab."""
    name = given or NAME
    boot_golden(True)
    try:
        lab("up", name)
        with TemporaryDirectory() as folder:
            return _measure(Lab.named(name), Path(folder), QUICK_PAIRS if quick else PAIRS)
    finally:
        if not given:
            lab("down", name)


def _measure(of: Lab, folder: Path, count: int) -> dict[str, Any]:
    variables = environment.variables(of)
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    modules = sdk_modules()
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(json.dumps({"name": "empty", "runtime": runtime}))
    (folder / "__main__.py").write_text("".join(f"import {module}\n" for module in modules))
    run(["pulumi", "stack", "select", "--create", "empty"], folder, variables)
    measured: dict[str, Any] = {"modules": modules}
    try:
        for verb, words in VERBS.items():
            ours, empty = _runs(of, words, PROJECT_ROOT, variables), _runs("empty", words, folder, variables)
            ours(), empty()
            measured[verb] = pairs(count, ours, empty, verb)
    finally:
        run(["pulumi", "stack", "rm", "--yes", "--force", "empty"], folder, variables)
    measured["resources"], measured["straight"] = _straight(of, folder / "straight", runtime, modules, variables, count)
    return measured


def _straight(
    of: Lab,
    folder: Path,
    runtime: Mapping[str, Any],
    modules: list[str],
    variables: Mapping[str, str],
    count: int,
) -> tuple[int, list[dict[str, Any]]]:
    """Return how many resources there are, and pair by pair what previews of the stack and of them alone take."""
    folder.mkdir(mode=0o700)
    project = {"name": environment.project_name(of), "runtime": runtime}
    resources = flat.write(folder, project, of.name, modules, variables)
    words = ["preview", "--expect-no-changes"]
    ours = _runs(of, words, PROJECT_ROOT, variables)
    straight = _runs(of, [*words, "--config-file", str(of.stack_config)], folder, variables)
    ours(), straight()
    return resources, pairs(count, ours, straight, "straight")


def _runs(stack: Lab | str, words: list[str], folder: Path, variables: Mapping[str, str]) -> Callable[[], Taken]:
    named = stack if isinstance(stack, str) else stack.name
    return lambda: run(["pulumi", *words, "--non-interactive", "--stack", named], folder, variables)


def sdk_modules() -> list[str]:
    """Return the SDKs' packages that the program imports."""
    done = subprocess.run([sys.executable, "-c", STARTED], cwd=PROJECT_ROOT, capture_output=True, text=True, check=True)
    return sorted({name for name in done.stdout.split() if re.fullmatch(r"pulumi_(aws|command)(\.[a-z]\w+)?", name)})


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    verbs = {verb: measured[verb] for verb in VERBS}
    plots.ranges(
        folder / "preview.svg",
        "times what an empty program takes",
        {
            f"{verb}, {kind}": ratios(of_verb, kind.split()[0].lower())
            for verb, of_verb in verbs.items()
            for kind in ("wall", "CPU")
        },
        aim=AIM,
    )
    rows = [_row(f"{verb} without changes", of_verb) for verb, of_verb in verbs.items()]
    rows.append(_row("preview without changes, beside the same resources", measured["straight"]))
    loads = [pair["load"] for of_verb in verbs.values() for pair in of_verb]
    return "\n".join(
        [
            "## A preview and an `up` that change nothing",
            "",
            "Beside those of an empty Pulumi program, which imports the same packages of the SDKs and registers "
            f"nothing, on the same lab, by turns: {len(verbs['preview'])} pairs each. The aim is {AIM}. The last row "
            f"is beside a program that registers the stack's own {measured['resources']} resources straight and has no "
            "code of ours: what engine, providers and SDK need for them.",
            "",
            "| | wall, ratio | CPU, ratio | wall, medians | CPU, medians |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"Load average of the machine meanwhile: {min(loads):.1f} to {max(loads):.1f}.",
            "",
            "![ratios](performance/preview.svg)",
            "",
        ]
    )


def _row(words: str, measured: list[dict[str, Any]]) -> str:
    seconds = [f"{_median(measured, kind, 0):.1f} s and {_median(measured, kind, 1):.1f} s" for kind in ("wall", "cpu")]
    return (
        f"| {words} | {spread(ratios(measured, 'wall'))} | {spread(ratios(measured, 'cpu'))} | {' | '.join(seconds)} |"
    )


def _median(measured: list[dict[str, Any]], kind: str, which: int) -> float:
    median: float = statistics.median(pair[kind][which] for pair in measured)
    return median
