"""Whatever config takes as names, host parts, passwords and comments comes back as it was, works, and harms nobody."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from scripts.host.accounts import passwords
from scripts.host.accounts.spec import COMMENT_LENGTH, UserSpec
from scripts.host.common import codec
from scripts.host.constants import CA_FILE
from tests.lab.accounts_script import Script, grant, scripted, user
from tests.lab.pair import Pair

ACCOUNTS, BATCH, LOGINS = 1000, 500, 100
SEED = int(os.environ.get("MYSQL_PAIR_SEED", "1"))
"""What everybody's run generates; another one looks elsewhere."""
ROUNDS = 10
"""Of `number` examples each, some of which are the same account: two do, as a rule."""


def characters(last: int) -> st.SearchStrategy[str]:
    """Return characters that can be read, up to a last one."""
    return st.characters(max_codepoint=last, exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])


# Beyond U+FFFF MySQL writes ? without a word; spaces at a name's ends it cuts off (9.7.4).
NAMES = st.text(characters(0xFFFF), min_size=1, max_size=32)
OCTET = st.integers(0, 255)
ADDRESSES = st.ip_addresses().map(str)
HOSTS = st.one_of(
    ADDRESSES,
    st.builds("{}.{}.0.0/{}".format, OCTET, OCTET, st.integers(0, 32)),
    st.builds("{}.{}.0.0/255.255.0.0".format, OCTET, OCTET),
    st.builds("{}.{}.%".format, OCTET, OCTET),
    st.builds("{}.{}._.%".format, OCTET, OCTET),
    st.sampled_from(["%", "localhost", "%.example.org", "a_b.example.org", "xn--bcher-kva.example", "fe80::%"]),
    st.text("abcxyz0189-_%.", min_size=1, max_size=255),
)
PASSWORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=256)
COMMENTS = st.none() | st.text(characters(0x10FFFF), max_size=COMMENT_LENGTH)
PLUGINS = st.sampled_from(["caching_sha2_password"] * 4 + ["sha256_password"])
Login = tuple[str, str, str, str, str | None]


def user_of(key: str, login: Login) -> UserSpec:
    name, host, plugin, password, comment = login
    return user(
        key, name=name, host=host, plugin=plugin, password=password, comment=comment, grants=(grant("PROCESS"),)
    )


LOGIN: st.SearchStrategy[Login] = st.tuples(NAMES, HOSTS, PLUGINS, PASSWORDS, COMMENTS).filter(
    lambda login: not list(codec.faults_of(user_of("p", login)))
)

GRANT_TABLES = (
    *("db", "tables_priv", "columns_priv", "procs_priv", "proxies_priv", "global_grants"),
    *("role_edges", "default_roles"),
)

LOG_IN = """
import json, os, subprocess, sys
for options in json.load(sys.stdin):
    readable, writable = os.pipe()
    os.write(writable, options.encode())
    os.close(writable)
    done = subprocess.run(
        ["mysql", f"--defaults-extra-file=/dev/fd/{readable}", "--batch", "--skip-column-names", "--execute",
         "select hex(current_user()); show session status like 'Ssl_version'"],
        pass_fds=[readable], capture_output=True, text=True)
    os.close(readable)
    print(json.dumps(done.stdout.split() or done.stderr))
"""
"""On the client host: log in with each option file, through a pipe."""


@cache
def generated(number: int) -> list[Login]:
    """Return as many logins, none of whose accounts MySQL would take for another's."""
    found: dict[tuple[str, str], Login] = {}

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        derandomize=False,  # what Hypothesis does by itself in CI: the same examples at every call
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(LOGIN)
    def gather(login: Login) -> None:
        found[login[:2]] = login

    for number_of_round in range(ROUNDS):
        seed(SEED + number_of_round)(gather)()
        if len(found) >= number:
            return list(found.values())[:number]
    raise AssertionError(f"{len(found)} of {number} logins in {ROUNDS} rounds")


@pytest.fixture(scope="module")
def script(pair: Pair) -> Iterator[Script]:
    with scripted(pair) as script:
        yield script
        script.put_back()


def users(logins: Sequence[Login], prefix: str = "p") -> list[UserSpec]:
    return [user_of(f"{prefix}-{number}", login) for number, login in enumerate(logins)]


