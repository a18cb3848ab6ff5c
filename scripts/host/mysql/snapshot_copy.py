"""A data volume that is a copy of another one, made from its snapshot, over which the binary log is to be replayed.

Which volume the data are on is noted beside them. Where the note names another volume, this one is a copy that nobody
has been served from; one that was served from is never taken for it. The copy gets a server UUID of its own, as two
servers with the same one would write two logs under one name. Until the replay is done the server is closed:
restoring.py.
"""

import re
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write
from scripts.host.common.errors import HostError
from scripts.host.group import membership
from scripts.host.mysql import kept, restoring, server
from scripts.host.mysql.service import DATA
from scripts.host.mysql.spec import DataSpec

NOTE = "volume.json"
"""Beside the data: the volume that they are on, and what is to be replayed over a copy."""
UUID_FILE, LOG_INDEX = "auto.cnf", "binlog.index"
TO_DO, DONE, GIVEN_UP = "to do", "done", "given up"


def prepare(spec: DataSpec) -> None:
    """Note the volume that is mounted; make a copy ready for the replay, before MySQL starts on it.

    Raises:
        HostError: no log can be replayed over this copy.
    """
    note = kept.load(NOTE)
    if note is None or note["volume"] != spec.volume_id:
        former, note = note, {"volume": spec.volume_id}
        if former:
            # The members of its source's group do not know this server.
            membership.forget()
        # Without a note of another volume nothing says that this one is a copy.
        if spec.replay_over and former:
            note["replay"] = {"snapshot": spec.replay_over, "state": TO_DO, **_source()}
        kept.save(NOTE, note)
    replay = note.get("replay") or {"state": DONE}
    if replay["state"] != TO_DO:
        restoring.close_again()
    elif not spec.replay_over:
        # Whatever is restored later must not take these data for its own unfinished ones.
        restoring.MARKER.unlink(missing_ok=True)
        restoring.open_at_start()
        _set_state(GIVEN_UP)
    else:
        restoring.close_at_start()
        if _uuid() == replay["server_uuid"]:
            # The marker of a snapshot says nothing of its copy.
            restoring.MARKER.unlink(missing_ok=True)
            (DATA / UUID_FILE).unlink()
            atomic_write.sync_folder(DATA)


def to_do() -> dict[str, Any] | None:
    """Return what is to be replayed over this volume, and on what; None for nothing."""
    replay: dict[str, Any] | None = (kept.load(NOTE) or {}).get("replay")
    return replay if replay and replay["state"] == TO_DO else None


def done() -> None:
    """Note that the log has been replayed."""
    _set_state(DONE)


def settle() -> None:
    """Note what the server of a copy has executed when it is set up; let everyone in, if the replay was given up.

    The package's installation alters an account of its own: that is no data.
    """
    replay = (kept.load(NOTE) or {}).get("replay") or {"state": DONE}
    if replay["state"] == GIVEN_UP:
        server.restart()
        _set_state(DONE)
    elif replay["state"] == TO_DO and "executed" not in replay:
        executed = str(server.Session().one("SELECT @@GLOBAL.gtid_executed"))
        _set_state(TO_DO, executed="".join(executed.split()))


def _set_state(state: str, **more: str) -> None:
    note = kept.load(NOTE)
    kept.save(NOTE, {**note, "replay": {**note["replay"], **more, "state": state}})


def _uuid() -> str:
    path = DATA / UUID_FILE
    return "".join(re.findall(r"(?m)^server-uuid\s*=\s*(\S+)", path.read_text())[:1]) if path.exists() else ""


def _source() -> dict[str, Any]:
    """Return which server this is a copy of, the file of its log that was written to, and when that was."""
    index, uuid = DATA / LOG_INDEX, _uuid()
    names = index.read_text().split() if index.exists() else []
    last = DATA / Path(names[-1]).name if names else None
    if not uuid or last is None or not last.exists():
        raise HostError(
            f"the snapshot has no {UUID_FILE} or no binary log in MySQL's data directory, so none can be replayed over "
            "it: take restoreFrom out, or take dataVolumeSnapshot out and restore from a base"
        )
    return {"server_uuid": uuid, "first_log": last.name, "written": int(last.stat().st_mtime)}
