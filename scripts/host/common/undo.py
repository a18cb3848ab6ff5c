"""A journal of files as they were before a change, so that a failed or interrupted change can be taken back."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write, state_file

Command = Sequence[str]


def begin(name: str, paths: Iterable[Path], commands: Sequence[Command] = ()) -> None:
    """Write down how these files are now, and which commands their change will need."""
    state_file.save(_journal(name), {"files": {str(path): _seen(path) for path in paths}, "commands": list(commands)})


def put_back(name: str, paths: Iterable[Path] | None = None) -> list[Command]:
    """Make files be as they were when the change began: those named, or all, which ends the change.

    The commands that the change may have run are returned; none if no change was under way.
    """
    journal = state_file.load(_journal(name))
    if journal is None:
        return []
    for path in journal["files"] if paths is None else map(str, paths):
        _restore(Path(path), journal["files"][path])
    if paths is None:
        end(name)
    commands: list[Command] = journal["commands"]
    return commands


def end(name: str) -> None:
    """Forget the journal: the change is done."""
    (state_file.FOLDER / _journal(name)).unlink(missing_ok=True)
    atomic_write.sync_folder(state_file.FOLDER)


def _journal(name: str) -> str:
    return f"undo-{name}.json"


def _seen(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    status = path.stat()
    content = path.read_bytes().decode(errors="surrogateescape")
    return {"content": content, "mode": status.st_mode & 0o7777, "owner": [status.st_uid, status.st_gid]}


def _restore(path: Path, seen: dict[str, Any] | None) -> None:
    if seen == _seen(path):
        return
    if seen is None:
        path.unlink(missing_ok=True)
        atomic_write.sync_folder(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        content = seen["content"].encode(errors="surrogateescape")
        atomic_write.write(path, content, seen["mode"], (seen["owner"][0], seen["owner"][1]))
