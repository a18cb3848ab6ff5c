"""A server's data move once from the root volume to an empty data volume: copied while MySQL is stopped, and compared.

Until the copy is known to be whole, the data directory stays where MySQL finds it: a run that is cut off leaves the
server as it was, and the next one copies anew. The rename of the data directory is the turn: from then on MySQL starts
on the volume alone. The former copy is removed when MySQL has answered from the volume.
"""

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from scripts.host.common import atomic_write, digest, process, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import kept, server, service
from scripts.host.mysql.service import DATA

FORMER = DATA.with_name(f"{DATA.name}.before-the-volume")
"""The data directory on the root volume, once its copy is whole."""
STAGE = state_file.FOLDER / "data-volume"
"""Where the volume is mounted meanwhile."""
PROGRESS = f"{kept.FOLDER.name}/move.json"
"""On the volume: COPYING, WHOLE, or not there."""
COPYING, WHOLE = "copying", "whole"
BEFORE = "data-move.json"
"""A state file: what the server said of itself before the move."""
SPARE = 0.1, 256 * 1024**2
"""Of the data's size, and bytes: what has to be left on the volume."""
QUIET_SECONDS = 600
LONGEST_SECONDS = 12 * 3600
TABLES = "SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE table_type = 'BASE TABLE'"


def is_begun() -> bool:
    """Return whether the data are on the volume, and the former copy is not removed yet."""
    return FORMER.exists()


def is_incomplete(point: Path) -> bool:
    """Return whether a volume has a copy that was never finished."""
    return _progress(point) == COPYING


def move(mount: Callable[[Path], None], switch: Callable[[], None]) -> None:
    """Copy the data to the volume, and go on with the server there.

    Args:
        mount: mounts the volume's file system somewhere.
        switch: mounts it at the data directory, for good.

    Raises:
        HostError: the data could not be moved, and the server is up as it was; or the volume could not be mounted.
    """
    if not is_begun():
        _copy_whole(mount)
        DATA.rename(FORMER)
        atomic_write.sync_folder(DATA.parent)
    switch()


def finish() -> None:
    """Give up the former copy, once MySQL answers from the volume with all that it had.

    Raises:
        HostError: it does not; both copies are there.
    """
    if not is_begun():
        return
    begin = service.log_size()
    if not server.start():
        raise HostError(
            f"mysqld does not come up on the data volume: {service.words_since(begin)}\nThe former data are in "
            f"{FORMER}, and nothing was written since: the next `pulumi up` tries again"
        )
    before, now = state_file.load(BEFORE), _said(server.Session())
    missing = sorted(set(before["tables"]) - set(now["tables"]))
    if before["server_uuid"] != now["server_uuid"] or missing:
        lost = f"does not have the tables {', '.join(missing)}" if missing else "is another server"
        raise HostError(
            f"MySQL on the data volume {lost}. The former data are in {FORMER}: compare, and remove that folder when "
            "the volume has all of it"
        )
    (DATA / PROGRESS).unlink(missing_ok=True)
    shutil.rmtree(FORMER)
    (state_file.FOLDER / BEFORE).unlink(missing_ok=True)
    STAGE.rmdir()


def _copy_whole(mount: Callable[[Path], None]) -> None:
    if not server.start():
        raise HostError("mysqld is down, so its data cannot be moved to the data volume: nothing was changed")
    with mounted(mount):
        _require_room()
        _save_progress(COPYING)
        _clear()
    with _stopped():
        with mounted(mount):
            _copy()
        # Mounted anew, so that what is compared was read from the volume.
        with mounted(mount):
            if different := next(_differences(DATA, STAGE), None):
                raise HostError(f"the copy on the data volume is not like the data: {different}")
            _save_progress(WHOLE)


@contextlib.contextmanager
def mounted(mount: Callable[[Path], None]) -> Iterator[None]:
    """Have the volume mounted where nothing but the agent looks."""
    STAGE.mkdir(mode=0o700, exist_ok=True)
    if STAGE.is_mount():
        process.must(["umount", str(STAGE)], seconds=QUIET_SECONDS)
    mount(STAGE)
    try:
        yield
    finally:
        process.must(["umount", str(STAGE)], seconds=QUIET_SECONDS)


