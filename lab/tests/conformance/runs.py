"""Runs rows through the real engine: all of them in one stack, one `pulumi up` a step."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation
from pulumi.automation.events import EngineEvent

from lab.engine.build import ensure_engine
from lab.engine.launcher import write_launcher
from lab.engine.plugins import IMPORT_FOLDER
from lab.tests.conformance.case import Case, Secret
from lab.tests.conformance.world import World

VERSION = "1.2.1"
SIGNATURE = "4dabf18193072939515e22adb298388d"  # marks a special value in exported state
SECRET = "1b47061264138c4ac30d75fd1eb44270"


class Command(pulumi.CustomResource):
    """A resource of the package, with the options its SDK class adds and any property whatever."""

    def __init__(self, case: Case, properties: dict[str, Any]) -> None:
        secret = [*case.secret_outputs, *(["connection"] if ":remote:" in case.kind else [])]
        options = pulumi.ResourceOptions(
            version=VERSION,
            replace_on_changes=["triggers[*]"],
            additional_secret_outputs=secret,
            parent=pulumi.ComponentResource("test:index:Parent", f"{case.name}-parent") if case.parent else None,
            custom_timeouts=pulumi.CustomTimeouts(create=case.timeout) if case.timeout else None,
        )
        super().__init__(case.kind, case.name, {"stdout": None, "stderr": None, **properties}, options)

    @property
    @pulumi.getter
    def stdout(self) -> pulumi.Output[str]:
        return pulumi.get(self, "stdout")  # type: ignore[no-any-return]


@dataclass
class Seen:
    """What became of one resource in one run."""

    ops: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    diff: dict[str, str] = field(default_factory=dict)
    previewed: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    files: dict[str, str] = field(default_factory=dict)
    dials: dict[str, int] = field(default_factory=dict)


Run = dict[str, Seen]


@dataclass
class Engine:
    """One stack with a folder, a backend and plugins of its own."""

    folder: Path
    plugin: Path
    environment: dict[str, str]

    def stack(self, name: str) -> automation.Stack:
        """Return a new stack of that name."""
        options = automation.LocalWorkspaceOptions(
            work_dir=str(_made(self.folder / name)),
            pulumi_home=str(self._home()),
            pulumi_command=automation.PulumiCommand(str(self._engine_root())),
            env_vars={
                "PULUMI_BACKEND_URL": _made(self.folder / "backend").as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "conformance",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                **self.environment,
            },
        )
        return automation.create_stack(name, project_name="conformance", program=_nothing, opts=options)

    def _home(self) -> Path:
        folder = _made(self.folder / "home" / "plugins" / f"resource-command-v{VERSION}")
        binary = folder / "pulumi-resource-command"
        if not binary.exists():
            binary.symlink_to(self.plugin)
        return self.folder / "home"

    def _engine_root(self) -> Path:
        link = _made(self.folder / "engine" / "bin") / "pulumi"
        if not link.exists():
            link.symlink_to(ensure_engine().path)
        return self.folder / "engine"


def stand_in(folder: Path) -> Path:
    """Return an executable that is the lab's stand-in."""
    wrapper = folder / "pulumi-resource-command"
    write_launcher(wrapper, [sys.executable, "-m", "lab.command_provider"], {"PYTHONPATH": str(IMPORT_FOLDER)})
    return wrapper


def run_steps(
    stack: automation.Stack, cases: list[Case], world: World, *, preview: bool, parallel: int = 16
) -> dict[str, list[Seen]]:
    """Run all cases' steps side by side and return what was seen of each: one entry a step."""
    seen: dict[str, list[Seen]] = {case.name: [] for case in cases}
    for number in range(max(len(case.steps) for case in cases)):
        program = _program(cases, number, world)
        before = _watch(stack.preview, program) if preview else {}
        run = _watch(stack.up, program, continue_on_error=True, parallel=parallel)
        state = states(stack)
        for case in cases:
            entry = run.setdefault(case.name, Seen())
            entry.previewed = before.get(case.name, Seen()).previewed
            entry.state = state.get(case.name)
            files = world.effects(case.name).iterdir()
            entry.files = {file.name: file.read_text() for file in files if file.is_file()}
            entry.dials = dict(world.dials)
            seen[case.name].append(entry)
    return seen


