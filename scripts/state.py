"""What a stack's state says is there: hosts and the ways to them, commands with what they were last given, logins.

The state has it where an `up` has failed too, and has left no outputs. Secrets are in plain here, so nothing of it is
written or shown.
"""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from policy.rules.resource import INSTANCES, name_of, types_of
from scripts.host.constants import CA_FILE, PROXY_ADDRESS
from scripts.host.first_boot.install import unpacked
from scripts.stack import OperatorError, Stack
from stack_outputs.forms import Login

COMMAND, HOST, USER = "command:remote:Command", "mysql-pair:index:Host", "mysql-pair:index:MySqlUser"
MYSQL_SERVER = "mysql-pair:index:MySqlServer"
STACK = "pulumi:pulumi:Stack"
SERVER = "server"
"""What operators call the host that MySQL runs on; of several the first, before server-2."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key by which pulumi marks a value that is more than JSON (sdk/go/common/resource/sig)."""
INSTALL, CONVERGE, CERTIFY = "install", "converge", "certify"
JOIN_GROUP = "group join"
APPLY_ACCOUNTS, CHECK_LOGINS = "accounts apply", "check-logins"
SET_UP_BACKUPS = "backup set-up"
REPAIRING = (INSTALL, CONVERGE, CERTIFY, JOIN_GROUP, APPLY_ACCOUNTS, SET_UP_BACKUPS, CHECK_LOGINS)
"""Verbs that put hosts and MySQL right, and try the logins then; `install` puts the host agent on a host.

None of their commands has a delete, so to replace one only runs it again. What is done once for a group is not among
them: its authority stays, and it is begun once.
"""
ONCE = ("authority", "group begin")
"""Verbs that run once in a stack's life: the state has the way to their host as it was then."""
KEY = "ssh-ed25519 "
"""How what a first contact has printed begins: the host's key."""


class Command(NamedTuple):
    """A command that ran on a host; one of the first contact, before the host agent is there, has no verb."""

    urn: str
    host: str
    verb: str
    stdin: str
    stdout: str
    connection: Mapping[str, Any]

    @classmethod
    def of(cls, resource: Mapping[str, Any]) -> Self | None:
        """Return what a resource of the state is; None if it neither runs a verb of the agent nor is a first contact.

        The first trigger says which verb and on which host; what is learned of a host at first is a child of it.
        """
        if resource["type"] != COMMAND or resource.get("delete"):
            return None
        inputs, outputs = resource.get("inputs") or {}, resource.get("outputs") or {}
        trigger = next(iter(plain(inputs.get("triggers")) or []), None)
        stdin, stdout = plain(inputs.get("stdin")) or "", plain(outputs.get("stdout")) or ""
        connection = plain(inputs.get("connection")) or {}
        if isinstance(trigger, dict) and "verb" in trigger:
            return cls(resource["urn"], trigger["host"], trigger["verb"], stdin, stdout, connection)
        parent = resource.get("parent") or ""
        if parent and types_of(parent)[-1] == HOST and stdout.startswith(KEY):
            return cls(resource["urn"], name_of(parent), "", stdin, stdout, connection)
        return None


class Host(NamedTuple):
    """The way to a host."""

    connection: Mapping[str, Any]
    """As the last command had it: host, port and, of a private host, proxy."""
    host_key: str


