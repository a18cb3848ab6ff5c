"""mysql/settings.py on a stand-in of mysqld: what is set live, what takes a restart, and what is taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from scripts.host.common import state_file, undo
from scripts.host.common.errors import HostError
from scripts.host.mysql import open_files, option_file, server, settings
from scripts.host.mysql.option_file import same
from scripts.host.mysql.server import Session
from scripts.host.mysql.settings import Change, Settings
from scripts.host.mysql.spec import MySqlSpec, Setting
from scripts.host.system import files
from tests.unit.host.mysql.mysqld import ANYWHERE, CHUNK, DEFAULTS, DISTRIBUTION, Mysqld, converge, installed


@pytest.fixture
def mysqld(tmp_path: Path, state_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Mysqld:  # noqa: ARG001  it is used
    """A running server without settings of its own, started once."""
    return installed(tmp_path, monkeypatch)


# from these settings, to these, restarts, what is set live
CHANGES: list[tuple[Mapping[str, Setting], Mapping[str, Setting], int, list[str]]] = [
    ({}, {}, 0, []),
    ({}, {"max_connections": 151}, 0, []),
    ({}, {"max_connections": 200, "long_query_time": 0.5}, 0, ["long_query_time", "max_connections"]),
    ({"max_connections": 200}, {"max_connections": 300}, 0, ["max_connections"]),
    ({}, {"bind_address": ANYWHERE}, 1, []),
    ({}, {"bind_address": ANYWHERE, "innodb_page_cleaners": 2, "max_connections": 9}, 1, ["max_connections"]),
    ({}, {"bind_address": "127.0.0.1"}, 0, []),
    ({}, {"mysqlx": False}, 1, []),
    ({}, {"mysqlx": True}, 0, []),
    ({"mysqlx": False}, {}, 1, []),
    ({"max_connections": 200}, {}, 0, ["max_connections"]),
    ({"key_buffer_size": 1024}, {}, 0, ["key_buffer_size"]),
    ({"bind_address": ANYWHERE}, {}, 1, []),
    ({"innodb_page_cleaners": 2}, {}, 1, []),
    ({}, {"innodb_buffer_pool_size": 2 * CHUNK}, 0, ["innodb_buffer_pool_size"]),
    ({}, {"sql_mode": "ANSI"}, 0, ["sql_mode"]),
    ({}, {"innodb_io_capacity_max": 5, "innodb_io_capacity": 4}, 0, ["innodb_io_capacity", "innodb_io_capacity_max"]),
]  # fmt: skip


@pytest.mark.parametrize(("former", "desired", "restarts", "live"), CHANGES)
def test_a_change_takes_what_it_must_and_a_second_run_nothing(
    mysqld: Mysqld, former: Settings, desired: Settings, restarts: int, live: list[str]
) -> None:
    converge(mysqld, former)
    assert converge(mysqld, desired) == (restarts, live)
    assert converge(mysqld, desired) == (0, [])


def test_what_is_dropped_has_the_value_of_a_fresh_server_again(mysqld: Mysqld) -> None:
    fresh = dict(mysqld.variables)
    converge(mysqld, {"max_connections": 9, "bind_address": ANYWHERE, "key_buffer_size": 1024, "mysqlx": False})
    assert mysqld.variables != fresh
    converge(mysqld, {})
    assert mysqld.variables == fresh and mysqld.mysqlx


def test_a_setting_changed_behind_our_back_is_put_right(mysqld: Mysqld) -> None:
    converge(mysqld, {"max_connections": 200})
    mysqld.variables["max_connections"] = "77"
    assert converge(mysqld, {"max_connections": 200}) == (0, ["max_connections"])


def test_a_member_that_joins_its_group_at_that_moment_is_waited_for(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that has just booted."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    mysqld.joining = 3
    assert converge(mysqld, {"max_connections": 200}) == (0, ["max_connections"])
    mysqld.joining = 9
    monkeypatch.setattr(settings, "JOINING_SECONDS", -1)
    with pytest.raises(HostError, match="ERROR 3724"):
        converge(mysqld, {"max_connections": 300})


def test_what_somebody_persisted_does_not_come_back_at_a_restart(mysqld: Mysqld) -> None:
    mysqld.persisted = {"max_connections": "77", "long_query_time": "3"}
    mysqld.start()
    converge(mysqld, {"max_connections": 200})
    mysqld.start()
    assert (mysqld.variables["max_connections"], mysqld.persisted) == ("200", {"long_query_time": "3"})


# settings as converged, as changed behind our back, what is found: name, what, expected, found
DIFFERENCES: list[tuple[Mapping[str, Setting], dict[str, str], list[tuple[str, ...]]]] = [
    ({"max_connections": 200, "bind_address": ANYWHERE, "sql_mode": "ANSI", "mysqlx": False}, {}, []),
    ({"max_connections": 200}, {"max_connections": "77"}, [("max_connections", "value", "200", "77")]),
    ({"max_connections": 200}, {"long_query_time": "77"}, []),
    ({"sql_mode": "ANSI"}, {"sql_mode": "TRADITIONAL"}, [("sql_mode", "value", "ANSI", "TRADITIONAL")]),
    ({"require_secure_transport": True}, {"require_secure_transport": "OFF"},
     [("require_secure_transport", "value", "ON", "OFF")]),
]  # fmt: skip


@pytest.mark.parametrize(("desired", "changes", "found"), DIFFERENCES)
def test_what_the_running_server_has_otherwise_is_told_and_left(
    mysqld: Mysqld, desired: Settings, changes: dict[str, str], found: list[tuple[str, ...]]
) -> None:
    converge(mysqld, desired)
    mysqld.variables |= changes
    before, mysqld.statements = dict(mysqld.variables), []
    rows = settings.differences(cast(Session, mysqld), desired)
    assert [(row.name, row.what, row.expected, row.found) for row in rows] == found
    assert (mysqld.variables, mysqld.statements) == (before, [])


def test_a_persisted_value_is_told_although_the_server_does_not_have_it_yet(mysqld: Mysqld) -> None:
    converge(mysqld, {"bind_address": ANYWHERE})
    mysqld.persisted = {"bind_address": "127.0.0.1"}
    rows = settings.differences(cast(Session, mysqld), {"bind_address": ANYWHERE})
    assert [(row.name, row.what, row.found) for row in rows] == [("bind_address", "SET PERSIST", "127.0.0.1")]


@pytest.mark.parametrize(("content", "found"), [(MySqlSpec().option_file, 0), ("[mysqld]\nport = 1\n", 1), (None, 1)])
def test_an_option_file_with_other_content_is_told(mysqld: Mysqld, content: str | None, found: int) -> None:
    converge(mysqld, {})
    if content is None:
        mysqld.option_file.unlink()
    else:
        mysqld.option_file.write_text(content)
    assert len(files.differences([settings.file(MySqlSpec())])) == found


def test_an_option_file_with_other_permissions_is_told_and_put_right_without_a_restart(mysqld: Mysqld) -> None:
    converge(mysqld, {"max_connections": 9})
    mysqld.option_file.chmod(0o600)
    spec = MySqlSpec({"max_connections": 9})
    assert [row.what for row in files.differences([settings.file(spec)])] == ["permissions"]
    assert converge(mysqld, {"max_connections": 9}) == (0, [])
    assert mysqld.option_file.stat().st_mode & 0o777 == 0o644


# settings that are refused, MySQL's words, restarts that it takes to find out and to be back
REFUSED: list[tuple[Mapping[str, Setting], str, int]] = [
    ({"sql_mode": "NONSENSE"}, "ERROR 1231: Variable 'sql_mode' can't be set", 0),
    ({"max_connections": 999999}, "Truncated incorrect max_connections value: '999999'", 0),
    ({"bind_address": "nonsense!"}, "Can't start server: cannot resolve hostname!", 2),
    ({"open_files_limit": 9999999}, "9999999 became open_files_limit = 1048576, also after a restart", 2),
    ({"open_files_limit": 20000, "max_connections": 15000, "bind_address": "nonsense!"}, "cannot resolve hostname!", 2),
    ({"open_files_limit": 20000, "max_connections": 999999}, "Truncated incorrect max_connections value", 0),
    ({"nosuch": 1}, "no variable to compare these settings with: nosuch", 0),
    ({"innodb_buffer_pool_size": 2**60}, "this host has", 0),
]


@pytest.mark.parametrize(
    "former",
    [
        {"max_connections": 200, "long_query_time": 0.5},
        {"max_connections": 11000, "open_files_limit": 55000, "long_query_time": 0.5},
    ],
)
@pytest.mark.parametrize(("refused", "words", "restarts"), REFUSED)
def test_a_refused_setting_leaves_file_and_server_as_they_were_also_after_a_later_restart(
    mysqld: Mysqld, former: Settings, refused: Settings, words: str, restarts: int
) -> None:
    converge(mysqld, former)
    assert mysqld.open_files == former.get("open_files_limit", 10000)
    variables, starts, known = dict(mysqld.variables), mysqld.starts, state_file.load(settings.STATE)
    desired: Settings = {"long_query_time": 2, "require_secure_transport": True, **refused}
    with pytest.raises(HostError, match=words.replace("(", r"\(")):
        settings.converge(MySqlSpec(desired))
    assert mysqld.option_file.read_text() == MySqlSpec(former).option_file
    assert [same(value, mysqld.variables[name]) for name, value in variables.items()] == [True] * len(variables)
    assert (mysqld.running, mysqld.starts - starts) == (True, restarts)
    assert state_file.load(settings.STATE) == known
    assert converge(mysqld, former) == (0, [])
    mysqld.start()
    assert [same(value, mysqld.variables[name]) for name, value in variables.items()] == [True] * len(variables)


def test_a_drop_in_changed_behind_our_back_is_told_and_put_right_without_a_restart(mysqld: Mysqld) -> None:
    desired: Settings = {"max_connections": 11000, "open_files_limit": 55000}
    converge(mysqld, desired)
    options = mysqld.option_file.read_text()
    assert open_files.differences(options) == []
    open_files.PATH.write_text("[Service]\nLimitNOFILE=7\n")
    assert [row.what for row in open_files.differences(options)] == ["content"]
    assert converge(mysqld, desired) == (0, [])
    assert (mysqld.open_files, open_files.differences(options)) == (55000, [])
    assert [row.found for row in open_files.differences("")] == ["present"]
    converge(mysqld, {})
    assert not open_files.PATH.exists()


@pytest.mark.parametrize(("value", "limit"), [(50000, 50000), ("20K", 20480), (False, None), (0, None)])
def test_a_size_is_a_number_to_systemd(value: Setting, limit: int | None) -> None:
    drop_in = open_files.drop_in(MySqlSpec({"open_files_limit": value}).option_file)
    assert (drop_in.content if drop_in else None) == (limit and f"[Service]\nLimitNOFILE={limit}\nTasksMax=infinity\n")


def test_what_the_data_was_made_with_is_refused_in_words_before_anything_is_changed(mysqld: Mysqld) -> None:
    converge(mysqld, {"lower_case_table_names": 0})
    starts, file = mysqld.starts, mysqld.option_file.read_text()
    with pytest.raises(
        HostError, match="is 0 since this server's data was made, and cannot become 1: set lowerCaseTab"
    ):
        settings.converge(MySqlSpec({"lower_case_table_names": 1, "max_connections": 9}))
    assert (mysqld.starts, mysqld.option_file.read_text()) == (starts, file)
    assert mysqld.variables["max_connections"] == "151"


def test_what_validation_refuses_is_never_tried(mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise HostError("unknown variable 'max_conections=9'")

    monkeypatch.setattr(option_file, "check", refuse)
    with pytest.raises(HostError, match="unknown variable"):
        settings.converge(MySqlSpec({"max_connections": 9}))
    assert (mysqld.statements, mysqld.option_file.exists()) == ([], False)


@pytest.mark.parametrize("after", [{"bind_address": ANYWHERE, "max_connections": 9}, {"max_connections": 5}, {}])
@pytest.mark.parametrize("moment", ["before the file", "before the restart", "before the end"])
def test_a_run_that_was_cut_off_ends_right_the_next_time(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch, moment: str, after: Settings
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    desired: Settings = {"bind_address": ANYWHERE, "max_connections": 9}
    places = {
        "before the file": (Change, "write"),
        "before the restart": (server, "restart"),
        "before the end": (undo, "end"),
    }
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(*places[moment], cut_off)
        settings.converge(MySqlSpec(desired))
    converge(mysqld, after)
    expected = DEFAULTS | DISTRIBUTION | {name: str(value) for name, value in after.items()}
    assert mysqld.variables == expected
    assert converge(mysqld, after) == (0, [])


def test_a_server_that_a_bad_file_keeps_down_comes_up_with_a_good_one(mysqld: Mysqld) -> None:
    mysqld.option_file.write_text("bind_address = nonsense!\n")
    with pytest.raises(HostError):
        mysqld.start()
    # Once with the bad file, in vain.
    assert converge(mysqld, {"bind_address": ANYWHERE}) == (2, [])


def test_a_run_that_was_cut_off_while_mysqld_failed_still_knows_the_good_file(
    mysqld: Mysqld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_and_be_cut_off() -> None:
        with contextlib.suppress(HostError):
            mysqld.start()
        raise KeyboardInterrupt

    former: Settings = {"bind_address": ANYWHERE}
    converge(mysqld, former)
    desired: Settings = {"bind_address": "nonsense!"}
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(server, "restart", fail_and_be_cut_off)
        settings.converge(MySqlSpec(desired))
    assert not mysqld.running
    with pytest.raises(HostError, match="cannot resolve hostname"):
        settings.converge(MySqlSpec(desired))
    assert mysqld.running and mysqld.option_file.read_text() == MySqlSpec(former).option_file