def run_preview(stack: automation.Stack, case: Case, world: World) -> Seen:
    """Preview the case's first step alone and return what was seen of it."""
    return _watch(stack.preview, _program([case], 0, world)).get(case.name, Seen())


def states(stack: automation.Stack) -> dict[str, dict[str, Any]]:
    """Return every resource of the state by name."""
    resources = (stack.export_stack().deployment or {}).get("resources", [])
    return {_name(resource["urn"]): resource for resource in resources}


def reveal(value: Any) -> Any:
    """Return a value of the exported state with its secrets in plain text."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return reveal(json.loads(value["plaintext"]))
        return {key: reveal(item) for key, item in value.items()}
    return [reveal(item) for item in value] if isinstance(value, list) else value


def is_secret(value: Any) -> bool:
    """Tell whether the value of the exported state is marked as secret as a whole."""
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET


def _program(cases: list[Case], number: int, world: World) -> Callable[[], None]:
    def program() -> None:
        made: dict[str, Command] = {}
        for case in cases:
            inputs = _inputs(case, number)
            if inputs is not None:
                made[case.name] = Command(case, _values(world.fill(inputs, case.name), made))

    return program


def _inputs(case: Case, number: int) -> dict[str, Any] | None:
    """Return the inputs at this step; after its last step a resource stays, unless that step was to fail."""
    if number < len(case.steps):
        inputs = case.steps[number].inputs
    else:
        inputs = None if case.steps[-1].error else case.steps[-1].inputs
    if inputs is None or ":local:" in case.kind or "connection" in inputs:
        return inputs
    return {"connection": {"host": "@HOST@", "port": "@PORT@", "privateKey": "@KEY_USER@"}, **inputs}


def _values(value: Any, made: dict[str, Command]) -> Any:
    if isinstance(value, Secret):
        return pulumi.Output.secret(value.value)
    if isinstance(value, dict):
        return {key: _values(item, made) for key, item in value.items()}
    if isinstance(value, list):
        return [_values(item, made) for item in value]
    if isinstance(value, str) and value.startswith("stdout of "):
        return made[value.removeprefix("stdout of ")].stdout
    return value


def _watch(verb: Callable[..., Any], program: Callable[[], None], **options: Any) -> Run:
    """Run the verb to its end, failed or not, and return what its events tell of each resource."""
    run: Run = {}
    try:
        verb(program=program, on_event=lambda event: _note(run, event), **options)
    except automation.CommandError as error:
        if not any(seen.errors for seen in run.values()):
            raise AssertionError(f"the engine failed for a reason of its own: {error}") from error
    return run


def _note(run: Run, event: EngineEvent) -> None:
    if event.resource_pre_event:
        metadata = event.resource_pre_event.metadata
        seen = run.setdefault(_name(metadata.urn), Seen())
        seen.ops.append(metadata.op.value)
        seen.diff |= {path: change.diff_kind.value for path, change in (metadata.detailed_diff or {}).items()}
    if event.res_outputs_event and event.res_outputs_event.metadata.new:
        metadata = event.res_outputs_event.metadata
        assert metadata.new
        run.setdefault(_name(metadata.urn), Seen()).previewed = dict(metadata.new.outputs or {})
    if event.diagnostic_event and event.diagnostic_event.urn:
        diagnostic = event.diagnostic_event
        seen = run.setdefault(_name(diagnostic.urn or ""), Seen())
        text = _uncoloured(diagnostic.message).rstrip("\n")
        if diagnostic.ephemeral or diagnostic.severity.startswith("info"):
            seen.status.append(text)
        elif diagnostic.severity == "warning":
            seen.warnings.append(text)
        else:
            seen.errors.append(text)


def _uncoloured(text: str) -> str:
    for mark in ("<{%reset%}>", "<{%fg 1%}>"):
        text = text.replace(mark, "")
    return text


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _nothing() -> None:
    return None


def plugin(folder: Path) -> Path:
    """Return the binary under test: what COMMAND_PLUGIN names, or the stand-in."""
    named = os.environ.get("COMMAND_PLUGIN")
    return Path(named).resolve() if named else stand_in(folder)
