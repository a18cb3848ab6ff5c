"""The lab's stack, and its config file in the lab's folder: the project's values, and what the user set since."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lab.cloud import checkpoint
from lab.cloud.store import write_atomically
from lab.engine import environment
from lab.engine.pulumi_shim import selected_stack
from lab.project_config import ProjectConfig, Value
from lab.settings import Lab, LabError
from lab.yaml_file import read_yaml, write_yaml


def ensure_stack(lab: Lab, config: ProjectConfig) -> None:
    """Make and select the lab's stack, with its config; the project's own files are never written.

    A plain value that the user changed or removed with `pulumi config` stays as the user left it, until the value
    given here changes. A secret that is there already stays too: it may be the user's own. Secrets travel by standard
    input and are encrypted in the file.

    Raises:
        LabError: pulumi fails; with what it said.
    """
    # A project of the same name in the lab's folder: the verbs that have no --config-file (`stack init`) then write
    # beside it, which is where the lab's stack config file is.
    write_atomically(
        lab.folder / "Pulumi.yaml",
        "# What `stack init` needs to find; the program is elsewhere.\n"
        f"name: {environment.project_name(lab)}\nruntime: python\n",
    )
    _write_config(lab, config.plain)
    if not (is_there := checkpoint.exists(lab, environment.project_name(lab))) or not _is_selected(lab, lab.folder):
        _pulumi(lab, lab.folder, "stack", "select", lab.name, "--create")
    current = read_yaml(lab.stack_config).get("config") or {}
    for key, secret in config.secrets.items():
        if key not in current:
            _pulumi(lab, lab.folder, "config", "set", "--secret", "--stack", lab.name, key, given=secret)
    lab.stack_config.chmod(0o600)
    if not is_there or not _is_selected(lab, lab.project):
        _pulumi(lab, lab.project, "stack", "select", lab.name)


def _is_selected(lab: Lab, folder: Path) -> bool:
    """Tell whether the stack that is selected in a project's folder is the lab's."""
    return selected_stack(folder / "Pulumi.yaml", environment.project_name(lab), lab.pulumi_home) == lab.name


def _write_config(lab: Lab, values: Mapping[str, Value]) -> None:
    """Write the stack config file: the project's values, changed by what the user did since the last run."""
    given_file = lab.folder / "given-config.json"
    content = read_yaml(lab.stack_config)
    given = json.loads(given_file.read_text()) if content and given_file.exists() else {}
    content["config"] = merged(values, given, content.get("config") or {})
    write_yaml(lab.stack_config, content)
    write_atomically(given_file, json.dumps(dict(values)))


def merged(values: Mapping[str, Value], given: Mapping[str, Value], current: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that shall hold: the user's where the user changed them, else those given this time.

    Args:
        values: what the project gives this time.
        given: what it gave the last time.
        current: what the file holds.
    """
    result = {key: value for key, value in current.items() if key not in given or key in values}
    for key, value in values.items():
        if key not in given or given[key] != value:
            result[key] = value
    return result


def _pulumi(lab: Lab, folder: Path, *arguments: str, given: str = "") -> None:
    done = subprocess.run(
        ["pulumi", "--non-interactive", "--color=never", *arguments],
        cwd=folder,
        env=environment.variables(lab),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"`pulumi {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()}")
