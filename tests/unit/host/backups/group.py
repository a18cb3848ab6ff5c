"""A group for the tests of its backups: members that log the same transactions, and what they have sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from scripts.host.backups import status
from scripts.host.backups.binary_log import LogFile
from scripts.host.backups.notes import FIRST_SUFFIX, SUFFIX, Note
from scripts.host.backups.repository import Object
from tests.unit.host.backups.conftest import MemoryRepository, manifest

GROUP = "aaaaaaaa-0000-11f1-bdda-6e8c315f54a6"
UUIDS = {name: f"{number}1111111-ebe0-11f1-bdda-6e8c315f54a6" for number, name in enumerate("abc", 1)}


def moment(second: int) -> str:
    """Return a time so many seconds after ten o'clock."""
    return f"2024-12-01T10:{second // 60:02d}:{second % 60:02d}Z"


def gtids(numbers: Iterable[int]) -> str:
    """Return transactions of the group as MySQL writes them, one interval each."""
    text = ":".join(map(str, sorted(numbers)))
    return f"{GROUP}:{text}" if text else ""


class Member:
    """A member: the transactions that it has, and the file that it writes to."""

    def __init__(self, repo: GroupRepository, uuid: str, executed: Iterable[int] = (), begun: int = 0) -> None:
        self.uuid, self._repo = uuid, repo
        self.executed = set(executed)
        self.number, self.begun = 1, begun
        self.before: set[int] = set(self.executed)
        self.sent: set[int] | None = None
        """What it had after the file that it has sent last."""
        self.contents: dict[str, set[int]] = {}
        """The transactions of each file that was sent, by the name of its object."""

    def has(self, *transactions: int) -> None:
        """Execute transactions, and log them."""
        self.executed |= set(transactions)

    def sends(self, second: int, members: str | Sequence[str], ended: int | None = None) -> LogFile:
        """Close the file, and send it; `members` were in the group, and it is complete up to `ended`."""
        uuids = tuple(UUIDS[name] for name in members) if isinstance(members, str) else tuple(members)
        digest = f"{self.number:015x}{self.uuid[0]}"
        end = status.parsed(moment(second if ended is None else ended))
        file = LogFile(f"binlog.{self.number:06d}", self.number, end, digest, 7)
        note = Note(gtids(self.before), gtids(self.executed), moment(self.begun), uuids)
        self._repo.logs.setdefault(self.uuid, {})[file.object] = note
        if self.before != self.sent:
            self._repo.first.setdefault(self.uuid, set()).add(file.object)
        self.contents[file.object] = self.executed - self.before
        self.number, self.begun = self.number + 1, second
        self.before = self.sent = set(self.executed)
        return file

    def base(self, second: int, members: str, **changes: Any) -> dict[str, Any]:
        """Make a base."""
        made = manifest(
            status.parsed(moment(second)).strftime(status.ID_FORM),
            f"binlog.{self.number:06d}",
            server_uuid=self.uuid,
            gtid_executed=gtids(self.executed),
            members=[UUIDS[name] for name in members],
            **changes,
        )
        self._repo.add(made)
        return made


class GroupRepository(MemoryRepository):
    """A repository with the logs of several servers, and notes beside their files."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: dict[str, dict[str, Note | None]] = {}
        self.fetched: list[str] = []
        self.first: dict[str, set[str]] = {}

    def member(self, name: str, executed: Iterable[int] = (), begun: int = 0) -> Member:
        """Return a new member."""
        return Member(self, UUIDS[name], executed, begun)

    def suffix(self, uuid: str, name: str) -> str:
        """Return what the name of a file's note ends with."""
        return FIRST_SUFFIX if name in self.first.get(uuid, ()) else SUFFIX

    def objects(self, folder: str) -> list[Object]:
        """Return what a folder has."""
        if folder == "bases":
            return super().objects(folder)
        names = [
            f"logs/{uuid}/{name}{suffix}"
            for uuid, files in self.logs.items()
            for name, note in files.items()
            for suffix in ("", *([self.suffix(uuid, name)] if note else []))
        ]
        return [Object(name.removeprefix(f"{folder}/"), 7) for name in names if name.startswith(f"{folder}/")]

    def fetch(self, folder: str, names: Sequence[str], into: Path) -> None:
        """Get notes or manifests."""
        if folder != "logs":
            return super().fetch(folder, names, into)
        for name in names:
            uuid, _, file = name.partition("/")
            (into / uuid).mkdir(exist_ok=True)
            name_of_log = next(one for one in self.logs[uuid] if file.startswith(one))
            note = self.logs[uuid][name_of_log]
            assert note is not None and file == name_of_log + self.suffix(uuid, name_of_log)
            (into / name).write_text(json.dumps(asdict(note)))
        self.fetched += names
        return None
