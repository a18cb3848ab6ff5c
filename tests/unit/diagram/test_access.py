"""What a user may do, in a word or two."""

from __future__ import annotations

import pytest

from scripts.diagram.access import words


@pytest.mark.parametrize(
    ("grants", "roles", "said"),
    [
        ({}, [], "nothing granted"),
        ({"*.*": "USAGE"}, [], "nothing granted"),
        ({"app.*": "ALL"}, [], "all of app"),
        ({"*.*": "ALL"}, [], "all of the server"),
        ({"app.*": "SELECT"}, [], "reads app"),
        ({"app.*": "SELECT", "shop.*": "SELECT, SHOW VIEW"}, [], "reads app, shop"),
        ({"app.*": "SELECT", "shop.orders": "INSERT, SELECT"}, [], "reads app; writes shop.orders"),
        ({"app.orders": "SELECT (id, name), UPDATE (name)"}, [], "writes app.orders"),
        ({"app.*": "CREATE, DROP, SELECT"}, [], "alters app"),
        ({"*.*": "PROCESS, REPLICATION CLIENT"}, [], "administers the server"),
        ({"app.*": "SELECT WITH GRANT OPTION"}, [], "reads and hands on app"),
        ({"app.*": "USAGE WITH GRANT OPTION"}, [], "hands on app"),
        ({"app.*": "SELECT"}, ["writing", "auditing"], "reads app; role writing; role auditing"),
    ],
)
def test_words(grants: dict[str, str], roles: list[str], said: str) -> None:
    assert words(grants, roles) == said
