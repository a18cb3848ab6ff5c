"""Config of the client groups."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    TWO,
    assert_told,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"clients": []}, "clients", "nobody would reach the server"),
    ({"clients": {}}, "clients", "not a list"),
    ({"clients": ["client"]}, "clients[0]", "not a table"),
    ({"clients": [{"count": 1}]}, "clients[0].name", "is missing"),
    ({"clients": [{"name": "client", "count": 0}]}, "clients[0].count", "out of range"),
    ({"clients": [{"name": "client", "count": 101}]}, "clients[0].count", "out of range"),
    ({"clients": [*TWO, {"name": "app"}]}, "clients[2].name", "the name of clients[1] too"),
    ({"clients": [{"name": "App"}]}, "clients[0].name", "not a name for hosts"),
    ({"clients": [{"name": "a" * 31}]}, "clients[0].name", "31 characters"),
    ({"clients": [{"name": "server"}]}, "clients[0].name", "the server's name"),
    ({"clients": [{"name": "app-1"}]}, "clients[0].name", "like a host's number"),
    ({"clients": [{"name": "app", "cuont": 2}]}, "clients[0].cuont", "Did you mean count?"),
    ({"clients": [{"name": "app", "zone": 3}]}, "clients[0].zone", "is 3, and there are 2 zones"),
    (
        {"clients": [{"name": "app", "instanceType": "t4g.small", "ami": "ami-0123456789abcdef0"}]},
        "clients[0].ami",
        "x86_64",
    ),
    ({"clients": [{"name": "app", "packages": ["jq", "A"]}]}, "clients[0].packages[1]", "not a package's name"),
    ({"clients": [{"name": "app", "packages": "jq"}]}, "clients[0].packages", "neither YAML's nor JSON's"),
    ({"clients": [{"name": "app", "public": False}]}, "clients", "no jump host to server, app-1"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)
