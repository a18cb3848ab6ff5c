"""mysql/series.py: which data this host's MySQL may have, by the files beside them, before mysqld is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import data_move, data_volume, kept, series
from scripts.host.mysql.spec import DataSpec
from tests.unit.host.stand_ins import Bench

SPEC = DataSpec("vol-0123456789abcdef0", "/dev/sdf", 16)

# data, program, why not
PATHS = [
    ("8.0.46", "8.0.42", ""),
    ("8.0.46", "8.4.13", ""),
    ("8.4.13", "9.1.0", ""),
    ("8.4.13", "9.7.4", ""),
    ("9.0.1", "9.7.4", ""),
    ("5.7.44", "8.0.46", ""),
    ("8.0.46", "9.7.4", "MySQL 8.0.46's data do not go to 9.7.4 at once, but to 8.4 first"),
    ("5.7.44", "8.4.13", "MySQL 5.7.44's data do not go to 8.4.13 at once, but to 8.0 first"),
    ("8.4.13", "8.0.46", "MySQL 8.0.46 does not start on data that MySQL 8.4.13 has had"),
    ("9.7.4", "9.6.0", "MySQL 9.6.0 does not start on data that MySQL 9.7.4 has had"),
]


@pytest.mark.parametrize(("data", "program", "why"), PATHS)
def test_data_go_to_the_next_series_and_never_back(data: str, program: str, why: str) -> None:
    assert series.refusal(data, program) == why


def history(*versions: str) -> str:
    """Return what MySQL 8.4 writes beside its data."""
    entries = [{"date": "2026-11-01 10:00:00", "version": version, "maturity": "LTS"} for version in versions]
    return json.dumps({"file_format": "1", "upgrade_history": entries})


# files beside the data, the version that they tell
FILES: list[tuple[dict[str, str], str | None]] = [
    ({}, None),
    ({"mysql_upgrade_info": "8.0.46\n"}, "8.0.46"),
    ({"mysql_upgrade_history": history("8.4.9", "8.4.13")}, "8.4.13"),
    ({"mysql_upgrade_info": "8.0.46\n", "mysql_upgrade_history": history("8.0.46", "8.4.9")}, "8.4.9"),
    ({".mysql-pair/mysql-version.json": '"8.0.46"\n'}, "8.0.46"),
    ({".mysql-pair/mysql-version.json": '"8.0.46"\n', "mysql_upgrade_history": history("8.4.13")}, "8.4.13"),
    ({"mysql_upgrade_history": "{"}, None),
]


@pytest.mark.parametrize(("files", "version"), FILES)
def test_the_newest_version_that_had_the_data_counts(
    tmp_path: Path, files: dict[str, str], version: str | None
) -> None:
    (tmp_path / kept.FOLDER.name).mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert series.of_data(tmp_path) == version


@pytest.fixture
def volume(bench: Bench, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A volume with a server's data, as it looks once it is mounted where nothing but the agent looks."""
    folder = state_folder / "data-volume"
    monkeypatch.setattr(data_move, "STAGE", folder)
    for program in ("mount", "umount", "apt-get"):
        bench.stand_in(program)
    folder.mkdir()
    (folder / "ibdata1").touch()
    monkeypatch.setattr(Path, "rmdir", lambda _: None)
    return folder


@pytest.mark.parametrize("data", ["8.4.13", "5.7.44"])
def test_a_mysqld_that_must_not_have_the_data_is_refused_before_they_are_mounted_for_it(
    volume: Path, bench: Bench, data: str
) -> None:
    (volume / "mysql_upgrade_info").write_text(f"{data}\n")
    bench.stand_in("mysqld", "exit 127")  # not installed yet
    bench.stand_in("apt-cache", "printf 'mysql-server:\\n  Installed: (none)\\n  Candidate: 8.0.46-0ubuntu1\\n'")
    if data == "5.7.44":
        bench.stand_in("mysqld", "echo '/usr/sbin/mysqld  Ver 8.4.13 for Linux on x86_64'")
    with pytest.raises(HostError, match=rf"vol-0123456789abcdef0 has data of MySQL {data}.* It is not started on them"):
        data_volume._check(SPEC, volume / "device")
    assert not [call for call in bench.calls() if "/var/lib/mysql" in call]
    (volume / "mysql_upgrade_info").write_text("8.0.46\n")
    data_volume._check(SPEC, volume / "device")


@pytest.mark.usefixtures("state_folder")
def test_the_version_is_noted_beside_the_data() -> None:
    series.note("8.0.46-0ubuntu0.24.04.5")
    assert kept.load(series.NOTE) == "8.0.46"
    series.note("8.4.13")
    assert kept.load(series.NOTE) == "8.4.13"
