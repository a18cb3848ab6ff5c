"""The files that a spec lists: written whole, removed when a later spec no longer lists them, or put back."""

from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import atomic_write, difference, process, state_file, undo
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.system.spec import FileSpec

NAME = "files"
"""Of the undo."""
STATE = "files.json"
"""From each file's path to the command that makes its change count, or null."""
COMMAND_SECONDS = 120
JOURNAL_LINES = 5

Command = tuple[str, ...]


def converge(specs: Sequence[FileSpec]) -> None:
    """Make the files be as listed. Each distinct command runs once, after all of them are written.

    Raises:
        HostError: a command failed; the files that need it are as they were before, all others are done.
    """
    interrupted = [tuple(command) for command in undo.put_back(NAME)]
    former = {path: tuple(command or ()) for path, command in (state_file.load(STATE) or {}).items()}
    desired = {spec.path: spec.on_change for spec in specs}
    changed = [spec for spec in specs if _faults(spec)]
    touched = {spec.path: spec.on_change for spec in changed}
    touched |= {path: command for path, command in former.items() if path not in desired}
    commands = list(dict.fromkeys(filter(None, [*touched.values(), *interrupted])))
    if touched or commands:
        undo.begin(NAME, [*map(Path, touched), state_file.FOLDER / STATE], commands)
        for spec in changed:
            write(spec)
        for path in touched.keys() - desired.keys():
            remove(Path(path))
    failures = _run_all(commands, touched)
    refused = {path for path, command in touched.items() if command in failures}
    kept = {path: former[path] for path in refused if path in former}
    listed = {path: command for path, command in desired.items() if path not in refused} | kept
    state_file.save(STATE, {path: command or None for path, command in listed.items()})
    if touched or commands:
        undo.end(NAME)
    if failures:
        raise HostError("\n".join(failures.values()))


def differences(specs: Sequence[FileSpec]) -> list[Difference]:
    """Return where the files are not as listed; nothing is changed."""
    return [Difference("file", spec.path, *fault) for spec in specs for fault in _faults(spec)]


def _faults(spec: FileSpec) -> list[tuple[str, str, str]]:
    """Return what of a file differs, how it should be and how it is."""
    path = Path(spec.path)
    if path.is_symlink() or not path.is_file():
        found = "a link" if path.is_symlink() else "not a file" if path.exists() else "missing"
        return [("file", "present", found)]
    status, content = path.stat(), path.read_bytes()
    faults = [
        ("content", difference.digest(spec.content.encode()), difference.digest(content)),
        ("permissions", f"{int(spec.permissions, 8):04o}", f"{status.st_mode & 0o7777:04o}"),
        ("owner", "{}:{}".format(*atomic_write.ROOT), f"{status.st_uid}:{status.st_gid}"),
    ]
    return [(what, expected, found) for what, expected, found in faults if expected != found]


def write(spec: FileSpec) -> None:
    """Write a file whole, whatever is there."""
    path = Path(spec.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write.write(path, spec.content.encode(), int(spec.permissions, 8))


def remove(path: Path) -> None:
    """Remove a file, if it is there."""
    if path.exists():
        path.unlink()
        atomic_write.sync_folder(path.parent)


def _run_all(commands: Sequence[Command], touched: dict[str, Command]) -> dict[Command, str]:
    """Run the commands; put back what a failing one was for. Return what each failing one said."""
    failures = {}
    for command in commands:
        if (failure := _failure(command)) is None:
            continue
        paths = [path for path, own in touched.items() if own == command]
        undo.put_back(NAME, map(Path, paths))
        # Once more: what it stopped must run again, on the files as they were.
        _failure(command)
        failures[command] = f"{', '.join(paths)} put back as before: {failure}" if paths else failure
    return failures


def _failure(command: Command) -> str | None:
    try:
        process.must(command, seconds=COMMAND_SECONDS)
    except HostError as error:
        return f"{error}{_journal(command)}"
    return None


def _journal(command: Command) -> str:
    """Return what a unit said, for systemctl only tells where one might read it."""
    if command[0] != "systemctl" or len(command) < 3:
        return ""
    argv = ["journalctl", "--no-pager", "-o", "cat", "-n", str(JOURNAL_LINES), "-u", command[-1]]
    return f"\nthe end of its journal:\n{process.run(argv).stdout.strip()}"
