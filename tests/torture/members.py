"""A lab's group of servers, asked past ssh and network: who is in it, and what is in its tables."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.cloud.ec2 import Ec2
from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.settings import Lab, LabError
from tests.torture.history import Content

ANSWER_SECONDS, TABLE_SECONDS = 5, 60
LOOK_SECONDS = 0.5
VIEW = "select member_host, member_state, member_role from performance_schema.replication_group_members"


@dataclass(frozen=True)
class View:
    """A group as one of its members sees it: state and role by the member's address."""

    states: dict[str, str]
    roles: dict[str, str]

    @classmethod
    def parsed(cls, rows: str) -> View:
        """Read the rows of VIEW."""
        cells = [line.split("\t") for line in rows.splitlines()]
        return cls({row[0]: row[1] for row in cells}, {row[0]: row[2] for row in cells})

    def online(self, role: str) -> list[str]:
        """Return the addresses of members that are there in a role."""
        return sorted(name for name, own in self.roles.items() if own == role and self.states[name] == "ONLINE")

    def is_whole(self, members: int) -> bool:
        """Tell whether all members are there, and one is the primary."""
        return len(self.online("PRIMARY")) == 1 and len(self.online("SECONDARY")) == members - 1


class Members:
    """The servers of a lab's stack, by host name."""

    def __init__(self, lab: Lab, outputs: Mapping[str, Any]) -> None:
        """Find them by the stack's outputs."""
        store = Store(lab.cloud)
        self.plane = Plane(lab, store)
        self.ec2 = Ec2(lab, store, self.plane)
        pairs = zip(outputs["server_names"], outputs["server_instance_ids"], strict=True)
        self.instances = {name: store.get(Instance, instance_id) for name, instance_id in pairs}

    def execute(self, name: str, *command: str, seconds: int = ANSWER_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run a command as root on a member; one that does not end in so many seconds is ended."""
        container = self.plane.host_name(self.instances[name].id)
        return hosts.execute(container, "timeout", str(seconds), *command, timeout=2 * seconds)

    def sql(self, name: str, statement: str) -> str:
        """Return the rows of a statement, empty if MySQL or its host does not answer."""
        try:
            return self.execute(name, "mysql", "-BNe", statement).stdout.rstrip("\n")
        except LabError:
            return ""

    def views(self) -> list[View]:
        """Return the group as each member sees it."""
        return [View.parsed(self.sql(name, VIEW)) for name in self.instances]

    def in_role(self, role: str) -> list[str]:
        """Return the names of members in a role, as the primary sees it."""
        names = {instance.private_ip: name for name, instance in self.instances.items()}
        for name, instance in self.instances.items():
            view = View.parsed(self.sql(name, VIEW))
            if view.online("PRIMARY") == [instance.private_ip]:
                return [names[address] for address in view.online(role) if address in names]
        return []

    def is_whole(self) -> bool:
        """Tell whether every member sees all of them, and the same primary."""
        views = self.views()
        primaries = {tuple(view.online("PRIMARY")) for view in views}
        return len(primaries) == 1 and all(view.is_whole(len(self.instances)) for view in views)

    def are_level(self) -> bool:
        """Tell whether all members have the same transactions."""
        executed = {self.sql(name, "select @@global.gtid_executed") for name in self.instances}
        return len(executed) == 1 and "" not in executed

    def content(self, name: str, database: str) -> Content:
        """Return a member's tables.

        Raises:
            LabError: it does not answer.
        """

        def rows(columns: str, table: str) -> list[tuple[int, ...]]:
            query = f"select {columns} from `{database}`.torture_{table} order by id"  # noqa: S608  our own names
            done = self.execute(name, "mysql", "-BNe", query, seconds=TABLE_SECONDS)
            if done.returncode != 0:
                raise LabError(f"the tables of {name} cannot be read: {done.stderr.strip()}")
            return [tuple(map(int, line.split())) for line in done.stdout.splitlines()]

        appended = tuple((writer, number) for writer, number in rows("writer, number", "append"))
        transferred = tuple(
            (writer, number, source, target, amount)
            for writer, number, source, target, amount in rows("writer, number, source, target, amount", "transfer")
        )
        return Content(appended, transferred, {row[0]: row[1] for row in rows("id, balance", "account")})


def waited(reached: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition holds; tell whether it came about in so many seconds."""
    until = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_SECONDS)
    return True
