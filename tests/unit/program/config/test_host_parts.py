"""Host parts: those that MySQL matches clients with are taken, all others are told."""

from __future__ import annotations

import pytest

from tests.unit.program.configs import (
    GOOD,
    messages,
    parsed,
    texts,
    user,
)

# a host part, what is said of it; None for one that is legal
HOST_PARTS: list[tuple[object, str | None]] = [
    ("%", None),
    ("localhost", None),
    ("client-1.example.org", None),
    ("%.example.org", None),
    ("app_.example.org", None),
    ("10.20.%", None),
    ("10.20.0.7", None),
    ("10.20.0.7/32", None),
    ("10.0.0.0/16", None),
    ("10.128.0.0/9", None),
    ("10.0.0.0/255.255.0.0", None),
    ("10.96.0.0/255.240.0.0", None),
    ("::1", None),
    ("2001:db8::1", None),
    ("2001:db8:%", None),
    ("a" * 63 + ".%", None),
    ("", "reads as %"),
    (7, "not text"),
    (".".join(["a" * 60] * 5), "MySQL allows 255"),
    ("a" * 64, "no host part"),
    ("Client.Example.org", "Write 'client.example.org'"),
    ("2001:DB8::1", "Write '2001:db8::1'"),
    ("a b", "no host part"),
    ("a@b", "no host part"),
    ("a'b", "no host part"),
    ('a"b', "no host part"),
    ("a`b", "no host part"),
    ("a\nb", "no host part"),
    ("a\n", "no host part"),
    ("bücher.example", "no host part"),
    ("a..b", "no host part"),
    (".a", "no host part"),
    ("a-.b", "no host part"),
    ("10.0.0.300", "no IPv4 address"),
    ("10.0.0", "no IPv4 address"),
    ("10.0.0.01", "no IPv4 address"),
    ("10.0.0.0/33", "no range"),
    ("10.0.0.0/", "no range"),
    ("10.0.0.0/8\n", "no range"),
    ("10.%/16", "no range"),
    ("localhost/24", "no range"),
    ("10.0.0.0/255.0.255.0", "no range"),
    ("10.0.0.0/0.0.255.255", "mask"),
    ("10.0.0.0/016", "Write 10.0.0.0/16"),
    ("10.0.1.0/16", "Write 10.0.0.0/16"),
    ("10.0.1.0/255.255.0.0", "Write 10.0.0.0/16"),
    ("0.0.0.0/0", "Write '%'"),
    ("fd00::/64", "no range of IPv4"),
    ("fd00:0::1", "Write fd00::1"),
    ("::ffff:10.0.0.1", "Write 10.0.0.1"),
    ("[::1]", "no IPv6 address"),
    ("10.0.0.1:3306", "no IPv6 address"),
    ("app_:3306", "no host part"),
]


@pytest.mark.parametrize(("host", "said"), HOST_PARTS)
def test_a_host_part_is_one_that_mysql_matches_clients_with(host: object, said: str | None) -> None:
    if said is None:
        assert parsed(**user(host=host)).accounts.users[0].host == host
    else:
        (found,) = messages(GOOD | texts(user(host=host)))
        assert found.startswith("mysql-pair:users.app.host: ") and said in found
