"""mysql/option_file.py: when two values are the same to MySQL."""

from __future__ import annotations

from decimal import Decimal

import pytest

from scripts.host.mysql.option_file import argument, free_form, same
from scripts.host.mysql.spec import Setting

# desired, as the server shows it, the same?
VALUES: list[tuple[Setting, str, bool]] = [
    (True, "ON", True),
    (True, "1", True),
    (False, "OFF", True),
    (False, "ON", False),
    ("on", "ON", True),
    (1, "ON", True),
    (200, "200", True),
    (200, "151", False),
    ("1G", "1073741824", True),
    ("16m", "16777216", True),
    (0.5, "0.500000", True),
    (0.00001, "0.000010", True),
    (10, "10.000000", True),
    ("10", "100", False),
    ("utf8mb4", "UTF8MB4", True),
    ("row", "ROW", True),
    ("10.0.0.1", "10.0.0.1", True),
    ("10.0.0.1", "10.0.0.10", False),
    ("/srv/Tmp", "/srv/tmp", False),
    ("/srv/tmp", "/srv/tmp/", True),
    ("", "", True),
    ("OFF", "", False),
]


@pytest.mark.parametrize(("desired", "shown", "alike"), VALUES)
def test_a_value_is_compared_as_mysql_reads_it(desired: Setting, shown: str, alike: bool) -> None:
    assert same(desired, shown) is alike


@pytest.mark.parametrize(
    ("desired", "shown", "sent"),
    [
        (True, "OFF", "ON"),
        ("32M", "67108864", 33554432),
        (0.5, "10.000000", Decimal("0.5")),
        ("ROW", "MIXED", "ROW"),
        ("5", "name", "5"),
    ],
)
def test_set_global_gets_no_suffix_and_no_text_for_a_number(desired: Setting, shown: str, sent: object) -> None:
    assert argument(desired, shown) == sent


@pytest.mark.parametrize(("desired", "free"), [("ANSI", True), ("1G", False), ("ON", False), (3, False), (True, False)])
def test_only_words_may_be_shown_in_other_words(desired: Setting, free: bool) -> None:
    assert free_form(desired) is free
