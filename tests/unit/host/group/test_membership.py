"""group/membership.py: with which option files mysqld starts on the data of a member."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.host.group import membership
from scripts.host.mysql import kept, server, service
from scripts.host.mysql.spec import MySqlSpec
from tests.unit.host.group.members import NAME, told


@pytest.fixture
def files(state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of option files of a host whose mysqld is down, and restarts that are counted in a file of it."""
    for name in ("OPTION_FILE", "NOT_YET", "INSTALLING"):
        monkeypatch.setattr(membership, name, state_folder / f"{name}.cnf")
    monkeypatch.setattr(service, "state", lambda: "inactive")
    monkeypatch.setattr(server, "restart", lambda: (state_folder / "restarted").touch())
    return state_folder


def test_a_server_that_never_joined_does_not_try_to_at_its_start(files: Path) -> None:
    membership.prepare(MySqlSpec({}), told())
    assert "group_replication_start_on_boot = OFF" in (files / "NOT_YET.cnf").read_text()
    assert not (files / "INSTALLING.cnf").exists()
    membership.mark_joined(told())
    assert not (files / "NOT_YET.cnf").exists()


def test_a_new_host_on_a_members_data_has_the_groups_settings_before_mysqld_is_there(files: Path) -> None:
    membership.mark_joined(told())
    membership.prepare(MySqlSpec({"max_connections": 77}), told())
    text = (files / "OPTION_FILE.cnf").read_text()
    assert f'loose_group_replication_group_name = "{NAME}"' in text and "max_connections = 77" in text


def test_a_members_option_file_is_left_to_what_checks_and_takes_back_new_settings(files: Path) -> None:
    membership.mark_joined(told())
    membership.prepare(MySqlSpec({"max_connections": 77}), told())
    before = (files / "OPTION_FILE.cnf").read_text()
    membership.prepare(MySqlSpec({"max_connections": "many"}), told())
    assert (files / "OPTION_FILE.cnf").read_text() == before


def test_a_server_that_is_in_the_group_again_has_given_up_its_leaving(files: Path) -> None:
    assert files
    membership.mark_joined(told())
    kept.save(membership.LEAVING, {"group": NAME})
    membership.mark_joined(told())
    assert kept.load(membership.LEAVING) is None


def test_the_mysqld_of_the_packages_scripts_stays_out_and_has_no_transaction_of_its_own(files: Path) -> None:
    membership.mark_joined(told())
    membership.prepare(MySqlSpec({}), told())
    text = (files / "INSTALLING.cnf").read_text()
    assert "start_on_boot = OFF" in text and "gtid_mode = OFF" in text and "offline_mode = ON" in text
    membership.end_install()
    assert not (files / "INSTALLING.cnf").exists() and not (files / "restarted").exists()


def test_one_that_the_packages_have_started_is_started_anew(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    membership.begin_install()
    monkeypatch.setattr(service, "state", lambda: "active")
    membership.end_install()
    assert (files / "restarted").exists()
    (files / "restarted").unlink()
    membership.end_install()
    assert not (files / "restarted").exists()


def test_a_member_that_runs_is_not_disturbed(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    membership.mark_joined(told())
    monkeypatch.setattr(service, "state", lambda: "active")
    membership.prepare(MySqlSpec({}), told())
    assert not (files / "INSTALLING.cnf").exists()


def test_another_groups_data_are_not_this_ones(files: Path) -> None:
    membership.mark_joined(replace(told(), name="11111111-3f4c-5b5e-9d3c-0c8f5c6f4a11"))
    assert not membership.has_joined(told())
    membership.prepare(MySqlSpec({}), told())
    assert (files / "NOT_YET.cnf").exists() and not (files / "OPTION_FILE.cnf").exists()
