"""Stand-ins for pulumi and ssh, behind which the operator's commands find a stack and hosts; the ssh-agent is real."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

from components.host.agent import packed
from scripts.__main__ import main
from stack_outputs.forms import Login
from tests import forked
from tests.unit.program.configs import private_key

STACK = "here"
HOST_KEY, CLIENT_KEY, APP_KEY = "ssh-ed25519 AAAAHostKey", "ssh-ed25519 AAAAClientKey", "ssh-ed25519 AAAAAppKey"
CANARY = "Pa55-of-app"
APP = Login("ap@p", f"{CANARY} ü\\", "10.20.0.10", 3306, "app")
JUMP = {"host": "198.51.100.8", "hostKey": CLIENT_KEY, "port": 22, "user": "ubuntu"}
CONNECTIONS: dict[str, dict[str, Any]] = {
    "client-1": JUMP,
    "server": {"host": "10.20.0.10", "hostKey": HOST_KEY, "port": 22, "user": "ubuntu", "proxy": JUMP},
    **{
        name: {"host": address, "hostKey": f"ssh-ed25519 AAAA{name}", "port": 22, "user": "ubuntu", "proxy": JUMP}
        for name, address in (("server-2", "10.20.16.10"), ("server-3", "10.20.32.10"))
    },
    "app-1": {"host": "10.20.144.4", "hostKey": APP_KEY, "port": 22, "user": "ubuntu", "proxy": JUMP},
}
SIGNED = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
URN = "urn:pulumi:here::mysql-pair::mysql-pair:index:Some$"


def secret(value: object) -> dict[str, str]:
    """Return a secret as `pulumi stack export --show-secrets` has it."""
    return {**SIGNED, "plaintext": json.dumps(value)}


def command(name: str, verb: str, stdin: object, stdout: object = "", **more: object) -> dict[str, Any]:
    """Return a command of the state that runs a verb of the agent on a host; its name does not matter."""
    triggers = [{"host": name, "verb": verb, "instance": "i-0123"}, "digest"]
    return {
        "urn": f"{URN}command:remote:Command::{name}-{verb.replace(' ', '-')}",
        "type": "command:remote:Command",
        "inputs": {"stdin": stdin, "triggers": triggers, "connection": secret(CONNECTIONS.get(name, JUMP))},
        "outputs": {"stdout": secret(json.dumps(stdout))},
        **more,
    }


def first_contact(name: str) -> dict[str, Any]:
    """Return the command of the state that has learned a host's key."""
    connection = {key: value for key, value in CONNECTIONS[name].items() if key != "hostKey"}
    return {
        "urn": f"{URN}command:remote:Command::{name}-some-name",
        "type": "command:remote:Command",
        "parent": host(name)["urn"],
        "inputs": {"stdin": "", "triggers": ["i-0123"], "connection": secret(connection)},
        "outputs": {"stdout": f"{CONNECTIONS[name]['hostKey']} root@{name}\n"},
    }


def host(name: str) -> dict[str, Any]:
    """Return the host's component."""
    return {"urn": f"{URN}mysql-pair:index:Host::{name}", "type": "mysql-pair:index:Host"}


def user(key: str, login: Login) -> dict[str, Any]:
    """Return the component of a user."""
    return {
        "urn": f"{URN}mysql-pair:index:MySqlUser::user-{key}",
        "type": "mysql-pair:index:MySqlUser",
        "inputs": {"key": key, "name": login.user, "database": login.database},
        "outputs": {"password": secret(login.password)},
    }


def spec(key: str, login: Login) -> dict[str, Any]:
    """Return a user as the command that makes accounts is given it."""
    return {"key": key, "name": login.user, "password": login.password, "database": login.database}


REPORTS = Login("reports", "x", "10.20.0.10", 3306, None)
ACCOUNTS = json.dumps({"users": [spec("app", APP), spec("reports", REPORTS)]})
BACKUP_KEY = "Key-of-the-backups"
SET_UP = json.dumps({"backups": {"key": BACKUP_KEY, "bucket": "mysql-pair-here-backups-1a2b3c"}})
SETTINGS = {"settings": {"port": 3306}}
CA = "-----BEGIN CERTIFICATE-----\n"
COMMANDS = [
    first_contact("server"),
    command("server", "install", packed({"scripts/host/__main__.py": "text"})),
    command("server", "converge", json.dumps({"packages": ["former"]}), delete=True),
    command("server", "converge", json.dumps({"packages": ["mysql-server"], "mysql": SETTINGS})),
    command("server", "certify", json.dumps({"addresses": ["10.20.0.10"], "names": []}), {"ca_certificate": CA}),
    command("server", "accounts apply", secret(ACCOUNTS)),
    command("server", "backup set-up", secret(SET_UP)),
    command("client-1", "converge", json.dumps({"packages": ["mysql-client"]})),
    command("app-1", "install", json.dumps({})),
    command("app-1", "converge", json.dumps({"packages": []})),
    command("client-1", "check-logins", secret("{}")),
]
RESOURCES = [*map(host, ("client-1", "app-1", "server")), user("app", APP), user("reports", REPORTS), *COMMANDS]


