"""The lab's own Pulumi: home, backend, passphrase, plugins, shim and stack, all in the lab's folder.

The user's ~/.pulumi is never written. What makes plain `pulumi` work on the lab is in one file, KEY=VALUE lines.
"""

from __future__ import annotations

import json
import os
import secrets as tokens
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from lab.cloud.store import write_atomically
from lab.engine.build import EXECUTOR, LANGUAGE_HOST, Engine, executor
from lab.engine.launcher import write_launcher
from lab.engine.plugins import install_plugins
from lab.settings import PROJECT_ROOT, Lab, LabError

Value = Any
"""A config value: what YAML can say. JSON text, as config values of the program are, is one of them."""

FOREIGN = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "PULUMI_ACCESS_TOKEN", "PULUMI_OPTION_STACK")
"""Variables of a user's own stacks that would win over the lab's."""

COMMITTED_CONFIG = PROJECT_ROOT / "Pulumi.lab.yaml"
"""Plain values every lab's stack config file begins with."""


def prepare(lab: Lab, engine: Engine) -> None:
    """Make the lab's own Pulumi; what is there already is kept, launchers are written anew.

    Raises:
        LabError: the disk is full, or a plugin that was asked for cannot be had.
    """
    for folder in (lab.folder, lab.pulumi_home, lab.backend, lab.bin):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    if not lab.passphrase_file.exists():
        _refuse_lost_passphrase(lab)
        write_atomically(lab.passphrase_file, tokens.token_urlsafe(32))
    install_plugins(lab, engine)
    shim = [sys.executable, "-I", _script("pulumi_shim.py"), str(_runnable(lab, engine))]
    write_launcher(lab.bin / "pulumi", [*shim, str(PROJECT_ROOT), _project_name(), lab.name, str(lab.stack_config)])
    lines = [f"{name}={value}" for name, value in _own_variables(lab).items()]
    write_atomically(lab.environment_file, "\n".join([*lines, f"PATH_PREPEND={lab.bin}", ""]))


def variables(lab: Lab) -> dict[str, str]:
    """Return the whole environment for a subprocess that calls `pulumi` on the lab's stack.

    Raises:
        LabError: the lab was not prepared.
    """
    own = read(lab)
    path = f"{own.pop('PATH_PREPEND')}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    return {**kept, **own, "PATH": path}


def exports(lab: Lab) -> str:
    """Return shell text for `eval` with which plain `pulumi` works on the lab; for any POSIX shell.

    Raises:
        LabError: the lab was not prepared.
    """
    own = read(lab)
    folder = shlex.quote(own.pop("PATH_PREPEND"))
    lines = [f"export {name}={shlex.quote(value)}" for name, value in own.items()]
    path = f'case "$PATH" in {folder}:*) ;; *) export PATH={folder}:"$PATH" ;; esac'
    return "\n".join([f"unset {' '.join(FOREIGN)}", *lines, path, ""])


def read(lab: Lab) -> dict[str, str]:
    """Return the environment file's entries.

    Raises:
        LabError: the lab was not prepared.
    """
    try:
        lines = lab.environment_file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        make = "make up" if lab.name == "lab" else f"make up LAB={lab.name}"
        raise LabError(f"lab {lab.name} is not set up: run `{make}`") from error
    return dict(line.split("=", 1) for line in lines)


def ensure_stack(lab: Lab, values: Mapping[str, Value], secrets: Mapping[str, str]) -> None:
    """Make and select the lab's stack, with its config; the committed Pulumi.lab.yaml is never written.

    A plain value that the user changed or removed with `pulumi config` stays as the user left it, until the value
    given here changes. A secret that is there already stays too: it may be the user's own.

    Args:
        lab: whose stack.
        values: plain config values by key; keys without a namespace are the program's.
        secrets: secret ones, which travel by standard input and are encrypted in the file.

    Raises:
        LabError: pulumi fails; with what it said.
    """
    home = lab.folder / "Pulumi.yaml"
    # A project of the same name in the lab's folder: the verbs that have no --config-file (`stack init`) then write
    # beside it, which is where the lab's stack config file is.
    write_atomically(
        home,
        f"# What `stack init` needs to find; the program is elsewhere.\nname: {_project_name()}\nruntime: python\n",
    )
    _write_config(lab, _namespaced({**_config_of(COMMITTED_CONFIG), **values}))
    _pulumi(lab, lab.folder, "stack", "select", lab.name, "--create")
    there = _config_of(lab.stack_config)
    for key, secret in _namespaced(secrets).items():
        if key not in there:
            _pulumi(lab, lab.folder, "config", "set", "--secret", "--stack", lab.name, key, given=secret)
    lab.stack_config.chmod(0o600)
    _pulumi(lab, PROJECT_ROOT, "stack", "select", lab.name)


