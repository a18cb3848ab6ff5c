"""The pair of a lab, as its user has it: plain `pulumi`, the config file, outputs, and a shell on each host."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import yaml  # type: ignore[import-untyped]

from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.settings import Lab
from lab.testing.project import Project
from tests import PROJECT_ROOT
from tests.lab.way import state_file, version, way

LAB = f"test{os.environ.get('PYTEST_XDIST_WORKER', '').removeprefix('gw').lstrip('0')}"
"""Of the first process, or the only one, `test`, which `make test` has set up."""

ROOT = ("HOME=/root", "LANG=C.UTF-8", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
"""The environment of what is run on a host as its root."""
GONE = 255
"""What ssh says too of a host that does not run."""

_outputs: dict[str, tuple[object, dict[str, Any]]] = {}
"""By the lab's name: the version of its stack, and the outputs that it had then."""


def run(*command: str, stdin: str = "", timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run a command in the work tree, as a user would, and return what it printed: a journal is not text throughout."""
    return subprocess.run(
        command,
        cwd=PROJECT_ROOT,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        timeout=timeout,
        check=False,
    )


def lab_command(verb: str, *arguments: str, name: str = LAB) -> subprocess.CompletedProcess[str]:
    """Run `python -m lab VERB` on a lab of the tests."""
    return run(sys.executable, "-m", "lab", verb, "--lab", name, *arguments)


def removed(name: str) -> None:
    """Take a lab away without a `destroy` of its stack."""
    Lab.named(name).stack_config.unlink(missing_ok=True)
    done = lab_command("down", name=name)
    assert done.returncode == 0, done.stdout + done.stderr


def verb(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb on the lab's stack, as an operator would."""
    return run(sys.executable, "-m", "scripts", *words, "--stack", LAB)


def drift() -> tuple[int, list[dict[str, str]], list[str]]:
    """Return the exit code, the rows of drift and what could not be told."""
    done = verb("drift", "--json")
    assert done.stdout, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, report["drift"], report["unknown"]


class Pair(Project):
    """The pair of a lab that is up."""

    @contextmanager
    def config_kept(self) -> Iterator[None]:
        """Put the stack's config file back as it was; nothing is brought up."""
        before = self.lab.stack_config.read_text()
        try:
            yield
        finally:
            self.lab.stack_config.write_text(before)

    @contextmanager
    def configured(self, **values: object) -> Iterator[None]:
        """Give the stack other config values; afterwards the former ones are in its file again.

        They are brought up, unless nothing was brought up in between.
        """
        state = state_file(self.lab)
        before = state.stat().st_mtime_ns
        try:
            with self.config_kept():
                self.configure(values)
                yield
        finally:
            if state.stat().st_mtime_ns != before:
                self.up()

    def configure(self, values: Mapping[str, object], without: Sequence[str] = ()) -> None:
        """Write config values into the stack's file, and take others out."""
        document = yaml.safe_load(self.lab.stack_config.read_text())
        document["config"] |= {f"mysql-pair:{key}": value for key, value in values.items()}
        for key in without:
            document["config"].pop(f"mysql-pair:{key}", None)
        self.lab.stack_config.write_text(yaml.safe_dump(document, sort_keys=False))

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets in plain; pulumi is asked for them once for each `up`."""
        now = version(self.lab)
        if _outputs.get(self.lab.name, ((), {}))[0] != now:
            _outputs[self.lab.name] = now, super().outputs()
        return copy.deepcopy(_outputs[self.lab.name][1])

    def refused_user(self) -> tuple[dict[str, Any], str]:
        """Return attributes that config takes and this server's MySQL does not have, and the word for it.

        `mysql_native_password` is off in 8.4 and gone in 9; the privilege SET_ANY_DEFINER came with 8.2.
        """
        plugins = self.sql("select plugin_name from information_schema.plugins where plugin_status = 'ACTIVE'")
        if "mysql_native_password" in plugins.split():
            return {"grants": [{"privileges": ["SET_ANY_DEFINER"]}]}, "SET_ANY_DEFINER"
        return {"plugin": "mysql_native_password"}, "mysql_native_password"

    def planned(self) -> dict[str, str]:
        """Return what `pulumi preview` would do, by the resource's name; what stays as it is, is left out."""
        return {name: step["op"] for name, step in self._steps().items() if step["op"] not in ("same", "read")}

    def changes(self, *names: str) -> list[set[str]]:
        """Return which properties of each of these resources `pulumi preview` would change."""
        steps = self._steps()
        return [set(steps[name].get("detailedDiff") or {}) for name in names]

    def _steps(self) -> dict[str, Any]:
        done = self.pulumi("preview", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = {}
        for step in sorted(json.loads(done.stdout)["steps"], key=lambda step: step["op"] != "same"):
            found[step["urn"].split("::")[-1]] = step  # a host has its component's name: the one that changes counts
        return found

    def sql(self, statement: str) -> str:
        """Run a statement as MySQL's root, on the server, and return its rows, tabs between columns."""
        done = self.as_root("server", "mysql --batch --skip-column-names", stdin=statement)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def as_root(self, host: str, line: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a shell's line on a host as its root, past network and sshd: a login takes twenty times as long."""
        return run(*self.inside(host), "env", "-i", *ROOT, "sh", "-c", line, stdin=stdin)

    def inside(self, host: str) -> list[str]:
        """Return the words before a command that is to run on a host past its sshd."""
        store, name = Store(self.lab.cloud), f"mysql-pair-{self.lab.name}-{host}"
        plane = Plane(self.lab, store)
        named = [hosts.pid(plane.host_name(one.id)) for one in store.all(Instance) if one.tags.get("Name") == name]
        running = [pid for pid in named if pid]
        if not running:
            return ["sh", "-c", f"echo '{name} does not run' >&2; exit {GONE}"]
        return ["nsenter", f"--target={running[-1]}", "--all", "--wd"]

    def ssh(self, host: str, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on a host by the operator's ssh."""
        return run(*way(self.lab).argv(host, command), stdin=stdin)

    def start(self, host: str, command: str) -> subprocess.Popen[str]:
        """Start a command on a host, to be spoken to while it runs."""
        pipe = subprocess.PIPE
        return subprocess.Popen(way(self.lab).argv(host, [command]), stdin=pipe, stdout=pipe, text=True)

    def sessions(self, host: str) -> int:
        """Return how many logins a host's sshd has accepted since it booted, this look's own among them."""
        # --sync: this login's own line is in it too.
        look = "sudo journalctl --sync; sudo journalctl --boot --unit ssh --output cat | grep -c '^Accepted publickey'"
        return int(self.ssh(host, look).stdout)

    def scripts_ssh(self, host: str, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command on a host by `python -m scripts ssh`, for tests of what that verb itself does."""
        words = ["-m", "scripts", "ssh", host, "--stack", self.lab.name, "--", *command]
        return run(sys.executable, *words, stdin=stdin)

    def connects(self, host: str, address: str, port: int) -> bool:
        """Tell whether a TCP connection from a host opens within three seconds."""
        probe = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{address}/{port}'"
        return self.as_root(host, probe).returncode == 0


@contextmanager
def brought_up(**config: object) -> Iterator[Pair]:
    """Bring the lab up by the command that a user types, with this config besides; take it down at the block's end."""
    pair = Pair(Lab.named(LAB))
    if config:
        done = lab_command("setup")
        assert done.returncode == 0, done.stdout + done.stderr
        pair.configure(config)
    done = lab_command("up")
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield pair
    finally:
        down = lab_command("down")
        assert down.returncode == 0, down.stdout + down.stderr


def on(pair: Pair, host: str, line: str) -> None:
    """Do something on a host, as its root."""
    done = pair.as_root(host, "sh -eu", stdin=line)
    assert done.returncode == 0, done.stderr
