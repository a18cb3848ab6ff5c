"""mysql/upgrade_check.py: what is told of what MySQL answers, and which of it stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from scripts.host.common.errors import HostError
from scripts.host.mysql import upgrade_check
from scripts.host.mysql.spec import SeriesCheckSpec, SeriesFacts
from tests.unit.host.stand_ins import Bench

SPEC = SeriesCheckSpec("8.4", {"default_authentication_plugin": "Set authentication_policy"}, prepare=False)


class Answers:
    """A session of a server that is as good as new, but for what a test makes it answer."""

    def __init__(self) -> None:
        self.version, self.history = "8.0.46", 7
        self.special: dict[str, list[tuple[Any, ...]]] = {}
        self.done: list[str] = []

    def rows(self, statement: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        statement = statement % tuple(args) if args else statement
        return next((rows for words, rows in self.special.items() if words in statement), [])

    def one(self, statement: str) -> Any:
        return self.version if "VERSION()" in statement else self.history

    def do(self, statement: str) -> None:
        self.done.append(statement)


@pytest.fixture
def answers(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Answers:
    bench.stand_in("mysqlcheck", "printf 'mysql.user      OK\\nshop.t      OK\\n'")
    bench.stand_in("my_print_defaults", "printf -- '--max-connections=7\\n--skip-name-resolve\\n'")
    made = Answers()
    monkeypatch.setattr(upgrade_check, "Session", lambda: made)
    return made


@pytest.mark.usefixtures("answers")
def test_nothing_is_told_of_a_server_that_is_as_good_as_new() -> None:
    assert upgrade_check.check(SPEC) == SeriesFacts("8.0.46", ())


# what MySQL answers, by words of the query; whether it stops; what is told
ROWS: list[tuple[dict[str, list[tuple[Any, ...]]], bool, str]] = [
    ({"plugin = mysql_native_password": [("'a'@'%'",), ("'b'@'%'",)]}, False, "is off in MySQL 8.4: 'a'@'%', 'b'@'%'"),
    ({"priv = SET_USER_ID": [("'a'@'%'",)]}, False, "no privilege SET_USER_ID, which 'a'@'%' have"),
    ({"data_type IN ('float', 'double')": [("shop.t.id",)]}, True, "is no more in MySQL 8.4: shop.t.id"),
    ({"sub_part IS NOT NULL": [("shop.t",)]}, True, "does not partition by prefixes of columns: shop.t"),
    ({"persisted_variables": [("default_authentication_plugin",)]}, True, "is unknown to MySQL 8.4"),
    ({"XA RECOVER": [(1, 2, 3, "x")]}, True, "1 XA transactions are prepared"),
    ({"information_schema.plugins": [("keyring_file",)]}, True, "no plugin keyring_file"),
    ({"schemata": [("table shop.manual", "manual"), ("column sys.x.parallel", "parallel")]}, False, "shop.manual"),
    ({"referenced_column_name": [("shop", "child", "fk", "shop", "parent", "a")]}, False, "anew: shop.child (fk)"),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "stops", "said"), ROWS)
def test_a_finding_is_told_with_what_it_is_about(
    answers: Answers, rows: dict[str, list[tuple[Any, ...]]], stops: bool, said: str
) -> None:
    answers.special = rows
    (finding,) = upgrade_check.check(SPEC).findings
    assert said in finding.wrong
    assert (finding.stops, bool(finding.hint)) == (stops, True)


def test_a_foreign_key_to_a_whole_unique_key_is_no_finding(answers: Answers) -> None:
    answers.special = {
        "referenced_column_name": [("shop", "child", "fk", "shop", "parent", name) for name in ("a", "b")],
        "non_unique = 0": [("shop", "parent", "PRIMARY", name) for name in ("b", "a")],
    }
    assert upgrade_check.check(SPEC).findings == ()


@pytest.mark.usefixtures("answers")
def test_a_setting_of_an_option_file_that_the_series_does_not_know_stops(bench: Bench) -> None:
    bench.stand_in("my_print_defaults", "echo --default-authentication-plugin=x")
    (finding,) = upgrade_check.check(SPEC).findings
    assert finding.stops and "The setting default_authentication_plugin is unknown" in finding.wrong


@pytest.mark.usefixtures("answers")
def test_what_mysqlcheck_says_of_a_table_stops(bench: Bench) -> None:
    bench.stand_in("mysqlcheck", "printf 'shop.t\\nError    : Table upgrade required\\nerror    : Corrupt\\n'")
    found = upgrade_check.check(SPEC).findings
    assert [(finding.wrong, finding.stops) for finding in found] == [
        ("shop.t: Table upgrade required", True),
        ("shop.t: Corrupt", True),
    ]


def test_within_a_series_tables_and_prepared_transactions_alone_are_looked_at(answers: Answers) -> None:
    answers.special = {"plugin = mysql_native_password": [("'a'@'%'",)]}
    assert upgrade_check.check(SeriesCheckSpec("8.0", {}, prepare=False)).findings == ()


@pytest.mark.parametrize(("version", "said"), [("8.4.13", "does not start on data"), ("5.7.44", "to 8.0 first")])
def test_a_series_that_the_data_do_not_go_to_is_refused(answers: Answers, version: str, said: str) -> None:
    answers.version = version
    with pytest.raises(HostError, match=f"{said}.*: nothing was changed"):
        upgrade_check.check(SeriesCheckSpec("8.0" if version == "8.4.13" else "8.4", {}, prepare=False))


@pytest.mark.parametrize(("history", "speed"), [(7, 0), (upgrade_check.LONG_HISTORY, 1)])
def test_mysqld_is_made_ready_to_shut_down_with_all_purged_unless_that_would_take_long(
    answers: Answers, history: int, speed: int
) -> None:
    answers.history = history
    upgrade_check.check(SeriesCheckSpec("8.4", {}, prepare=True))
    assert answers.done == [f"SET GLOBAL innodb_fast_shutdown = {speed}"]