def _own_variables(lab: Lab) -> dict[str, str]:
    return {
        "PULUMI_HOME": str(lab.pulumi_home),
        # Without the files beside each file: one that a killed run left half written makes the stack unreadable.
        "PULUMI_BACKEND_URL": f"{lab.backend.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(lab.passphrase_file),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # A real pulumi-resource-aws on the user's PATH must never answer for the stand-in.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }


def _refuse_lost_passphrase(lab: Lab) -> None:
    if lab.stack_config.exists() and "encryptionsalt" in _read_yaml(lab.stack_config):
        raise LabError(
            f"{lab.passphrase_file} is gone, and with it the key of the stack's secrets: put it back, or end this lab "
            f"with `make down` (which then takes its hosts away without `pulumi destroy`)"
        )


def _runnable(lab: Lab, engine: Engine) -> Path:
    """Return the engine's path for this lab; with the stand-in language host beside it where it has no stock one.

    The engine looks for its language host beside its own binary. On PATH it would be found as well, but with a
    warning at every run.
    """
    if engine.has_language_host:
        return engine.path
    path = lab.folder / "engine" / "pulumi"
    path.parent.mkdir(exist_ok=True, mode=0o700)
    if not path.exists() or not path.samefile(engine.path):
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        try:
            os.link(engine.path, partial)
        except OSError:  # another file system
            shutil.copy2(engine.path, partial)
        partial.replace(path)
    beside = engine.path.with_name(EXECUTOR)
    found = beside if beside.exists() else executor()
    write_launcher(
        path.with_name(LANGUAGE_HOST),
        [sys.executable, "-I", _script("language_host.py"), "--executor", str(found)],
    )
    return path


def _script(name: str) -> str:
    return str(Path(__file__).with_name(name))


def _read_yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _project_name() -> str:
    return str(_read_yaml(PROJECT_ROOT / "Pulumi.yaml")["name"])


def _config_of(path: Path) -> dict[str, Value]:
    config: dict[str, Value] = _read_yaml(path).get("config") or {}
    return config


def _namespaced(values: Mapping[str, Value]) -> dict[str, Value]:
    name = _project_name()
    return {key if ":" in key else f"{name}:{key}": value for key, value in values.items()}


def _write_config(lab: Lab, wanted: Mapping[str, Value]) -> None:
    """Write the stack config file: the values wanted, changed by what the user did since the last run."""
    given_file = lab.folder / "given-config.json"
    document: dict[str, Any] = _read_yaml(lab.stack_config) if lab.stack_config.exists() else {}
    given = json.loads(given_file.read_text()) if document and given_file.exists() else {}
    document["config"] = merged(wanted, given, document.get("config") or {})
    write_atomically(lab.stack_config, yaml.safe_dump(document, sort_keys=False))
    write_atomically(given_file, json.dumps(dict(wanted)))


def merged(wanted: Mapping[str, Value], given: Mapping[str, Value], now: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values that shall hold: the user's where the user changed them, else those wanted.

    Args:
        wanted: what the lab gives this time.
        given: what it gave the last time.
        now: what the file holds.
    """
    result = {key: value for key, value in now.items() if key not in given or key in wanted}
    for key, value in wanted.items():
        if key not in given or given[key] != value:
            result[key] = value
    return result


def _pulumi(lab: Lab, folder: Path, *arguments: str, given: str | None = None) -> None:
    done = subprocess.run(
        ["pulumi", "--non-interactive", "--color=never", *arguments],
        cwd=folder,
        env=variables(lab),
        input=given or "",
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"`pulumi {' '.join(arguments)}` failed:\n{(done.stderr or done.stdout).strip()}")