def state(*resources: dict[str, Any]) -> dict[str, Any]:
    """Return a state with these resources."""
    return {"deployment": {"resources": list(resources)}}


PULUMI = """#!/bin/sh
# The pulumi CLI, as far as the operator's commands ask for it, on a stack in files. What all of them ask is answered
# here, within a millisecond; the rest is in Python.
fail() { echo "error: $1" >&2; exit 1; }
answer() { [ -e "$BENCH/$1" ] || fail "there is no $1"; exec cat "$BENCH/$1"; }

case "$*" in *" --path "* | "config set "* | refresh*) exec /usr/bin/python3 -IS "$BENCH/rest.py" "$@" ;; esac
printf '%s\\0' "$@" "" "\x1e" >>"$BENCH/pulumi.log"
case "$*" in *"--stack here "* | *"--stack here") ;; *) fail "no stack named 'gone' found" ;; esac
case "$1 $2" in
"stack output") answer outputs.json ;;
"stack export") answer state.json ;;
"up "*) exec sh "$BENCH/up" ;;
esac
for form in text json; do [ -e "$BENCH/config/$3.$form" ] && exec cat "$BENCH/config/$3.$form"; done
fail "configuration key '$3' not found for stack 'here'"
"""

REST = '''"""What of pulumi is asked by few: a refresh, a value that is set, an entry of a table."""
import json, os, sys

bench = os.environ["BENCH"]
argv = sys.argv[1:]
stdin = sys.stdin.read() if argv[:2] == ["config", "set"] else ""
with open(f"{bench}/pulumi.log", "a") as log:
    log.write("".join(f"{word}\\0" for word in [*argv, stdin, "\\x1e"]))

if argv[0] == "refresh":
    told = json.load(open(f"{bench}/refresh.json"))
    assert os.environ["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] == "true"
    for message in told.get("diagnostics", []):
        print(json.dumps({"diagnosticEvent": message}))
    for step in told.get("steps", []):
        print(json.dumps({"resOutputsEvent": {"metadata": step}}))
    sys.exit()

path = argv[2]
key, _, entry = path.partition(".") if "--path" in argv else (path, "", "")
table = f"{bench}/config/{key}.json"
# What is no table is forgotten, as the real one does.
entries = json.load(open(table)) if os.path.exists(table) else {}
if argv[1] == "get":
    if entry not in entries:
        sys.exit(f"error: configuration key '{path}' not found for stack 'here'")
    print(entries[entry] if isinstance(entries[entry], str) else json.dumps(entries[entry]), end="")
elif not {"--secret", "--plaintext"} & {*argv}:
    sys.exit("error: config value looks like a secret; rerun with --secret or --plaintext")
else:
    for form in ("text", "json"):
        if os.path.exists(f"{bench}/config/{key}.{form}"):
            os.remove(f"{bench}/config/{key}.{form}")
    with open(table if entry else f"{bench}/config/{key}.text", "w") as file:
        file.write(json.dumps({**entries, entry: int(stdin) if stdin.isdecimal() else stdin}) if entry else stdin)
'''

SSH = """#!/bin/sh
# ssh to a host that is this machine: the line behind -- runs here, as a user for whom `sudo` is the file `root`.
printf '%s\\n' "$@" >"$BENCH/ssh.$$"
line= command= seen=
for word; do
  case $word in
    HostKeyAlias=*) [ "${HOST-}" ] || export HOST="${word#*=}" ;;
    LocalCommand=*) command=${word#*=} ;;
  esac
  [ "$seen" ] && line=$word
  [ "$word" = -- ] && seen=1
done
[ -e "$BENCH/down.$HOST" ] && { echo "ssh: connect to host: Connection timed out" >&2; exit 255; }
if [ "$command" ]; then
  [ -e "$BENCH/forward" ] && { cat "$BENCH/forward" >&2; exit 255; }
  sh -c "$command"; exec sleep 60
fi
exec bash -c "$line"
"""

