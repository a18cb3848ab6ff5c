"""What `pulumi` means on a lab's PATH: the real engine, pointed at the lab's own stack config file where that applies.

The stack's config file beside Pulumi.yaml is committed, and the engine writes its encryption salt and secrets into
it; the lab's own file must be used instead. The engine takes every flag from PULUMI_OPTION_<FLAG> too, and only the
verbs that have --config-file look at this one; a --config-file of the user's own wins. The few verbs of
`pulumi stack` that use the stack's config without having that flag work from the lab's folder, where a project of
the same name lies beside the lab's own file.
Started as a file with `python -I`: it imports the standard library alone, for speed.
Source: pulumi/pulumi, pkg/cmd/pulumi/pulumi.go, declareFlagsAsEnvironmentVariables; pkg/workspace/workspace.go.
"""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

OPTION = "PULUMI_OPTION_CONFIG_FILE"
KEEP_COMMITTED = "PULUMI_OPTION_PRESERVE_CONFIG"
"""--preserve-config of `stack rm`, which else deletes the committed file."""
WRITERS = ("history", "hist", "change-secrets-provider")
"""Verbs of `pulumi stack` that write an encryption salt into the config file beside Pulumi.yaml."""


def flag(arguments: Sequence[str], long: str, short: str) -> str | None:
    """Return the last value of a flag in any of its spellings, or None where it is not given."""
    value = None
    for position, word in enumerate(arguments):
        if word == "--":
            break
        if word in (f"--{long}", f"-{short}"):
            value = arguments[position + 1] if position + 1 < len(arguments) else None
        elif word.startswith(f"--{long}="):
            value = word.removeprefix(f"--{long}=")
        elif word.startswith(f"-{short}") and not word.startswith("--"):
            value = word.removeprefix(f"-{short}").removeprefix("=")
    return value


def project_of(folder: Path) -> Path | None:
    """Return the Pulumi.yaml that holds for a folder: the nearest one upwards."""
    for candidate in (folder, *folder.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate / "Pulumi.yaml"
    return None


def selected_stack(project: Path, name: str, home: Path | None = None) -> str:
    """Return the stack that is selected in a project, or nothing; `name` is the project's, `home` Pulumi's own."""
    # SHA-1 is how the engine names the file, and guards nothing.
    digest = hashlib.sha1(str(project).encode(), usedforsecurity=False).hexdigest()
    home = home or Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"))
    try:
        settings = json.loads((home / "workspaces" / f"{name}-{digest}-workspace.json").read_text())
    except (OSError, ValueError):
        return ""
    stacks = list((settings.get("stacks") or {}).values()) or [settings.get("stack", "")]
    return str(stacks[0])


def working_folder(given: str) -> Path:
    """Return the folder the engine will work in, by the name it will know it by: $PWD's, unless it is told another."""
    if given:
        return Path(given).resolve()
    here = Path(os.environ.get("PWD", "."))
    return here if here.is_absolute() and here.exists() and here.samefile(".") else Path.cwd()


def is_for_lab(arguments: Sequence[str], root: Path, name: str, stack: str) -> bool:
    """Say whether a command line works on the lab's stack of the project called `name` at `root`."""
    folder = working_folder(flag(arguments, "cwd", "C") or os.environ.get("PULUMI_OPTION_CWD", ""))
    project = project_of(folder)
    if project is None or project.parent.resolve() != root.resolve():
        return False
    given = flag(arguments, "stack", "s") or os.environ.get("PULUMI_OPTION_STACK") or os.environ.get("PULUMI_STACK")
    chosen = given or selected_stack(project, name)
    return chosen.rsplit("/", 1)[-1] == stack


def in_folder(arguments: Sequence[str], folder: Path) -> list[str]:
    """Return the arguments, with the lab's folder to work in where the verb is one of the writers."""
    for first, second in pairwise(arguments):
        if first == "stack" and second in WRITERS:
            return [*arguments, f"--cwd={folder}"]  # the last one wins
    return list(arguments)


def main() -> None:
    """Become the engine; exit code, signals and streams are its own.

    The launcher's arguments come first: engine, the project's folder and name, the lab's stack and its config file.
    """
    engine, root, name, stack, config_file = sys.argv[1:6]
    arguments = sys.argv[6:]
    if os.environ.get(OPTION, config_file) == config_file:  # else it is the user's own choice, which stays
        os.environ.pop(OPTION, None)
        os.environ.pop(KEEP_COMMITTED, None)
        if is_for_lab(arguments, Path(root), name, stack):
            os.environ.update({OPTION: config_file, KEEP_COMMITTED: "true"})
            arguments = in_folder(arguments, Path(config_file).parent)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and what is ignored stays so after exec
    os.execv(engine, ["pulumi", *arguments])  # noqa: S606, no shell is the point


if __name__ == "__main__":
    main()
