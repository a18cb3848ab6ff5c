"""The files a document lists: written whole, removed when a later document no longer lists them, or put back."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

from scripts.host.common import atomic_write, difference, process, state_file, undo
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError

NAME = "files"
MEMORY = "files.json"
"""From each file's path to the command that makes its change count."""
LOGIN = "ubuntu"
COMMAND_SECONDS = 120
JOURNAL_LINES = 5


class File(TypedDict):
    """One file of the document; its owner is root."""

    path: str
    content: str
    permissions: str
    on_change: list[str] | None


def converge(wanted: Sequence[File]) -> None:
    """Make the files be as listed. Each distinct command runs once, after all of them are written.

    Raises:
        HostError: a command failed; the files that need it are as they were before, all others are done.
    """
    left_over = undo.put_back(NAME)
    known: dict[str, list[str] | None] = state_file.load(MEMORY) or {}
    now = {file["path"]: file["on_change"] for file in wanted}
    changed = [file for file in wanted if _differs(file)]
    touched = {file["path"]: file["on_change"] for file in changed}
    touched |= {path: command for path, command in known.items() if path not in now}
    commands = _distinct([*touched.values(), *left_over])
    if touched or commands:
        paths = [Path(path) for path in touched]
        undo.begin(NAME, [*paths, state_file.FOLDER / MEMORY], commands)
        for file in changed:
            _write(file)
        for path in touched.keys() - now.keys():
            _remove(Path(path))
    faults = _run_all(commands, touched)
    refused = {path for path, command in touched.items() if command and tuple(command) in faults}
    kept = {path: known[path] for path in refused if path in known}
    state_file.save(MEMORY, {path: command for path, command in now.items() if path not in refused} | kept)
    if touched or commands:
        undo.end(NAME)
    if faults:
        raise HostError("\n".join(faults.values()))


def differences(wanted: Sequence[File]) -> list[Difference]:
    """Return where the files are not as listed; nothing is changed."""
    return [Difference("file", file["path"], *fault) for file in wanted for fault in _faults(file)]


def authorize(text: str) -> None:
    """Make the login user's authorized_keys be this text.

    Raises:
        HostError: there is no key in it, which would lock everybody out.
    """
    if process.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], stdin=text).returncode != 0:
        raise HostError("authorized_keys has no public key that ssh-keygen can read; the file is left as it was")
    user, path = _authorized_keys()
    if path.exists() and path.read_text() == text and path.stat().st_mode & 0o777 == 0o600:
        return
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700)
        os.chown(path.parent, user.pw_uid, user.pw_gid)
    atomic_write.write(path, text.encode(), 0o600, (user.pw_uid, user.pw_gid))


def key_differences(text: str) -> list[Difference]:
    """Return where the login user's authorized_keys is not this text; nothing is changed."""
    _, path = _authorized_keys()
    if not path.exists():
        return [Difference("ssh key", str(path), "file", "there", "missing")]
    rows = []
    if (found := path.read_text(errors="replace")) != text:
        expected, there = _fingerprints(text), _fingerprints(found)
        words = "the same key, with other options or comments" if there == expected else there
        rows.append(Difference("ssh key", str(path), "keys", expected, words))
    if (mode := path.stat().st_mode & 0o777) != 0o600:
        rows.append(Difference("ssh key", str(path), "permissions", "0600", f"{mode:04o}"))
    return rows


def _authorized_keys() -> tuple[pwd.struct_passwd, Path]:
    user = pwd.getpwnam(LOGIN)
    return user, Path(user.pw_dir) / ".ssh" / "authorized_keys"


def _fingerprints(text: str) -> str:
    listed = process.run(["ssh-keygen", "-l", "-f", "/dev/stdin"], stdin=text).stdout
    return ", ".join(line.split()[1] for line in listed.splitlines()) or "none"


def _differs(file: File) -> bool:
    return bool(_faults(file))


def _faults(file: File) -> list[tuple[str, str, str]]:
    """Return what of a file differs, how it should be and how it is."""
    path = Path(file["path"])
    if path.is_symlink() or not path.is_file():
        found = "a link" if path.is_symlink() else "no file" if path.exists() else "missing"
        return [("file", "there", found)]
    status, content = path.stat(), path.read_bytes()
    faults = [
        ("permissions", f"{int(file['permissions'], 8):04o}", f"{status.st_mode & 0o7777:04o}"),
        ("owner", "{}:{}".format(*atomic_write.ROOT), f"{status.st_uid}:{status.st_gid}"),
    ]
    faults = [(what, expected, found) for what, expected, found in faults if expected != found]
    if content != (wanted := file["content"].encode()):
        faults.insert(0, ("content", difference.digest(wanted), difference.digest(content)))
    return faults


def _write(file: File) -> None:
    path = Path(file["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write.write(path, file["content"].encode(), int(file["permissions"], 8))


def _remove(path: Path) -> None:
    if path.exists():
        path.unlink()
        atomic_write.sync_folder(path.parent)


def _distinct(commands: Iterable[Sequence[str] | None]) -> list[tuple[str, ...]]:
    return list(dict.fromkeys(tuple(command) for command in commands if command))


def _run_all(commands: Sequence[tuple[str, ...]], touched: dict[str, list[str] | None]) -> dict[tuple[str, ...], str]:
    """Run the commands; put back what a failing one was for. Return what each failing one said."""
    faults = {}
    for command in commands:
        if (said := _fault(command)) is None:
            continue
        paths = [path for path, own in touched.items() if own and tuple(own) == command]
        undo.put_back(NAME, [Path(path) for path in paths])
        # Once more: what it stopped must run again, on the files as they were.
        _fault(command)
        faults[command] = f"{', '.join(paths)} put back as before: {said}" if paths else said
    return faults


def _fault(command: Sequence[str]) -> str | None:
    try:
        process.must(command, seconds=COMMAND_SECONDS)
    except HostError as error:
        return f"{error}{_journal(command)}"
    return None


def _journal(command: Sequence[str]) -> str:
    """Return what a unit said, for systemctl only tells where one might read it."""
    if command[0] != "systemctl" or len(command) < 3:
        return ""
    said = process.run(["journalctl", "--no-pager", "-o", "cat", "-n", str(JOURNAL_LINES), "-u", command[-1]]).stdout
    return f"\nthe end of its journal:\n{said.strip()}"
