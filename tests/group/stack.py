"""A stack of several servers as its user has it, and what its clients were told while something was done to it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from lab.machine import hosts
from tests.lab.logins import Login
from tests.lab.pair import Pair, verb
from tests.torture.checker import findings, outcomes
from tests.torture.clients import Clients, at_work, settings
from tests.torture.gaps import pause
from tests.torture.members import Members, View, waited

SERVERS = 3
WHOLE_SECONDS = 300
"""Within which members are ONLINE again; a slow machine's."""
DATABASE = "app"
TABLES = f"show tables from {DATABASE}"
SEED = 16


@dataclass
class Seen:
    """What was seen of a group, twice a second."""

    least: int
    """How many servers were ONLINE at the least."""
    primaries: list[str]
    """The addresses of those that took writes, one after another."""
    worst: list[View] = field(default_factory=list)
    """What each server saw then."""


class Group:
    """The servers of a lab's stack."""

    def __init__(self, pair: Pair) -> None:
        """Ask nobody yet."""
        self.pair = pair

    @property
    def members(self) -> Members:
        """The servers, as the stack's outputs have them now."""
        return Members(self.pair.lab, self.pair.outputs())

    def grow(self) -> None:
        """Have three servers, if there are fewer."""
        if len(self.pair.outputs()["server_names"]) < SERVERS:
            self.pair.configure({"servers": SERVERS})
            self.pair.up()

    def require_whole(self) -> None:
        """Wait until every server sees all of them ONLINE."""
        members = self.members
        assert waited(members.is_whole, WHOLE_SECONDS), members.views()

    @property
    def primary(self) -> str:
        """The name of the server that takes writes."""
        (name,) = self.members.in_role("PRIMARY")
        return name

    @property
    def secondaries(self) -> list[str]:
        """The names of the others."""
        return self.members.in_role("SECONDARY")

    def login(self, user: str = DATABASE, kind: str = "connection_strings") -> Login:
        """Return a login by the connection strings that the stack exports."""
        return Login.of(self.pair, user, kind)

    def answer(self, statement: str, kind: str = "connection_strings") -> list[str]:
        """Return the cells of a statement's last row, asked by a client through its connection string."""
        code, said = self.login(kind=kind).tried(self.pair, statement=statement)
        assert code == 0, said
        return said.splitlines()[-1].split("\t")

    def checksums(self) -> set[str]:
        """Return the checksums of all tables, once for each different answer of a server."""
        members = self.members
        assert waited(members.are_level, WHOLE_SECONDS), "the servers do not come to the same transactions"
        names = members.sql(self.members_in_order[0], TABLES).split()
        tables = ", ".join(f"{DATABASE}.`{name}`" for name in names)
        return {members.sql(name, f"checksum table {tables}") for name in members.instances}

    @property
    def members_in_order(self) -> list[str]:
        """The names of the servers, in the order in which they are changed."""
        return list(self.members.instances)

    def host(self, name: str) -> str:
        """Return what a server's host is called on this machine."""
        members = self.members
        return members.plane.host_name(members.instances[name].id)

    def execute(self, name: str, command: str) -> str:
        """Run a line on a server, past ssh and network; it has to end well."""
        done = hosts.execute(self.host(name), "sh", "-c", command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def watched(self) -> Iterator[Seen]:
        """Look at the group all the time until the block ends."""
        members, ended = self.members, threading.Event()
        seen = Seen(len(members.instances), [])

        def look() -> None:
            while not ended.wait(0.5):
                views = members.views()
                view = max(views, key=online)
                if online(view) < seen.least:
                    seen.least, seen.worst = online(view), views
                seen.primaries += [name for name in view.online("PRIMARY") if name not in seen.primaries[-1:]]

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield seen
        finally:
            ended.set()
            thread.join()

    @contextmanager
    def written(self, what: str, host: str = "") -> Iterator[Clients]:
        """Have clients write and read while something is done; they must have been told nothing but the truth.

        They go on to write at the end, by the logins that they began with: those of the connection strings, or of a
        server's own address. What it cost them is printed.
        """
        told = settings(self.pair.outputs(), SEED)
        if host:
            told["write"]["host"] = host
            told["read"] = told["write"]
        with at_work(self.pair.lab.name, told, self._history) as clients:
            begun = time.monotonic()
            yield clients
            end = time.monotonic()
            assert waited(lambda: clients.are_gone() or clients.have_written_since(end), WHOLE_SECONDS)
            assert not clients.are_gone()
        history = clients.history()
        longest = pause(history, begun, end)
        print(
            f"\n{what}, {end - begun:.0f} s: no write was acknowledged for {longest.all_writers:.1f} s at the most, "
            f"one writer's for {longest.one_writer:.1f} s\n{outcomes(history)}"
        )
        self.require_same(history)

    def require_same(self, history: list[Any]) -> None:
        """Have every server agree with what clients were told."""
        if len(self.members.instances) > 1:
            self.require_whole()
            assert waited(self.members.are_level, WHOLE_SECONDS)
        contents = {name: self.members.content(name, DATABASE) for name in self.members.instances}
        found = findings(history, contents)
        assert found == [], found

    @property
    def _history(self) -> Any:
        return self.pair.lab.folder / "written.jsonl"


def first_write(clients: Clients, since: float = 0) -> float:
    """Wait for a write that began after a moment, or else after this call; return the seconds since then."""
    since = since or time.monotonic()
    assert waited(lambda: clients.have_written_since(since), WHOLE_SECONDS)
    return time.monotonic() - since


def status() -> dict[str, Any]:
    """Return what `status` tells."""
    done = verb("status", "--json")
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def best(members: Members) -> View:
    """Return the group as the server sees it that sees the most ONLINE."""
    return max(members.views(), key=online)


def online(view: View) -> int:
    """Return how many servers are ONLINE in a view."""
    return list(view.states.values()).count("ONLINE")
