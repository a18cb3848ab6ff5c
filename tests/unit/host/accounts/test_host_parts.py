"""accounts/host_parts.py: which of several accounts of one name MySQL takes a login for."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest

from scripts.host.accounts.host_parts import may_be_taken, rank, why_not

ORDER = [
    ["10.20.16.4"],
    ["10.20.16.4/32"],
    ["10.20.16.0/20", "10.9.0.0/20"],
    ["10.0.0.0/8"],
    ["10.20.16.4/255.255.255.255"],
    ["10.20.0.0/255.255.0.0"],
    ["client-1.example.org", "localhost", "fe80::1"],
    ["10.20.16.%", "10.20.16._"],
    ["10.20.%"],
    ["%.example.org", "_"],
    ["%"],
]
"""From the most specific; MySQL takes any of those on a line."""


def test_host_parts_are_tried_from_the_most_specific() -> None:
    ranks = [{rank(host) for host in line} for line in ORDER]
    assert all(len(same) == 1 for same in ranks)
    flat = [same.pop() for same in ranks]
    assert flat == sorted(set(flat))


# host part, others of the same name, why a login from 10.20.16.4 is not taken for it
TAKEN: list[tuple[str, list[str], str | None]] = [
    ("%", [], None),
    ("10.20.16.4", ["%", "10.0.0.0/8"], None),
    ("10.20.0.0/16", ["%"], None),
    ("10.0.0.0/255.0.0.0", ["%", "10.20.%"], None),
    ("10.2_.%", [], None),
    ("%", ["10.9.%", "10.20.16.5", "localhost", "::1"], None),
    ("10.20.16.5", [], "its host part 10.20.16.5 does not admit 10.20.16.4"),
    ("10.9.0.0/16", [], "its host part 10.9.0.0/16 does not admit"),
    ("10.2_.%.5", [], "its host part 10.2_.%.5 does not admit"),
    ("10.300.%", [], "its host part 10.300.% does not admit"),
    ("localhost", [], "its host part localhost does not admit"),
    ("::1", [], "its host part ::1 does not admit"),
    ("web.example.org", [], "only the server can tell whether 10.20.16.4 has the name web.example.org"),
    ("%", ["10.20.0.0/16"], "MySQL takes it for the account with host part 10.20.0.0/16"),
    ("10.20.%", ["10.0.0.0/8", "%"], "MySQL takes it for the account with host part 10.0.0.0/8"),
    ("10.20.16.0/255.255.255.0", ["10.0.0.0/8"], "MySQL takes it for the account with host part 10.0.0.0/8"),
    ("%", ["%.example.org"], "MySQL may take it for the account with host part %.example.org"),
    ("10.20.0.0/16", ["web.example.org"], None),
    ("10.20.16._", ["10.20.16.%"], "MySQL may take it for the account with host part 10.20.16.%"),
]


@pytest.mark.parametrize(("host", "others", "words"), TAKEN)
def test_a_login_is_tried_where_mysql_takes_it_for_the_account(host: str, others: list[str], words: str | None) -> None:
    why = why_not(host, others, "10.20.16.4")
    assert why is None if words is None else (why or "").startswith(words)


# host part, others of the same name, whether a login from 10.20.16.0/20 may be taken for it
POSSIBLE: list[tuple[str, list[str], bool]] = [
    ("%", ["10.20.0.0/16"], False),
    ("%", ["10.20.16.0/24"], True),
    ("%", ["10.20.%.4"], True),
    ("%", ["10.20.%.%"], False),
    ("10.20.17.0/24", ["10.0.0.0/8"], True),
    ("10.20.17.%", ["10.20.17.0/24"], False),
    ("10.20.17.%", ["%"], True),
    ("%.example.org", ["10.0.0.0/8"], True),
    ("10.20.16.4", ["10.20.16.4/32"], True),
]


@pytest.mark.parametrize(("host", "others", "possible"), POSSIBLE)
def test_an_account_that_others_hide_from_a_subnet_is_known(host: str, others: list[str], possible: bool) -> None:
    assert may_be_taken(host, others, IPv4Network("10.20.16.0/20")) is possible
