"""A stack of three servers that are a group, behind the stand-ins of bench.py, and what each of them tells of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripts.host.common import codec
from scripts.host.group.spec import GroupFacts, MemberFacts
from tests.unit.scripts.stand_ins import (
    ACCOUNTS,
    APP,
    CA,
    CONNECTIONS,
    SET_UP,
    SETTINGS,
    URN,
    Bench,
    command,
    first_contact,
    host,
    secret,
    state,
    user,
)

NAMES = ("server", "server-2", "server-3")
ADDRESSES = {name: str(CONNECTIONS[name]["host"]) for name in NAMES}
GROUP = "11111111-2222-4333-8444-555555555555"
FORMER = {"host": "10.20.0.99", "hostKey": "ssh-ed25519 AAAAFormer"}
"""The way to the first server when it began the group."""
KEY = "-----BEGIN PRIVATE KEY-----\nKey-of-the-authority\n"


def resources() -> list[dict[str, Any]]:
    """Return the state's resources: in an order that is not that of the servers."""
    made = [host("client-1"), user("app", APP)]
    for name in reversed(NAMES):
        server = f"{URN}mysql-pair:index:MySqlServer::{name}"
        certify = {"addresses": [ADDRESSES[name], "127.0.0.1"], "names": [], "authority": KEY + CA}
        converge = {"packages": ["mysql-server"], "mysql": SETTINGS, "group": {"own": name}}
        made += [
            {"urn": server, "type": "mysql-pair:index:MySqlServer"},
            host(name),
            {
                "urn": f"{URN}aws:ec2/instance:Instance::{name}-instance",
                "type": "aws:ec2/instance:Instance",
                "parent": host(name)["urn"],
                "outputs": {"availabilityZone": f"eu-central-1{'abc'[NAMES.index(name)]}"},
            },
            first_contact(name),
            command(name, "converge", json.dumps(converge)),
            command(name, "certify", secret(json.dumps(certify)), {"ca_certificate": CA}),
            command(name, "group join", "{}"),
            command(name, "accounts apply", secret(ACCOUNTS)),
            command(name, "backup set-up", secret(SET_UP)),
        ]
    return [
        *made,
        *(
            {**of_once, "inputs": {**of_once["inputs"], "connection": secret({**CONNECTIONS["server"], **FORMER})}}
            for of_once in (
                command("server", "authority", "", {"pem": KEY + CA}),
                command("server", "group begin", "{}"),
            )
        ),
        command("client-1", "converge", json.dumps({"packages": ["mysql-client"]})),
        command("client-1", "check-logins", secret("{}")),
    ]


def member(name: str, state: str = "ONLINE", role: str = "SECONDARY", version: str = "9.7.4") -> MemberFacts:
    """Return a member as another one sees it."""
    return MemberFacts(name, ADDRESSES.get(name, "10.20.0.99"), f"uuid-of-{name}", state, role, version)


WHOLE = (member("server", role="PRIMARY"), member("server-2"), member("server-3"))


def tells(
    bench: Bench,
    own: str,
    *members: MemberFacts,
    majority: bool = True,
    executed: str = f"{GROUP}:1-100",
    queue: int = 0,
    note: str = "",
) -> None:
    """Have a server tell its view."""
    facts = GroupFacts(own, members, majority, executed, queue, note)
    bench.put(f"group.{own}", f"cat <<'END'\n{codec.encode(facts)}\nEND\n")


def out(bench: Bench, own: str, executed: str = f"{GROUP}:1-100", state: str = "OFFLINE", note: str = "") -> None:
    """Have a server be in no group."""
    tells(bench, own, member(own, state, ""), majority=False, executed=executed, note=note)


def up(bench: Bench, views: Mapping[str, tuple[MemberFacts, ...]] | None = None) -> None:
    """Put the stack there; every server sees the whole group, or what is said."""
    bench.put("state.json", state(*resources()))
    for name in NAMES:
        tells(bench, name, *(views or {}).get(name, WHOLE))
    for word in ("switch-over", "start", "force", "rejoin"):
        bench.put(f"group.{word}", "echo null\n")


def changes(bench: Bench) -> list[tuple[str, str, Any]]:
    """Return what servers were told to change: which one, the word, and what it read."""
    path = bench.folder / "changes"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(name, word, json.loads(text)) for name, word, text in (line.split(" ", 2) for line in lines)]