SUDO = """#!/bin/sh
# The host agent: what it reads is kept in spec.HOST, what it says is what the file diff.HOST does.
agent="-n python3 -B /usr/local/lib/mysql-pair/current"
for last; do :; done
case "$*" in
  "$agent accounts list") cat "$BENCH/list.json" ;;
  "$agent accounts diff") cat >"$BENCH/spec.accounts"; . "$BENCH/diff.accounts" ;;
  "$agent group status") . "$BENCH/group.$HOST" ;;
  "$agent group "*) echo "$HOST $last $(cat)" >>"$BENCH/changes"; . "$BENCH/group.$last" ;;
  "-n mysql "*) . "$BENCH/mysql" ;;
  "$agent diff") cat >"$BENCH/spec.$HOST"; . "$BENCH/diff.$HOST" ;;
  "$agent upgrade-check") (cat; echo) >>"$BENCH/asked.check"; . "$BENCH/upgrade-check" ;;
  "$agent upgrade") (cat; echo) >>"$BENCH/asked.$HOST"; . "$BENCH/upgrade.$HOST" ;;
  "$agent backup "*) cat >"$BENCH/spec.backup.$last"; . "$BENCH/backup.$last" ;;
  "-n zstd "*) cat "$BENCH/extract.sql" ;;
  "-n rm "*) echo "$last" >>"$BENCH/removed" ;;
  "$agent check-logins") cat >"$BENCH/spec.logins.$HOST"; . "$BENCH/logins.$HOST" ;;
  *) echo "no such command: $*" >&2; exit 1 ;;
esac
"""


class Bench:
    """A stack `here` in files, and what was asked of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {"pulumi": PULUMI, "ssh": SSH, "sudo": SUDO}.items():
            self.program(name, text)
        self.put("rest.py", REST)
        (folder / "config").mkdir()
        self.config = {"sshPrivateKey": private_key()}
        self.put("state.json", state(*RESOURCES))
        self.put("up", "exit 0\n")

    def program(self, name: str, text: str) -> None:
        """Put a program first on PATH."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def put(self, name: str, content: object) -> None:
        """Write one of the files that stand-ins answer from."""
        (self.folder / name).write_text(content if isinstance(content, str) else json.dumps(content))

    @property
    def config(self) -> dict[str, Any]:
        """The stack's config: a text is a value kept whole, a table is kept by entry."""
        files = (self.folder / "config").iterdir()
        return {
            file.stem: file.read_text() if file.suffix == ".text" else json.loads(file.read_text()) for file in files
        }

    @config.setter
    def config(self, values: dict[str, Any]) -> None:
        for file in (self.folder / "config").iterdir():
            file.unlink()
        for key, value in values.items():
            self.put(f"config/{key}.{'text' if isinstance(value, str) else 'json'}", value)

    def configure(self, **values: Any) -> None:
        """Add to the config."""
        self.config = self.config | values

    def users(self, *users: dict[str, Any]) -> None:
        """Say what accounts are on the server."""
        self.put("list.json", {"users": [account(**user) for user in users], "roles": []})

    def asked(self, *first: str) -> list[dict[str, Any]]:
        """Return the calls of pulumi that begin with these words."""
        path = self.folder / "pulumi.log"
        lines = path.read_text().split("\0\x1e\0")[:-1] if path.exists() else []
        calls = [{"argv": words[:-1], "stdin": words[-1]} for words in (line.split("\0") for line in lines)]
        return [call for call in calls if call["argv"][: len(first)] == list(first)]

    def everything_shown(self) -> str:
        """Return all argument lists that programs were started with."""
        logs = [json.dumps(call["argv"]) for call in self.asked()]
        return "\n".join([*logs, *(path.read_text() for path in self.folder.glob("ssh.*"))])

    def scripts(self, *words: str) -> int:
        """Run the command line on the stack."""
        return main(on_the_stack(*words))

    def start(self, *words: str, **streams: Any) -> subprocess.Popen[str]:
        """Start the command line on the stack as a process of its own."""
        return forked.start("scripts", *on_the_stack(*words), start_new_session=True, **streams)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command line on the stack as a process of its own."""
        return forked.run("scripts", *on_the_stack(*words), stdin=stdin)


def on_the_stack(*words: str) -> list[str]:
    """Return the words with the stack's name before the first `--`, unless they name one."""
    end = words.index("--") if "--" in words else len(words)
    stack = [] if "--stack" in words[:end] else ["--stack", STACK]
    return [*words[:end], *stack, *words[end:]]


def account(**values: Any) -> dict[str, Any]:
    """Return a user of what the agent lists."""
    key = values.get("key", "app")
    return {
        "key": key,
        "account": f"'{key}'@'10.20.0.0/16'",
        "plugin": "caching_sha2_password",
        "grants": ["ALL ON app.*"],
        "roles": [],
        "attributes": {},
        "locked": False,
        "generation": 1,
        "password_changed": "2026-01-02T03:04:05Z",
        "old_password_accepted": False,
        "comment": None,
        "beyond": [],
    } | values


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The stack, with nothing on it; temporary files of the commands are in `tmp`."""
    folder = tmp_path / "bench"
    folder.mkdir()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    for name in ("SSH_AUTH_SOCK", "PULUMI_STACK", "HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("BENCH", str(folder))
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return Bench(folder)
