"""What a user may do, in a word or two."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.diagram.access import words
from tests.unit.diagram.states import grant


@pytest.mark.parametrize(
    ("grants", "roles", "said"),
    [
        ({}, [], "nothing granted"),
        ({"*.*": grant("USAGE")}, [], "nothing granted"),
        ({"app.*": grant("ALL")}, [], "all of app"),
        ({"*.*": grant("ALL")}, [], "all of the server"),
        ({"app.*": grant("SELECT")}, [], "reads app"),
        ({"app.*": grant("SELECT"), "shop.*": grant("SELECT", "SHOW VIEW")}, [], "reads app, shop"),
        ({"app.*": grant("SELECT"), "shop.orders": grant("INSERT", "SELECT")}, [], "reads app; writes shop.orders"),
        ({"app.orders": grant("SELECT (id, name)", "UPDATE (name)")}, [], "writes app.orders"),
        ({"app.*": grant("CREATE", "DROP", "SELECT")}, [], "alters app"),
        ({"*.*": grant("PROCESS", "REPLICATION CLIENT")}, [], "administers the server"),
        ({"app.*": grant("SELECT", grant_option=True)}, [], "reads and hands on app"),
        ({"app.*": grant("USAGE", grant_option=True)}, [], "hands on app"),
        ({"app.*": grant("SELECT")}, ["writing", "auditing"], "reads app; role writing; role auditing"),
    ],
)
def test_words(grants: dict[str, Any], roles: list[str], said: str) -> None:
    assert words(grants, roles) == said
