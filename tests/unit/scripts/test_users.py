"""`users`: what is shown of an account, and that no name can do anything to whoever reads it."""

from __future__ import annotations

import io
import json
import re

import pytest

from scripts.table import table
from tests.unit.scripts.stand_ins import Bench
from tests.unit.scripts.stand_ins import bench as bench

GRANTS = [f"SELECT ON shop.table_{number}" for number in range(12)]


def test_users_are_a_table_with_those_of_the_stack_first(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users(
        {"key": None, "account": "'odd'@'%'", "generation": None, "grants": [], "locked": True},
        {
            "key": "app",
            "old_password_accepted": True,
            "generation": 2,
            "roles": ["reader"],
            "attributes": {"require": "SSL", "max_user_connections": "5"},
        },
    )
    assert bench.scripts("users") == 0
    assert [re.split(" {2,}", line) for line in capfd.readouterr().out.splitlines()[1:]] == [
        ["app", "'app'@'10.20.0.0/16'", "ALL ON app.*", "require: SSL", "2026-01-02T03:04:05Z", "2", "accepted", "-"],
        ["", "role reader", "max_user_connections: 5"],
        ["(unmanaged)", "'odd'@'%'", "-", "-", "2026-01-02T03:04:05Z", "-", "-", "locked"],
    ]


def test_who_may_do_more_than_the_stacks_users_is_said(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users({"key": None, "account": "'odd'@'%'", "beyond": ["ALL ON *.*"]}, {"key": "app"})
    assert bench.scripts("users") == 0
    *_, last = capfd.readouterr().out.splitlines()
    assert last == "'odd'@'%' may do more than any user of the stack: ALL ON *.*"


def test_users_as_json_are_what_the_server_tells(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users({"key": "app", "attributes": {"require": "X509"}})
    assert bench.scripts("users", "--json") == 0
    assert json.loads(capfd.readouterr().out) == json.loads((bench.folder / "list.json").read_text())


def test_a_server_that_has_no_user_says_so(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users()
    assert (bench.scripts("users"), capfd.readouterr().out) == (0, "there are no users\n")


# what a name has, how it is shown
NAMES = [
    ("[red]app[/red]", "[red]app[/red]"),
    ("[/nothing]", "[/nothing]"),
    ("[link=https://a.example]x[/link]", "[link=https://a.example]x[/link]"),
    (":smile: \\[b]", ":smile: \\[b]"),
    ("o\x1b[2Jdd", "o\\x1b[2Jdd"),
    ("bell\x07 back\x08 tab\t", "bell\\x07 back\\x08 tab\\t"),
    ("right\u202eleft", "right\\u202eleft"),
]


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_a_name_is_shown_as_it_is_and_what_is_not_visible_as_an_escape(
    bench: Bench, capfd: pytest.CaptureFixture[str], name: str, shown: str
) -> None:
    bench.users({"account": f"'{name}'@'%'", "grants": [f"ALL ON `{name}`.*"], "attributes": {"require": name}})
    assert bench.scripts("users") == 0
    out = capfd.readouterr().out
    assert f"'{shown}'@'%'" in out and f"ALL ON `{shown}`.*" in out and f"require: {shown}" in out
    assert "\x1b" not in out


def test_a_line_break_in_a_name_makes_no_line(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users({"grants": ["ALL ON `a\nb`.*"], "attributes": {"require": "SUBJECT 'c\nd'"}})
    assert bench.scripts("users") == 0
    out = capfd.readouterr().out
    assert "ALL ON `a\\nb`.*" in out and "SUBJECT 'c\\nd'" in out


def test_through_a_pipe_no_line_is_cut_off_or_wrapped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    long = "'" + 32 * "u" + "'@'" + 60 * "h" + "'"
    bench.users({"account": long, "grants": [", ".join(GRANTS)], "attributes": {"require": "SUBJECT " + 200 * "s"}})
    done = bench.run("users")
    head, line = done.stdout.splitlines()
    assert all(text in line for text in (long, ", ".join(GRANTS), 200 * "s")) and "…" not in line
    assert head.startswith("USER ") and "\x1b" not in done.stdout


class Terminal(io.StringIO):
    """A standard output that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_a_table_is_as_wide_as_that_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout", Terminal())
    lines = re.sub("\x1b\\[[0-9;]*m", "", table(("A", "B"), [["x" * 50, "y" * 50]])).splitlines()
    assert max(map(len, lines)) <= 40
    assert ("".join(lines).count("x"), "".join(lines).count("y")) == (50, 50)


def test_a_table_is_aligned_and_a_cell_may_have_lines() -> None:
    assert table(("A", "B"), [["1\n22", "x"], ["", "y"]]) == "A   B\n1   x\n22\n    y"
