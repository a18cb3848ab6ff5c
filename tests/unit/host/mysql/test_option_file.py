"""mysql/option_file.py with stand-ins for mysqld: what is checked, where, and which words count as a refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import option_file
from tests.unit.host.stand_ins import Bench

STAMP = "2026-11-25T16:02:58.809656Z 0"

# what `mysqld --validate-config` says, its exit code, the refusal
SAID = [
    ("[Warning] [MY-011070] [Server] 'binlog_format' is deprecated.", 0, None),
    ("[Warning] [MY-000081] [Server] option 'table_open_cache': unsigned value 9 adjusted to 10.", 0, None),
    ("[Warning] [MY-000081] [Server] option 'max_connections': unsigned value 9 adjusted to 1.", 0, "adjusted to 1"),
    ("[Warning] [MY-000081] [Server] option 'max-connections': unsigned value 9 adjusted to 1.", 0, "adjusted to 1"),
    ("[ERROR] [MY-000067] [Server] unknown variable 'nosuch=1'.", 1, "unknown variable 'nosuch=1'"),
]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration as the distribution has it, with an option file of ours."""
    folder = tmp_path / "mysql.conf.d"
    folder.mkdir()
    (folder / "mysqld.cnf").write_text("[mysqld]\nkey_buffer_size = 16M\n")
    (folder / "zz.cnf").write_text("[mysqld]\nmax_connections = 1\n")
    main = tmp_path / "my.cnf"
    main.write_text(f"# the distribution's\n!includedir /etc/mysql/conf.d/\n!includedir {folder}/\n")
    monkeypatch.setattr(option_file, "PATH", folder / "zz.cnf")
    monkeypatch.setattr(option_file, "MAIN", main)
    monkeypatch.setattr(option_file, "CHECK", tmp_path / "check")
    return folder / "zz.cnf"


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(("said", "code", "refusal"), SAID)
def test_an_error_or_an_adjusted_setting_of_ours_is_a_refusal(
    bench: Bench, said: str, code: int, refusal: str | None
) -> None:
    bench.stand_in("mysqld", f'echo "{STAMP} {said}" >&2; exit {code}')
    if refusal is None:
        option_file.check("", ["max_connections"])
    else:
        with pytest.raises(HostError, match=refusal) as caught:
            option_file.check("", ["max_connections"])
        assert STAMP not in str(caught.value)


def test_the_candidate_is_read_with_the_distribution_s_files_and_in_place_of_ours(
    bench: Bench, path: Path, tmp_path: Path
) -> None:
    bench.stand_in(
        "mysqld", f"cat $(dirname ${{1#--defaults-file=}})/included/* ${{1#--defaults-file=}} >{tmp_path}/seen"
    )
    option_file.check("[mysqld]\nmax_connections = 2\n", ["max_connections"])
    seen = (tmp_path / "seen").read_text()
    assert "key_buffer_size = 16M" in seen and "max_connections = 2" in seen and "max_connections = 1" not in seen
    assert f"!includedir {tmp_path}/check/included/" in seen and str(path.parent) not in seen
    assert not (tmp_path / "check").exists()
    assert "max_connections = 1" in path.read_text()


@pytest.mark.usefixtures("path")
def test_a_folder_that_is_not_included_is_refused() -> None:
    option_file.MAIN.write_text("!includedir /etc/mysql/conf.d/\n")
    with pytest.raises(HostError, match="would have no effect"):
        option_file.check("", [])


@pytest.mark.usefixtures("path")
def test_what_other_files_set_is_known_by_the_variables_names(bench: Bench) -> None:
    bench.stand_in("my_print_defaults", 'echo "--key_buffer_size=16M"; echo "--mysqlx-bind-address=::1"; echo "--name"')
    values = {"key_buffer_size": "16M", "mysqlx_bind_address": "::1", "name": "ON"}
    assert option_file.values_without() == values