def kept(pair: Pair) -> dict[Login, tuple[str, bytes]]:
    """Return what MySQL has: by name and host part, comment and all, the plugin and the authentication string."""
    rows = pair.sql(
        "select hex(user), hex(host), plugin, hex(authentication_string), hex(user_attributes->'$.metadata')"
        " from mysql.user where user_attributes->>'$.metadata.mysql_pair.user' regexp '^p[0-9]*-[0-9]+$'"
    )
    found = {}
    for row in rows.splitlines():
        name, part, plugin, stored, metadata = row.split("\t")
        attribute = json.loads(bytes.fromhex(metadata))
        key = (bytes.fromhex(name).decode(), bytes.fromhex(part).decode(), attribute["mysql_pair"]["user"])
        found[*key, plugin, attribute.get("comment")] = plugin, bytes.fromhex(stored)
    return found


def everything_else(pair: Pair) -> str:
    """Return all that MySQL has of databases and of accounts that are not from here."""
    statements = ["select schema_name, default_collation_name from information_schema.schemata order by 1"]
    statements += [f"select * from mysql.{table} order by 1, 2, 3, 4" for table in GRANT_TABLES]  # noqa: S608  ours
    statements += [
        "select * from mysql.user where coalesce(user_attributes->>'$.metadata.mysql_pair.user', '')"
        " not regexp '^p[0-9]*-[0-9]+$' order by user, host"
    ]
    return pair.sql(";\n".join(statements))


def test_all_logins_round_trip_and_nothing_else_changes(script: Script) -> None:
    logins, before = generated(ACCOUNTS), everything_else(script.pair)
    for start in range(0, len(logins), BATCH):
        batch = logins[start : start + BATCH]
        # Every second batch has the keys of the one before: its accounts are renamed and altered, and not made.
        specs = users(batch, prefix=f"p{start // BATCH // 2}")
        said = script.apply(specs)
        assert all(said[spec.key] == {"generation": 1, "old_password_accepted": False} for spec in specs)
        assert script.diff(specs) == []
        found = kept(script.pair)
        expected = {(spec.name, spec.host, spec.key, spec.plugin, spec.comment): spec.password for spec in specs}
        assert found.keys() == expected.keys()
        # The agent has just found every password right; some of them here, where it cannot have mixed up accounts.
        some = list(found.items())[::5]
        wrong = [key for key, stored in some if not passwords.belongs(expected[key], *stored)]
        assert wrong == []
        assert everything_else(script.pair) == before
    script.apply()
    assert (kept(script.pair), everything_else(script.pair)) == ({}, before)


def admitting(address: str) -> list[str]:
    """Return host parts of every form that admit an address."""
    first, second, third, last = address.split(".")
    return [
        address,
        f"{first}.{second}.0.0/16",
        f"{first}.{second}.{third}.0/24",
        f"{first}.{second}.0.0/255.255.0.0",
        f"{first}.{second}.%",
        f"{first}.{second}.{third}.{last[:-1]}_",
        "%",
    ]


def quoted(value: Any) -> str:
    """Return a value for an option file (MySQL manual, "Using Option Files")."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    for character, escape in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\b", "\\b")):
        text = text.replace(character, escape)
    return f'"{text}"'


def option_file(login: Login, endpoint: tuple[str, int]) -> str:
    options = {
        "user": login[0],
        "password": login[3],
        "host": endpoint[0],
        "port": endpoint[1],
        "ssl-mode": "VERIFY_IDENTITY",
        "ssl-ca": CA_FILE,
        "default-character-set": "utf8mb4",
    }
    return "[client]\n" + "".join(f"{name}={quoted(value)}\n" for name, value in options.items())


def test_a_hundred_of_them_log_in_from_the_client_over_tls(script: Script) -> None:
    outputs = script.pair.outputs()
    parts = admitting(outputs["client_private_ips"][0])
    # C's strings end at NUL: no client of MySQL's own can say such a name or password.
    spoken = {login[0]: login for login in generated(ACCOUNTS) if "\0" not in login[0] + login[3]}
    logins: list[Login] = [
        (name, parts[number % len(parts)], plugin, password, comment)
        for number, (name, _, plugin, password, comment) in enumerate(spoken.values())
    ]
    del logins[LOGINS:]
    assert len(logins) == LOGINS
    script.apply(users(logins))
    endpoint = outputs["mysql_host"], int(outputs["mysql_port"])
    options = json.dumps([option_file(login, endpoint) for login in logins])
    done = script.pair.as_root("client-1", f"python3 -c {shlex.quote(LOG_IN)}", stdin=options)
    assert done.returncode == 0, done.stderr
    for login, line in zip(logins, done.stdout.splitlines(), strict=True):
        said = json.loads(line)
        assert isinstance(said, list), f"{login!r} cannot log in: {said}"
        account, _, tls = said
        assert (bytes.fromhex(account).decode(), tls) == (f"{login[0]}@{login[1]}", "TLSv1.3")
