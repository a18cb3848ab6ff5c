"""The agent's verb `accounts` on the pair's server, without harm to the stack's own.

The agent is started once, and each verb is a process that it forks: every `up` shows that it starts by itself.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.host.accounts.spec import AccountsSpec, DatabaseSpec, GrantSpec, RoleSpec, UserSpec
from scripts.host.common import codec
from scripts.host.constants import AGENT_DIR
from tests.lab.pair import ROOT, Pair

COMMAND = f"sudo python3 -B {AGENT_DIR}/current accounts"
FORKING = f"""
import json, os, sys, tempfile
sys.path.insert(0, os.path.realpath("{AGENT_DIR}/current"))
from scripts.host import entry
from scripts.host.accounts import commands
for line in sys.stdin:
    words, given = json.loads(line)
    files = [tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(3)]
    files[0].write(given)
    files[0].seek(0)
    child = os.fork()
    if not child:
        for number, file in enumerate(files):
            os.dup2(file.fileno(), number)
        sys.stdin = open(0, encoding="utf-8")
        sys.exit(entry.main(words))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(json.dumps([code, *(os.pread(file.fileno(), 1 << 26, 0).decode() for file in files[1:])]), flush=True)
"""
"""On the server: runs the agent with words and standard input, as JSON, a line each; a line has what came of it."""
HOST = "10.%"
"""A host part that admits nobody in particular."""
CHANGING = (
    *("alter_db", "create_db", "drop_db", "create_user", "alter_user", "rename_user", "drop_user", "set_password"),
    *("create_role", "drop_role", "grant", "grant_roles", "revoke", "revoke_all", "revoke_roles"),
    "alter_user_default_role",
)
"""MySQL's counters of statements that change accounts and databases."""


def grant(*privileges: str, database: str | None = None, table: str | None = None, option: bool = False) -> GrantSpec:
    """Return a grant."""
    return GrantSpec(privileges, database, table, option)


def user(key: str, **options: Any) -> UserSpec:
    """Return a user, with everything as usual but the options."""
    return replace(UserSpec(key=key, name=key, host=HOST, password=f"Pa$$w0rd of {key}"), **options)


def role(key: str, *grants: GrantSpec, name: str | None = None) -> RoleSpec:
    """Return a role."""
    return RoleSpec(key, name or key, grants)


@dataclass
class Script:
    """The verb, and what it is told beside the stack's own accounts."""

    pair: Pair
    own: AccountsSpec
    agent: subprocess.Popen[str]
    databases: set[str] = field(default_factory=set)
    """Those that were made here."""

    def spec(
        self, users: Iterable[UserSpec], roles: Iterable[RoleSpec] = (), databases: Iterable[DatabaseSpec] = ()
    ) -> AccountsSpec:
        """Return the stack's own accounts and these."""
        return AccountsSpec((*self.own.databases, *databases), (*self.own.roles, *roles), (*self.own.users, *users))

    def run(self, verb: str, *specs: Iterable[Any]) -> subprocess.CompletedProcess[str]:
        """Run it with databases, roles and users, as many of these as are given, from the end."""
        spec = self.spec(*reversed(specs)) if specs else self.own
        self.databases |= {database.name for database in spec.databases}
        return self._ask(verb, codec.encode(spec))

    def _ask(self, verb: str, spec: str = "") -> subprocess.CompletedProcess[str]:
        assert self.agent.stdin and self.agent.stdout
        self.agent.stdin.write(json.dumps([["accounts", verb], spec]) + "\n")
        self.agent.stdin.flush()
        return subprocess.CompletedProcess(verb, *json.loads(self.agent.stdout.readline()))

    def apply(self, *specs: Iterable[Any]) -> dict[str, Any]:
        """Make it so; it has to end well. Return what it says of the users."""
        done = self.run("apply", *specs)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        users: dict[str, Any] = json.loads(done.stdout)["users"]
        return users

    def refused(self, *specs: Iterable[Any]) -> str:
        """Make it so as far as it goes; something has to be refused. Return what is said of it."""
        done = self.run("apply", *specs)
        assert done.returncode == 1, done.stdout
        assert json.loads(done.stdout)["users"].keys() >= {user.key for user in self.own.users}
        return done.stderr

    def diff(self, *specs: Iterable[Any]) -> list[tuple[str, str, str, str]]:
        """Return what differs: of what, which, as it should be, as it is."""
        done = self.run("diff", *specs)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return [(row["name"], row["what"], row["expected"], row["found"]) for row in json.loads(done.stdout)]

    def listed(self) -> dict[str, Any]:
        """Return what `list` says, by account."""
        done = self._ask("list")
        assert done.returncode == 0, done.stderr
        return {row["account"]: row for row in json.loads(done.stdout)["users"]}

    def changing(self) -> int:
        """Return how many statements that change something the server has had."""
        rows = (line.split("\t") for line in self.pair.sql("show global status like 'Com\\_%'").splitlines())
        counters = {name.removeprefix("Com_"): int(count) for name, count in rows}
        return sum(counters[name] for name in CHANGING)

    def grants(self, account: str) -> set[str]:
        """Return SHOW GRANTS without what everybody has."""
        lines = set(self.pair.sql(f"show grants for {account}").splitlines())
        return {line.replace(account.replace("'", "`"), "X") for line in lines if "GRANT USAGE ON *.*" not in line}

    def put_back(self) -> None:
        """Leave the stack's own, and nothing else."""
        kept = {"sys"} | {database.name for database in self.own.databases}
        gone = [DatabaseSpec(name, drop=True) for name in sorted(self.databases - kept)]
        self.apply(gone, [], [])
        self.databases.clear()


@contextmanager
def scripted(pair: Pair) -> Iterator[Script]:
    """Give the verb, with the agent that is on the server now."""
    argv = [*pair.inside("server"), "env", "-i", *ROOT, "python3", "-Bc", FORKING]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, encoding="utf-8") as agent:
        yield Script(pair, own_spec(pair), agent)


def own_spec(pair: Pair) -> AccountsSpec:
    """Return what the stack itself tells the agent: without it the agent would drop the stack's users."""
    done = pair.pulumi("stack", "export", "--show-secrets", "--stack", pair.lab.name)
    assert done.returncode == 0, done.stderr
    for resource in json.loads(done.stdout)["deployment"]["resources"]:
        triggers = resource.get("inputs", {}).get("triggers") or [None]
        if isinstance(triggers[0], dict) and triggers[0].get("verb") == "accounts apply":
            stdin = resource["inputs"]["stdin"]
            return codec.decode(AccountsSpec, json.loads(stdin["plaintext"]) if isinstance(stdin, dict) else stdin)
    return AccountsSpec()
