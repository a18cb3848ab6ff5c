"""mysql/data_volume.py and volume_device.py: which device it is, what is formatted, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.common import codec, state_file
from scripts.host.common.errors import HostError
from scripts.host.mysql import data_move, data_volume, kept, volume_device
from scripts.host.mysql.spec import DataSpec
from tests.unit.host.stand_ins import Bench

SPEC = DataSpec("vol-0123456789abcdef0", "/dev/sdf", 16)
SERIAL = "vol0123456789abcdef0"
SIZE = 32 * 1024**2


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine's /dev and /sys/block, empty."""
    for name, folder in (("BY_ID", "dev/disk/by-id"), ("BLOCKS", "sys/block"), ("DEVICES", "dev")):
        path = tmp_path / folder
        path.mkdir(parents=True, exist_ok=True)
        monkeypatch.setattr(volume_device, name, path)
    monkeypatch.setattr(volume_device, "DEVICE_SECONDS", 0)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return tmp_path


def test_a_volume_is_found_by_its_link(machine: Path) -> None:
    (machine / "dev/nvme1n1").touch()
    (machine / f"dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{SERIAL}").symlink_to("../../nvme1n1")
    assert volume_device.wait(SPEC) == machine / "dev/nvme1n1"


def test_a_volume_is_found_by_its_serial_number(machine: Path) -> None:
    for name, serial in (("nvme0n1", "vol0aaaaaaaaaaaaaaaa"), ("nvme2n1", f"{SERIAL}  ")):
        (machine / f"sys/block/{name}/device").mkdir(parents=True)
        (machine / f"sys/block/{name}/device/serial").write_text(f"{serial}\n")
        (machine / "dev" / name).touch()
    assert volume_device.wait(SPEC) == machine / "dev/nvme2n1"


