"""The group of servers as an operator asks for it: the view of every member, at once, and what follows from them."""

import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from scripts.host.common import codec
from scripts.host.common.errors import HostError
from scripts.host.group.spec import GroupFacts, MemberFacts
from scripts.host_agent import ask
from scripts.ssh import Ssh
from scripts.stack import OperatorError

ONLINE, RECOVERING, OFFLINE, PRIMARY = "ONLINE", "RECOVERING", "OFFLINE", "PRIMARY"
"""States and roles (MySQL manual, "Group Replication Server States")."""
STATUS_SECONDS = 60
CHANGE_SECONDS = 13 * 3600
"""More than a server that rejoins waits for a copy of a large database."""
KEY_SECONDS = 5 * CHANGE_SECONDS
"""For a question, and one change after another."""
WHOLE_SECONDS = 1800
"""How long a server may take to recover what it missed during a restart."""
POLL_SECONDS = 3.0
NO_MAJORITY = "the group has no majority, and takes no writes: `status` tells what to do"


@dataclass(frozen=True)
class Group:
    """What the servers tell of their group."""

    names: Sequence[str]
    """All servers', in the order of the stack."""
    facts: Mapping[str, GroupFacts]
    """By the name of the server that was asked."""
    silent: Mapping[str, str]
    """Why a server did not answer, by its name."""

    @classmethod
    def ask(cls, ssh: Ssh) -> Self:
        """Ask all servers."""
        names = ssh.access.state.server_names
        with ThreadPoolExecutor(len(names)) as pool:
            answers = list(pool.map(lambda name: _status(ssh, name), names))
        told = dict(zip(names, answers, strict=True))
        return cls(
            names,
            {name: facts for name, facts in told.items() if isinstance(facts, GroupFacts)},
            {name: reason for name, reason in told.items() if isinstance(reason, str)},
        )

    @property
    def majority(self) -> GroupFacts | None:
        """The view of a member that sees more than half of the group: the one that sees the most ONLINE, or None."""
        seeing = [facts for facts in self.facts.values() if facts.has_majority]
        return max(seeing, key=lambda facts: sum(it.state == ONLINE for it in facts.members), default=None)

    @property
    def members(self) -> dict[str, MemberFacts]:
        """The members by name, as the majority sees them; empty without one."""
        return {member.name: member for member in self.majority.members if member.name} if self.majority else {}

    @property
    def primary(self) -> str | None:
        """The member that takes the writes."""
        members = self.members.values()
        return next((it.name for it in members if (it.state, it.role) == (ONLINE, PRIMARY)), None)

    @property
    def not_online(self) -> list[str]:
        """The servers that the majority does not see ONLINE."""
        return [name for name in self.names if self.state(name) != ONLINE or name not in self.members]

    def state(self, name: str) -> str:
        """Return a server's state: as the majority sees it, or else as it says itself; empty if nobody says."""
        if name in self.members:
            return self.members[name].state
        own = self.own(name)
        return own.state if own else ""

    def own(self, name: str) -> MemberFacts | None:
        """Return a server as it sees itself."""
        facts = self.facts.get(name)
        if facts is None:
            return None
        # MySQL has no address for one that was in no group since it started.
        return next((it for it in facts.members if it.name == name), MemberFacts(name, "", "", OFFLINE, "", ""))

    def require_primary(self) -> str:
        """Return the primary.

        Raises:
            OperatorError: there is none.
        """
        if self.primary is None:
            raise OperatorError(NO_MAJORITY if self.majority is None else "the group has no primary: ask again")
        return self.primary


def require_group(ssh: Ssh) -> Group:
    """Return the group.

    Raises:
        OperatorError: the stack has one server.
    """
    if len(ssh.access.state.server_names) == 1:
        raise OperatorError(f"stack {ssh.access.state.stack.name!r} has one server, which is in no group")
    return Group.ask(ssh)


def change(ssh: Ssh, member: str, word: str, **spec: Any) -> Any:
    """Have a member change the group, and return what it answers."""
    return ask(ssh, member, f"group {word}", json.dumps(spec), CHANGE_SECONDS)


def until_whole(ssh: Ssh) -> Group:
    """Return the group once all of its servers are ONLINE.

    Raises:
        OperatorError: one is not in time.
    """
    deadline = time.monotonic() + WHOLE_SECONDS
    while True:
        group = Group.ask(ssh)
        if not group.not_online and group.primary:
            return group
        if time.monotonic() > deadline:
            missing = ", ".join(group.not_online) or "the primary"
            raise OperatorError(
                f"{missing}: not ONLINE in the group after {WHOLE_SECONDS} seconds; `status` tells more"
            )
        time.sleep(POLL_SECONDS)


def writer(ssh: Ssh) -> str:
    """Return the server that has every write: the group's primary, or the one server.

    Raises:
        OperatorError: there is no primary.
    """
    names = ssh.access.state.server_names
    return names[0] if len(names) == 1 else Group.ask(ssh).require_primary()


def _status(ssh: Ssh, name: str) -> GroupFacts | str:
    """Return what a server tells, or why it did not."""
    try:
        return codec.from_data(GroupFacts, ask(ssh, name, "group status", "", STATUS_SECONDS))
    except HostError as error:
        return f"{name}: {error}; `repair` or `pulumi up` brings the agent up to date"
    except OperatorError as error:
        return str(error)
