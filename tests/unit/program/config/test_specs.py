"""A field that a spec gets is a key of config, with its check and with the faults of several fields together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from scripts.host.common.checks import checked, flag, matching, whole
from scripts.host.common.codec import SpecFault
from stack_config.reader import Reader
from stack_config.specs import read_spec

word = matching("[a-z]+", "is no word", "Write one")


@dataclass(frozen=True)
class Window:
    """A spec in a spec."""

    first_hour: int = checked(whole(0, 23))
    is_open: bool = checked(flag, default=True)


@dataclass(frozen=True)
class Attributes:
    """A spec of somebody's own."""

    key: str = checked(word)
    secret: str = ""
    max_statement_seconds: int = checked(whole(0, 60), default=0)
    long_words: tuple[str, ...] = checked(word, default=())
    note: str | None = checked(word, default=None)
    windows: tuple[Window, ...] = ()
    only_window: Window = Window(0)

    def faults(self) -> Iterator[SpecFault]:
        """Yield what does not go together."""
        if self.max_statement_seconds > 9:
            yield SpecFault("long_words", "does not go with max_statement_seconds", "", ("max_statement_seconds",))


def read(raw: object) -> tuple[Attributes, list[str]]:
    reader = Reader({}, set())
    spec = read_spec(reader, "table", raw, Attributes, "An example", {"key": "a"})
    return spec, [f"{fault.key}: {fault.wrong}" for fault in reader.faults]


def test_each_field_is_read_under_its_name_in_camel_case() -> None:
    raw = {
        "maxStatementSeconds": "5",
        "longWords": ["a", "b"],
        "windows": [{"firstHour": 1}, {"firstHour": "2", "isOpen": False}],
        "onlyWindow": {"firstHour": 3},
    }
    assert read(raw) == (Attributes("a", "", 5, ("a", "b"), None, (Window(1), Window(2, False)), Window(3)), [])
    assert read({}) == (Attributes("a"), [])


# as written, what is told
FAULTS: list[tuple[object, list[str]]] = [
    ("x", ["table: is not a table"]),
    ({"key": "b"}, ["table.key: is not a field of it"]),
    ({"secret": "b"}, ["table.secret: is not a field of it"]),
    ({"maxStatementSeconds": 61}, ["table.maxStatementSeconds: 61 is out of range"]),
    ({"maxStatementSeconds": 10}, ["table.longWords: does not go with maxStatementSeconds"]),
    (
        {"maxStatementSeconds": 10, "longWords": "x"},
        ["table.longWords: 'x' is neither YAML's nor JSON's list or table"],
    ),
    (
        {"maxStatementSeconds": 10, "longWords": ["a", "B"]},
        ["table.longWords[1]: 'B' is no word", "table.longWords: does not go with maxStatementSeconds"],
    ),
    ({"windows": [{}]}, ["table.windows[0].firstHour: is missing"]),
    ({"windows": ["x"]}, ["table.windows[0]: is not a table"]),
    ({"onlyWindow": {"firstHour": 24}}, ["table.onlyWindow.firstHour: 24 is out of range"]),
]


@pytest.mark.parametrize(("raw", "told"), FAULTS)
def test_a_fault_is_told_of_the_field_and_nothing_follows_from_one_that_could_not_be_read(
    raw: object, told: list[str]
) -> None:
    assert read(raw)[1] == told