@pytest.mark.parametrize("name", ["xvdf", "sdf"])
def test_a_volume_is_found_by_its_name_on_xen(machine: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(Path, "is_block_device", lambda path: path.name == name)
    assert volume_device.wait(SPEC) == machine / "dev" / name


def test_a_volume_that_does_not_come_is_told_with_what_there_is(machine: Path) -> None:
    (machine / "sys/block/nvme0n1").mkdir()
    with pytest.raises(HostError, match=r"vol-0123456789abcdef0 is not seen .* devices are nvme0n1\. See that"):
        volume_device.wait(SPEC)


@pytest.mark.usefixtures("machine")
def test_somebody_who_watches_is_told_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(volume_device, "DEVICE_SECONDS", 0.01)
    with pytest.raises(HostError):
        volume_device.wait(SPEC)
    assert capsys.readouterr().err == "waiting for the data volume vol-0123456789abcdef0 to be attached\n"


@pytest.mark.parametrize(("restarts", "started"), [("0", False), ("3", True)])
def test_mysql_is_started_when_the_volume_comes_after_systemd_has_given_it_up(
    device: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, restarts: str, started: bool
) -> None:
    state_file.save(data_volume.STATE, codec.as_data(SPEC))
    monkeypatch.setattr(volume_device, "find", lambda _: device)
    bench.stand_in("mount")
    bench.stand_in("systemctl", f"echo {restarts}")
    assert data_volume.mount_verb([]) == 0
    assert ("systemctl --no-block start mysql" in bench.calls()) == started


@pytest.fixture
def device(tmp_path: Path, bench: Bench, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume's device that reads as zeros, without a signature."""
    path = tmp_path / "device"
    with path.open("wb") as file:
        file.truncate(SIZE)
    bench.stand_in("wipefs")
    bench.stand_in("mkfs.xfs")
    monkeypatch.setattr(data_move, "STAGE", state_folder / "data-volume")
    return path


def test_an_empty_volume_is_formatted(device: Path, bench: Bench) -> None:
    data_volume.make_mountable(SPEC, device)
    assert [call.split()[0] for call in bench.calls()] == ["wipefs", "mkfs.xfs"]


def test_a_file_system_that_is_there_is_kept(device: Path, bench: Bench) -> None:
    bench.stand_in("wipefs", "echo xfs")
    data_volume.make_mountable(SPEC, device)
    assert [call.split()[0] for call in bench.calls()] == ["wipefs"]


@pytest.mark.parametrize("found", ["ext4", "gpt", "LVM2_member", "swap", "xfs\ngpt"])
def test_anything_else_is_never_formatted(device: Path, bench: Bench, found: str) -> None:
    bench.stand_in("wipefs", f"printf '{found}\n'")
    with pytest.raises(HostError, match="it is not formatted"):
        data_volume.make_mountable(SPEC, device)
    assert "mkfs.xfs" not in " ".join(bench.calls())


@pytest.mark.parametrize("offset", [0, 4096, 1024**2, SIZE // 4, SIZE // 2, SIZE - 1])
def test_a_volume_with_a_byte_on_it_is_never_formatted(device: Path, bench: Bench, offset: int) -> None:
    """Its first superblock may be gone: a copy of it is at the beginning of each of XFS's allocation groups."""
    with device.open("r+b") as file:
        file.seek(offset)
        file.write(b"x")
    with pytest.raises(HostError, match=r"not empty.*it is not formatted.*xfs_repair"):
        data_volume.make_mountable(SPEC, device)
    assert "mkfs.xfs" not in " ".join(bench.calls())


def test_formatting_that_was_cut_off_is_done_again(device: Path, bench: Bench) -> None:
    state_file.save(data_volume.FORMATTING, SPEC.volume_id)
    bench.stand_in("wipefs", "echo xfs")
    bench.stand_in("mount", "echo bad superblock >&2; exit 32")
    data_volume.make_mountable(SPEC, device)
    assert "mkfs.xfs" in [call.split()[0] for call in bench.calls()]
    assert state_file.load(data_volume.FORMATTING) is None


def test_formatting_that_was_done_is_not_done_again(device: Path, bench: Bench) -> None:
    """The note of it may come back after a power cut, when data are on the volume already."""
    state_file.save(data_volume.FORMATTING, SPEC.volume_id)
    bench.stand_in("wipefs", "echo xfs")
    bench.stand_in("mount")
    bench.stand_in("umount")
    data_volume.make_mountable(SPEC, device)
    assert "mkfs.xfs" not in [call.split()[0] for call in bench.calls()]
    # From then on it has data, and is not formatted either when it is damaged.
    bench.stand_in("mount", "echo bad superblock >&2; exit 32")
    data_volume.make_mountable(SPEC, device)
    assert "mkfs.xfs" not in [call.split()[0] for call in bench.calls()]


def test_a_damaged_file_system_is_told_with_the_way_out(device: Path, bench: Bench) -> None:
    bench.stand_in("mount", "echo 'mount: bad superblock on /dev/nvme1n1' >&2; exit 32")
    with pytest.raises(HostError) as caught:
        data_volume.mount(SPEC, device, device.parent)
    assert "bad superblock" in str(caught.value)
    assert f"Make a snapshot of the volume, then run `xfs_repair {device}`" in str(caught.value)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([], "empty"),
        (["lost+found"], "empty"),
        (["ibdata1", "mysql.ibd"], "data"),
        (["photos"], "has files, and they are no data directory"),
    ],
)
def test_what_a_volume_has_is_told(tmp_path: Path, names: list[str], said: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert data_volume.described(tmp_path).startswith(said)


@pytest.mark.usefixtures("state_folder")
def test_data_on_a_volume_are_not_left_for_a_root_volume_without_them() -> None:
    state_file.save(data_volume.STATE, {"volume_id": "vol-1", "device_name": "/dev/sdf", "gib": 16})
    with pytest.raises(HostError, match="data are on volume vol-1, and config has no data volume any more"):
        data_volume.prepare(None, [])


def test_what_belongs_to_the_data_moves_to_them_and_is_found_before_that(
    tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "data" / ".mysql-pair")
    (tmp_path / "data").mkdir()
    (state_folder / "tls").mkdir()
    (state_folder / "tls/authority.pem").write_text("key")
    assert kept.find("tls/authority.pem") == state_folder / "tls/authority.pem"
    assert kept.path("tls/authority.pem").read_text() == "key"
    assert not (state_folder / "tls/authority.pem").exists()
    assert kept.find("tls/authority.pem").stat().st_mode & 0o777 == 0o600
    (state_folder / "tls/authority.pem").write_text("another server's")
    assert kept.path("tls/authority.pem").read_text() == "key"
    assert (state_folder / "tls/authority.pem").exists(), "no key is thrown away"
