"""A lab's records on disk: a folder a kind, a JSON file a record, written atomically, changed under one lock."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from lab.cloud.model import KINDS, Made, Record
from lab.settings import LabError

R = TypeVar("R", bound=Made)
_FOLDER_OF = {kind: name for name, kind in KINDS.items()}


class RecordGoneError(LabError):
    """A record that another one names does not exist, or no longer."""


def new_id(prefix: str) -> str:
    """Return an id of EC2's form: the prefix, a dash and 17 hexadecimal digits."""
    return f"{prefix}-0{secrets.token_hex(8)}"


def write_atomically(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file so that a reader, or a crash, finds the old text or the new one and nothing between.

    Raises:
        LabError: the file system is full or read-only.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(mode)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LabError(f"cannot write {path}: {error.strerror}; nothing was changed") from error


class Store:
    """All records of one lab.

    Reads are free; whoever reads, decides and writes does so inside `locked()`, which other
    processes and other threads of this one wait for.
    """

    def __init__(self, folder: Path) -> None:
        """Use `folder` (a lab's cloud/), which is made at the first write."""
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lab's one lock; released when the block, or the process, ends. Not re-entrant."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _path(self, kind: type[Made], record_id: str) -> Path:
        return self.folder / _FOLDER_OF[kind] / f"{record_id.replace('/', '%')}.json"  # an ARN has slashes

    def put(self, record: Record) -> None:
        """Write a record, new or changed."""
        write_atomically(self._path(type(record), record.id), json.dumps(asdict(record), indent=1))

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the record of that id, or None."""
        try:
            text = self._path(kind, record_id).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        return _record(kind, text)

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the record of that id.

        Raises:
            RecordGoneError: there is none.
        """
        record = self.find(kind, record_id)
        if record is None:
            raise RecordGoneError(f"{_FOLDER_OF[kind]} {record_id!r} does not exist")
        return record

    def all(self, kind: type[R]) -> list[R]:
        """Return every record of a kind, in the order of their ids."""
        folder = self.folder / _FOLDER_OF[kind]
        records = []
        for path in sorted(folder.glob("[!.]*.json")):
            try:
                records.append(_record(kind, path.read_text(encoding="utf-8")))
            except FileNotFoundError:  # deleted since it was listed
                continue
        return records

    def delete(self, record: Record) -> None:
        """Forget a record; nothing happens if it is gone."""
        self._path(type(record), record.id).unlink(missing_ok=True)


def _record(kind: type[R], text: str) -> R:
    values = json.loads(text)
    for name in {"security_group_ids", "route_table_ids", "subnet_ids", "addresses"} & set(values):
        values[name] = tuple(values[name])
    return kind(**values)