@contextlib.contextmanager
def _stopped() -> Iterator[None]:
    """Keep MySQL stopped meanwhile; it is started again where something fails."""
    session = server.Session()
    read_only = session.one("SELECT @@GLOBAL.read_only")
    # What it says of itself then holds until it is stopped.
    session.do("SET GLOBAL super_read_only = ON")
    try:
        state_file.save(BEFORE, _said(session))
        process.must(["systemctl", "stop", service.NAME], seconds=LONGEST_SECONDS)
        yield
    except BaseException as error:
        if server.start():
            session = server.Session()
            session.do("SET GLOBAL super_read_only = OFF")
            session.do("SET GLOBAL read_only = %s", [read_only])
        if isinstance(error, HostError | OSError):
            raise HostError(f"{error}\nThe data are on the root volume as before") from error
        raise


def _said(session: server.Session) -> dict[str, Any]:
    """Return by what a server is known again."""
    tables = sorted(name for (name,) in session.rows(TABLES))
    return {"server_uuid": session.one("SELECT @@server_uuid"), "tables": tables}


def _require_room() -> None:
    used = sum(entry.lstat().st_blocks * 512 for entry in DATA.rglob("*"))
    needed = used + max(int(used * SPARE[0]), SPARE[1])
    status = os.statvfs(STAGE)
    size = status.f_blocks * status.f_frsize
    if size < needed:
        raise HostError(
            f"the data have {used / 1024**3:.1f} GiB and the data volume has {size / 1024**3:.1f}: set dataVolumeSize "
            f"to {needed // 1024**3 + 1} or more. Nothing was changed"
        )


def _clear() -> None:
    """Remove what an earlier run has copied."""
    for path in STAGE.iterdir():
        if path.name == kept.FOLDER.name:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _copy() -> None:
    def written() -> int:
        return os.statvfs(STAGE).f_bfree

    argv = ["cp", "--archive", "--reflink=never", f"{DATA}/.", str(STAGE)]
    done = process.run_while(argv, written, QUIET_SECONDS, LONGEST_SECONDS)
    if done.returncode != 0:
        raise HostError(f"the data could not be copied: {process.last_lines(done)}")
    process.must(["sync", "--file-system", str(STAGE)], seconds=QUIET_SECONDS)


def _differences(left: Path, right: Path) -> Iterator[str]:
    """Yield in words what differs of two trees: names, kinds, owners, permissions, content."""
    names = [{path.relative_to(tree) for path in tree.rglob("*")} for tree in (left, right)]
    own = {Path(PROGRESS), Path(kept.FOLDER.name)}
    for name in sorted((names[0] ^ names[1]) - own):
        yield f"{name} is on one side alone"
    for name in sorted(names[0] & names[1]):
        if _seen(left / name) != _seen(right / name):
            yield f"{name} differs"


def _seen(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    facts = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    if path.is_symlink():
        return (*facts, path.readlink())
    if not path.is_file():
        return facts
    return (*facts, status.st_size, digest.of_file(path))


def _progress(point: Path) -> str | None:
    path = point / PROGRESS
    return json.loads(path.read_text())["copy"] if path.exists() else None


def _save_progress(copy: str) -> None:
    """Write down how far the copy is; a volume that has data of its own is refused."""
    path = STAGE / PROGRESS
    if copy == COPYING and _progress(STAGE) is None and any(STAGE.iterdir()):
        raise HostError(
            "the root volume has a server's data, and so has the data volume: neither is written over. To go on with "
            "the volume's, replace the server; to keep the root volume's, choose an empty volume"
        )
    path.parent.mkdir(mode=0o700, exist_ok=True)
    atomic_write.write(path, (json.dumps({"copy": copy}) + "\n").encode(), 0o600)
