"""Which binary answers to the names `aws` and `command` in a lab: launchers of the stand-ins, or an official plugin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from lab.engine.build import Engine
from lab.engine.launcher import is_launcher, write_launcher
from lab.settings import Lab, LabError

IMPORT_FOLDER = Path(__file__).resolve().parents[2]
"""Where Python finds this package."""

CHOICE = "LAB_COMMAND_PLUGIN"
"""`install`, or the path of a binary: which `command` provider the lab uses. Without it the lab dials nobody."""


def install_plugins(lab: Lab, engine: Engine) -> None:
    """Put the two provider plugins into the lab's PULUMI_HOME, in the layout of `pulumi plugin install`.

    Raises:
        LabError: LAB_COMMAND_PLUGIN names no binary, or the installation it asks for fails.
    """
    _stand_in(lab, "aws", "lab.aws_provider")
    _choose_command_plugin(lab, engine)


def plugin_path(home: Path, provider: str) -> Path:
    """Return where a PULUMI_HOME has the plugin of the SDK's version of a provider."""
    return home / "plugins" / f"resource-{provider}-v{_version(provider)}" / f"pulumi-resource-{provider}"


def _version(provider: str) -> str:
    return version(f"pulumi-{provider}")


def _stand_in(lab: Lab, provider: str, module: str) -> None:
    # -P: the engine starts plugins in the project's folder, whose modules are not the lab's.
    command = [sys.executable, "-P", "-m", module, "--lab-folder", str(lab.folder)]
    _write(lab, provider, command, {"PYTHONPATH": str(IMPORT_FOLDER)})


def _write(lab: Lab, provider: str, command: list[str], variables: dict[str, str]) -> None:
    path = plugin_path(lab.pulumi_home, provider)
    if path.parent.is_symlink():  # a link to the user's own plugin, of an earlier run
        path.parent.unlink()
    write_launcher(path, command, variables)


def _choose_command_plugin(lab: Lab, engine: Engine) -> None:
    own = plugin_path(lab.pulumi_home, "command")
    choice = os.environ.get(CHOICE, "")
    official = own.exists() and not is_launcher(own)
    if choice and choice != "install":
        _use_named(lab, choice, official and not own.parent.is_symlink())
    elif official:
        return
    elif installed := _of_user(lab):
        shutil.rmtree(own.parent, ignore_errors=True)
        own.parent.parent.mkdir(parents=True, exist_ok=True)
        own.parent.unlink(missing_ok=True)  # a link to what is gone
        own.parent.symlink_to(installed.parent)
    elif choice == "install":
        _install_official(lab, engine)
    else:
        _stand_in(lab, "command", "lab.command_provider")


def _use_named(lab: Lab, choice: str, official: bool) -> None:
    binary = Path(choice).expanduser().absolute()
    if not os.access(binary, os.X_OK) or binary.is_dir():
        raise LabError(f"{CHOICE}={choice}: no executable of that name; give a binary's path, or `install`")
    if official:
        kept = plugin_path(lab.pulumi_home, "command").parent
        raise LabError(f"{CHOICE}={choice}: an official plugin is installed in {kept}; move it away first")
    _write(lab, "command", [str(binary)], {})


def _of_user(lab: Lab) -> Path | None:
    """Return the official plugin in the user's own PULUMI_HOME, if it is there."""
    home = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")).absolute()
    path = plugin_path(home, "command")
    return path if home != lab.pulumi_home and path.is_file() and not is_launcher(path) else None


def _install_official(lab: Lab, engine: Engine) -> None:
    """Install the official plugin by the engine's own command, which downloads it.

    Raises:
        LabError: that fails; with what the engine said.
    """
    shutil.rmtree(plugin_path(lab.pulumi_home, "command").parent, ignore_errors=True)
    command = [str(engine.path), "plugin", "install", "resource", "command", _version("command")]
    variables = {**os.environ, "PULUMI_HOME": str(lab.pulumi_home), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(
            f"{CHOICE}=install: the official `command` plugin cannot be installed; without {CHOICE} the lab uses its "
            f"stand-in. `pulumi plugin install` said:\n{(done.stderr or done.stdout).strip()[-1500:]}"
        )
