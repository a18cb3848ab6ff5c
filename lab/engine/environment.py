"""The lab's own Pulumi: home, backend, passphrase, plugins and shim, all in the lab's folder.

The user's ~/.pulumi is never written. What makes plain `pulumi` work on the lab is in one file, KEY=VALUE lines.
"""

from __future__ import annotations

import os
import secrets as tokens
import shlex
import shutil
import sys
from pathlib import Path

from lab.cloud.store import write_atomically
from lab.engine.build import EXECUTOR, LANGUAGE_HOST, Engine, executor
from lab.engine.launcher import write_launcher
from lab.engine.plugins import IMPORT_FOLDER, install_plugins
from lab.machine import golden, mirror
from lab.settings import Lab, LabError
from lab.yaml_file import read_yaml

FOREIGN = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK", "PULUMI_ACCESS_TOKEN", "PULUMI_OPTION_STACK")
"""Variables of a user's own stacks that would win over the lab's."""
NO_LOGS = """\
In the place of this file the engine would have a folder, with a log of each run that takes it a fifth of its time.
Remove the file to have them; `pulumi -v=9 --logtostderr` shows the log of one run.
"""
_LANGUAGE_HOST = f"""
import sys
sys.path.append({str(IMPORT_FOLDER)!r})
from lab.engine.language_host import main
main()"""
"""The language host's program: -I leaves no other way to the lab's package."""


def prepare(lab: Lab, engine: Engine) -> None:
    """Make the lab's own Pulumi; what exists already is kept, launchers are written anew.

    Raises:
        LabError: the disk is full, or a plugin that was asked for cannot be had.
    """
    for folder in (lab.folder, lab.pulumi_home, lab.backend, lab.bin):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    logs = lab.pulumi_home / "logs"
    if not logs.exists():
        write_atomically(logs, NO_LOGS)
    if not lab.passphrase_file.exists():
        _refuse_lost_passphrase(lab)
        write_atomically(lab.passphrase_file, tokens.token_urlsafe(32))
    install_plugins(lab, engine)
    shim = [sys.executable, "-I", _script("pulumi_shim.py"), str(_runnable(lab, engine))]
    write_launcher(lab.bin / "pulumi", [*shim, str(lab.project), project_name(lab), lab.name, str(lab.stack_config)])
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
        raise LabError(f"lab {lab.name} is not set up: run `{lab.command('up')}`") from error
    return dict(line.split("=", 1) for line in lines)


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
        **mirror.variables(),  # a host that plain `pulumi up` makes is as those of `up`
        **golden.variables(),
    }


def _refuse_lost_passphrase(lab: Lab) -> None:
    if "encryptionsalt" in read_yaml(lab.stack_config):
        raise LabError(
            f"{lab.passphrase_file} is gone, and with it the key of the stack's secrets: put it back, or end this lab "
            f"with `{lab.command('down')}` (which then takes its hosts away without `pulumi destroy`)"
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
    script = beside if beside.exists() else executor()
    write_launcher(
        path.with_name(LANGUAGE_HOST),
        [sys.executable, "-I", "-c", _LANGUAGE_HOST, "--executor", str(script)],
    )
    return path


def _script(name: str) -> str:
    return str(Path(__file__).with_name(name))


def project_name(lab: Lab) -> str:
    """Return the name of the lab's project.

    Raises:
        LabError: its Pulumi.yaml has none.
    """
    file = lab.project / "Pulumi.yaml"
    name = read_yaml(file).get("name")
    if not name:
        raise LabError(f"{file} has no `name`")
    return str(name)
