"""The data volume: found, formatted if it is empty, mounted at MySQL's data directory, and grown while it is in use.

MySQL does not start without it: its unit needs the mount. The mount is made by a unit that runs the agent's verb
`mount-data`, and so finds the volume by its id at every boot; fstab and mount units know labels and UUIDs, which a
volume from a snapshot shares with its source.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import atomic_write, codec, process, state_file
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.constants import DATA_DROP_IN, DATA_UNIT
from scripts.host.mysql import (
    data_directory,
    data_move,
    initialization,
    kept,
    series,
    service,
    snapshot_copy,
    volume_device,
)
from scripts.host.mysql.server import Session
from scripts.host.mysql.service import DATA
from scripts.host.mysql.spec import DataSpec
from scripts.host.system import file_systems, files, packages
from scripts.host.system.spec import FileSpec

STATE = "data-volume.json"
"""A state file: the DataSpec that the data are on, for the unit that mounts it."""
FORMATTING = "data-volume-formatting.json"
"""A state file, there while an empty volume is formatted: its id."""
FORMAT = "xfs"
LABEL = "mysql-data"
"""XFS takes 12 characters."""
TOOLS = ("xfsprogs",)
UNITS = (DATA_UNIT, DATA_DROP_IN)
OPTIONS = "nodev,nosuid,noatime,nouuid"
"""nouuid: the kernel takes a volume beside the snapshot that it was made from."""
MOUNT_SECONDS = 600
"""A mount replays the file system's log."""
FORMAT_SECONDS = 600
KEYRING = Path("/var/lib/mysql-keyring")
"""Of the package's making; a keyring that somebody has configured may be there."""
MARK = "ibdata1"
"""In every data directory of MySQL's, unless a setting that config refuses has moved it."""
MEND = (
    "Nothing was changed. Make a snapshot of the volume, then run `xfs_repair {device}` on the host, without -L; or "
    "set dataVolumeSnapshot to a snapshot of before"
)


def prepare(spec: DataSpec | None, units: Sequence[FileSpec]) -> None:
    """Have the data directory on the volume, before MySQL's packages are installed or its service is started.

    Args:
        spec: None where the data stay on the root volume.
        units: all of the host's files, those that keep MySQL from starting without the volume among them.

    Raises:
        HostError: the volume does not come, has what is not MySQL's data, or data of another series of MySQL's, or is
            not to be mounted.
    """
    known = state_file.load(STATE)
    if spec is None:
        if known:
            raise HostError(
                f"MySQL's data are on volume {known['volume_id']}, and config has no data volume any more: they are "
                "not moved back. Set dataVolumeSize as it was"
            )
        return
    packages.install_missing(TOOLS)
    device = volume_device.wait(spec)
    if DATA.is_mount():
        _require(spec, device)
        series.require(DATA, f"volume {spec.volume_id}")
    else:
        make_mountable(spec, device)
        initialization.set_aside()
        if data_move.is_begun() or _has_entries(DATA):
            data_move.move(lambda point: mount(spec, device, point), lambda: _switch(spec, units))
        else:
            _check(spec, device)
            _switch(spec, units)
    state_file.save(STATE, codec.as_data(spec))
    _write(units)
    file_systems.converge(spec.gib, DATA)
    if (DATA / MARK).exists():
        snapshot_copy.prepare(spec)
    data_move.finish()


def _switch(spec: DataSpec, units: Sequence[FileSpec]) -> None:
    """Mount the volume at the data directory, for good."""
    state_file.save(STATE, codec.as_data(spec))
    _write(units)
    # Where the volume is not mounted, nobody but root can put anything there.
    DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chown(DATA, 0, 0)
    DATA.chmod(0o700)
    process.must(["systemctl", "restart", Path(DATA_UNIT).name], seconds=MOUNT_SECONDS)


def _check(spec: DataSpec, device: Path) -> None:
    """Look at what the volume has, where nothing else does, before it is mounted for good."""
    with data_move.mounted(lambda point: mount(spec, device, point)):
        content = described(data_move.STAGE)
        if content == "data":
            series.require(data_move.STAGE, f"volume {spec.volume_id}")
    data_move.STAGE.rmdir()
    if content not in ("empty", "data"):
        raise HostError(f"volume {spec.volume_id} {content}")


def described(point: Path) -> str:
    """Return what a mounted file system has: "empty", "data", or what is wrong with it, in words."""
    if data_directory.is_cut_off(point):
        return "empty"  # no server ever ran on it: what is there is set aside
    if data_move.is_incomplete(point):
        return (
            "has an incomplete copy of a server's data, and this host has not the data that were copied. Take the "
            "volume away, or set dataVolumeSnapshot to a snapshot that is whole"
        )
    if (point / MARK).exists():
        return "data"
    if _has_entries(point):
        return (
            "has files, and they are no data directory of MySQL's. Choose another volume, or take them away: nothing "
            "was changed"
        )
    return "empty"


def _has_entries(point: Path) -> bool:
    ours = {"lost+found", kept.FOLDER.name}
    return point.exists() and any(path.name not in ours for path in point.iterdir())