@dataclass(frozen=True)
class State:
    """A stack's state."""

    stack: Stack
    resources: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, stack: Stack) -> Self:
        """Read it."""
        return cls(stack, stack.resources())

    @functools.cached_property
    def commands(self) -> list[Command]:
        """The commands that ran on hosts."""
        return [command for command in map(Command.of, self.resources) if command]

    def find(self, verb: str, host: str | None = None) -> Command | None:
        """Return the command that runs a verb, on this host or on whichever it is."""
        matching = (command for command in self.commands if command.verb == verb and host in (None, command.host))
        return next(matching, None)

    def find_on_server(self, verb: str) -> Command | None:
        """Return the command that runs a verb on the first server on which it ran."""
        return next(filter(None, (self.find(verb, host) for host in self.server_names)), None)

    @functools.cached_property
    def server_names(self) -> list[str]:
        """The names of the servers' hosts, in the order in which they are made: several are a group."""
        others = {name_of(resource["urn"]) for resource in self._of(MYSQL_SERVER)} - {SERVER}
        return [SERVER, *sorted(others)]

    @property
    def host_names(self) -> list[str]:
        """The names of all hosts, those too that no `up` has reached yet: the servers first."""
        return sorted(
            {name_of(resource["urn"]) for resource in self._of(HOST)}, key=lambda name: (self._place(name), name)
        )

    def zone(self, host: str) -> str:
        """Return the availability zone of a host's instance; empty if the state does not have it."""
        instances = [instance for kind in INSTANCES for instance in self._of(kind)]
        own = (instance for instance in instances if name_of(instance.get("parent") or ":::") == host)
        return str(next(((it.get("outputs") or {}).get("availabilityZone") or "" for it in own), ""))

    def _place(self, host: str) -> int:
        """Return a key by which the servers come first."""
        servers = self.server_names
        return servers.index(host) if host in servers else len(servers)

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [resource for resource in self.resources if resource["type"] == kind and not resource.get("delete")]

    @functools.cached_property
    def hosts(self) -> dict[str, Host]:
        """Every host that has been reached, by name: the servers first."""
        hosts: dict[str, Host] = {}
        # What the agent has run comes after the first contact, whose connection has no key.
        commands = [command for command in self.commands if command.verb not in ONCE]
        for command in sorted(commands, key=lambda command: (self._place(command.host), command.verb != "")):
            known = command.connection.get("hostKey") or command.stdout
            hosts[command.host] = Host(command.connection, " ".join(known.split()[:2]))
        return hosts

    def diff_spec(self, host: str) -> dict[str, Any] | None:
        """Return the DiffSpec of a host, a ServerDiffSpec of the server; None if the host was never converged."""
        install, converge, certify = (self.find(verb, host) for verb in (INSTALL, CONVERGE, CERTIFY))
        if converge is None:
            return None
        spec = {"host": json.loads(converge.stdin), "agent": _agent_files(install.stdin) if install else {}}
        if "mysql" in spec["host"]:
            spec["certificate"] = json.loads(certify.stdin) if certify else None
            spec["authority"] = json.loads(certify.stdout)["ca_certificate"] if certify else None
            if certify and spec["certificate"].get("authority"):
                # To compare is no need to send its key.
                spec["certificate"]["authority"] = spec["authority"]
        return spec

    @property
    def repairing(self) -> list[str]:
        """The URNs of the commands that a repair runs again."""
        return [command.urn for command in self.commands if command.verb in REPAIRING]

    def login(self, user: str) -> Login:
        """Return a user's login, by the user's key; a user whose account no `up` has made yet has one too."""
        users = {**self._described_users(), **self._made_users()}
        if user not in users:
            names = ", ".join(sorted(users)) or "none"
            raise OperatorError(f"stack {self.stack.name!r} has no user {user!r}; it has {names}")
        spec, certificate = users[user], self._of_server(CERTIFY, "certificate")
        server = json.loads(self._of_server(CONVERGE, "MySQL").stdin)
        addresses = json.loads(certificate.stdin)["addresses"]
        # Where client hosts have a proxy, the certificate names it.
        address = PROXY_ADDRESS if PROXY_ADDRESS in addresses else addresses[0]
        port = int(server["mysql"]["settings"]["port"])
        return Login(spec["name"], spec["password"], address, port, spec["database"], CA_FILE)

    def is_made(self, user: str) -> bool:
        """Return whether an `up` has made a user's account."""
        return user in self._made_users()

    def hands_out_former(self, user: str) -> bool:
        """Return whether the outputs have another password than MySQL was last told, as an `up` failed after that."""
        stack = next(iter(self._of(STACK)), {})
        url = (plain((stack.get("outputs") or {}).get("connection_strings")) or {}).get(user)
        made = self._made_users().get(user)
        return url is not None and made is not None and unquote(urlsplit(url).password or "") != made["password"]

    @property
    def ca_certificate(self) -> str:
        """The certificate of the server's authority."""
        return str(json.loads(self._of_server(CERTIFY, "certificate").stdout)["ca_certificate"])

    def _of_server(self, verb: str, what: str) -> Command:
        command = self.find_on_server(verb)
        if command is None:
            raise OperatorError(
                f"the server of stack {self.stack.name!r} has no {what} yet: its last `up` did not get that far; "
                f"{self.stack.up_hint()}"
            )
        return command

    def _made_users(self) -> dict[str, dict[str, Any]]:
        applied = self.find_on_server(APPLY_ACCOUNTS)
        users = json.loads(applied.stdin)["users"] if applied else ()
        return {user["key"]: user for user in users}

    def _described_users(self) -> dict[str, dict[str, Any]]:
        """Return the users as the program has described them, those whose password is known."""
        passwords = [(user["inputs"], (user.get("outputs") or {}).get("password")) for user in self._of(USER)]
        return {spec["key"]: {**spec, "password": plain(word)} for spec, word in passwords if word is not None}


def _agent_files(text: str) -> dict[str, str]:
    """Return the texts that the agent was installed from, by path; stacks of earlier versions have them as JSON."""
    files: dict[str, str] = json.loads(text) if text.startswith("{") else unpacked(text)
    return files


def plain(value: Any) -> Any:
    """Return a value of the state, out of its wrapping if it is a secret."""
    if isinstance(value, dict) and SIGNATURE in value:
        return json.loads(value["plaintext"]) if "plaintext" in value else None
    return value