def make_mountable(spec: DataSpec, device: Path) -> None:
    """Format the volume if it is empty in every respect; leave a file system as it is.

    Raises:
        HostError: there is something else on it.
    """
    found = volume_device.kind(device)
    half_made = _is_half_made(spec, device)
    if found == FORMAT and not half_made:
        return
    if found and found != FORMAT:
        raise HostError(
            f"volume {spec.volume_id} has {found} on it, and not {FORMAT}: it is not formatted. Choose an empty "
            "volume, or copy its data to one"
        )
    if not half_made and not volume_device.is_blank(device):
        raise HostError(
            f"volume {spec.volume_id} is not empty, and no file system is recognized on it: it is not formatted. If it "
            f"was a data volume, its file system is damaged. {MEND.format(device=device)}"
        )
    state_file.save(FORMATTING, spec.volume_id)
    process.must(["mkfs.xfs", "-q", "-f", "-L", LABEL, str(device)], seconds=FORMAT_SECONDS)
    _end_formatting()


def _is_half_made(spec: DataSpec, device: Path) -> bool:
    """Return whether formatting the empty volume was cut off: it was begun on this host, and cannot be mounted."""
    if state_file.load(FORMATTING) != spec.volume_id:
        return False
    try:
        with data_move.mounted(lambda point: mount(spec, device, point)):
            pass
    except HostError:
        return True
    # Or else a file system that is damaged later, with data on it, would be taken for a half-made one.
    _end_formatting()
    return False


def _end_formatting() -> None:
    (state_file.FOLDER / FORMATTING).unlink()
    atomic_write.sync_folder(state_file.FOLDER)


def mount(spec: DataSpec, device: Path, point: Path) -> None:
    """Mount the volume's file system.

    Raises:
        HostError: it is damaged.
    """
    argv = ["mount", "-t", FORMAT, "-o", OPTIONS, str(device), str(point)]
    done = process.run(argv, seconds=MOUNT_SECONDS)
    if done.returncode != 0:
        reason = process.last_lines(done).partition("\n")[0].rstrip(".")
        raise HostError(
            f"the file system of volume {spec.volume_id} cannot be mounted: {reason}. {MEND.format(device=device)}"
        )


def mount_verb(_: Sequence[str]) -> int:
    """Mount the volume that the data are on, once it is there; return the exit code.

    The unit runs it at every boot, again while it fails, and `converge` by the unit; so it takes no lock.
    """
    try:
        known = state_file.load(STATE)
        if known is None:
            raise HostError("no data volume is known on this host: run `pulumi up`")
        spec = codec.from_data(DataSpec, known)
        device = volume_device.wait(spec)
        if DATA.is_mount():
            _require(spec, device)
        else:
            mount(spec, device, DATA)
        if _is_restarted():
            # What needs the volume has failed by then. It waits until this command has ended.
            process.must(["systemctl", "--no-block", "start", service.NAME])
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _is_restarted() -> bool:
    """Return whether systemd runs the unit again, by itself, as it has failed."""
    return process.must(["systemctl", "show", "--property=NRestarts", "--value", Path(DATA_UNIT).name]).strip() != "0"


def _require(spec: DataSpec, device: Path) -> None:
    if DATA.stat().st_dev != device.stat().st_rdev:
        raise HostError(
            f"{DATA} is on another device than volume {spec.volume_id} ({device}): nothing was changed. Unmount that "
            "one while MySQL is stopped, or correct dataVolumeId"
        )


def _write(units: Sequence[FileSpec]) -> None:
    """Write the units that keep MySQL from starting without the volume."""
    own = [file for file in units if file.path in UNITS]
    if files.differences(own):
        for file in own:
            files.write(file)
        process.must(["systemctl", "daemon-reload"])


def warnings(session: Session) -> list[str]:
    """Return what of MySQL's data somebody has put elsewhere than on the volume: it goes with the host."""
    paths = [path for (path,) in session.rows("SELECT path FROM information_schema.innodb_datafiles")]
    found = [str(path) for path in paths if str(path).startswith("/") and not str(path).startswith(f"{DATA}/")]
    found += sorted(map(str, KEYRING.glob("*")))
    return [f"{path} is on the root volume, and is lost when the server's host is replaced" for path in found]


def differences(spec: DataSpec | None) -> list[Difference]:
    """Return where the volume is not where it should be, or its file system not as large; nothing is changed."""
    if spec is None:
        return []
    device = volume_device.find(spec)
    if device is None:
        return [Difference("data volume", spec.volume_id, "device", "attached", "missing")]
    if not DATA.is_mount():
        found = "MySQL's data on the root volume" if (DATA / MARK).exists() else "not mounted"
        return [Difference("data volume", spec.volume_id, str(DATA), "mounted", found)]
    if DATA.stat().st_dev != device.stat().st_rdev:
        return [Difference("data volume", spec.volume_id, str(DATA), "mounted", "another device")]
    rows = file_systems.small(DATA, spec.gib)
    if data_move.is_begun():
        rows.append(Difference("data volume", spec.volume_id, str(data_move.FORMER), "removed", "the former copy"))
    return rows
