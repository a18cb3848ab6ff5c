"""The stack of a lab: what `python -m lab setup`, `up`, `preview` and `down` do."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from lab import project_config
from lab.cloud import checkpoint
from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.engine.stack_file import ensure_stack
from lab.machine import hosts, image, internet, slots
from lab.machine.plane import Plane
from lab.s3 import build
from lab.s3.control import Control
from lab.settings import Lab, LabError

console = Console(highlight=False, soft_wrap=True)


@contextmanager
def in_use(lab: Lab) -> Iterator[None]:
    """Hold the lab for one run; the hold ends with the process, however that ends.

    Raises:
        LabError: another run holds it.
    """
    lab.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lab.folder.chmod(0o700)
    holder = lab.folder / "run.lock"
    with holder.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise LabError(
                f"lab {lab.name} is in use by process {lock.read().strip() or '?'}: wait for it to end, "
                "or use another lab (`--lab lab2`)"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        # The lock is not inherited by pulumi and podman: a run that is killed frees the lab at once.
        yield


def prepare(lab: Lab) -> None:
    """Make everything `pulumi` needs to work on this lab; what exists already is kept.

    Raises:
        LabError: no engine, no image, or a fault of Pulumi.lab.yaml or of this machine, with a hint.
    """
    with ThreadPoolExecutor() as beside:  # an engine takes minutes to build, most of them on all cores
        engine = beside.submit(ensure_engine)
        image.ensure_image(console.print)
    environment.prepare(lab, engine.result())
    build.prepare()
    slot = slots.claim(lab)
    internet.fence(slot, [slot.vpc_cidr])
    Control(lab.folder, slot).resume()
    ensure_stack(lab, project_config.read(lab, project_config.facts(lab, slot)))


def setup(lab: Lab) -> None:
    """Prepare a lab, and start nothing on it."""
    with in_use(lab):
        prepare(lab)


def _pulumi(lab: Lab, *arguments: str) -> int:
    command = ["pulumi", *arguments, "--stack", lab.name]
    return subprocess.run(command, cwd=lab.project, env=environment.variables(lab), check=False).returncode


def up(lab: Lab) -> int:
    """Bring the stack up, and return pulumi's exit code."""
    with in_use(lab):
        began = time.monotonic()
        prepare(lab)
        _free_stack(lab)
        prepared = time.monotonic()
        code = _pulumi(lab, "up", "--yes", "--skip-preview")
        ended = time.monotonic()
        if code != 0:
            show_consoles(lab)
            return code
        _tell_what_next(lab)
        console.print(f"[dim]setup {prepared - began:.0f} s, pulumi up {ended - prepared:.0f} s[/dim]")
        return 0


def preview(lab: Lab) -> int:
    """Show what `up` would change, and return pulumi's exit code."""
    with in_use(lab):
        prepare(lab)
        _free_stack(lab)
        return _pulumi(lab, "preview", "--diff")


def down(lab: Lab, force: bool = False) -> None:
    """Destroy the stack in the engine's order, then take away whatever the lab still has on this machine.

    The second step needs neither stack nor records, so a lab in any state ends clean.

    Raises:
        LabError: the stack has protected resources, and nothing was touched; `force` takes them away all the same.
    """
    if not lab.folder.exists() and slots.find(lab) is None:
        console.print(f"lab {lab.name}: nothing is up")
        return
    with in_use(lab):
        if lab.environment_file.exists() and lab.stack_config.exists():
            _free_stack(lab)
            if (names := checkpoint.protected(lab, environment.project_name(lab))) and not force:
                raise LabError(
                    f"stack {lab.name} has protected resources ({', '.join(names)}), and nothing was touched: take "
                    f"their protection off and `{lab.command('up')}`, or `{lab.command('down')} --force`"
                )
            code = _pulumi(lab, "destroy", "--yes", "--skip-preview")
            if code != 0:
                console.print(f"pulumi destroy ended with {code}: removing what is left by force")
        Plane(lab, Store(lab.cloud)).tear_down()
        if not slots.REGISTRY.exists() or not list(slots.REGISTRY.glob("[0-9]*")):
            internet.restore_forwarding()
        shutil.rmtree(lab.folder, ignore_errors=True)
    console.print(f"lab {lab.name} is down: no host, namespace, mount or container of it is left")


def _free_stack(lab: Lab) -> None:
    """Take a lock off the stack whose holder was killed: this run holds the lab, so only plain `pulumi` may be alive.

    Raises:
        LabError: a live process holds the stack.
    """
    for path in (lab.backend / ".pulumi" / "locks").rglob("*.json"):
        holder = json.loads(path.read_text())
        if holder.get("hostname") == socket.gethostname() and not _runs(holder.get("pid")):
            path.unlink(missing_ok=True)
        else:
            raise LabError(
                f"stack {lab.name} is in use by pulumi, process {holder.get('pid')}: wait for it to end, "
                "or end it with `pulumi cancel`"
            )


def _runs(pid: object) -> bool:
    """Tell whether a process runs; a killed one that nobody has waited for yet does not (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _last_changes(lab: Lab) -> set[str]:
    """Return which kinds of change the stack's last update made, from the lab's own backend."""
    updates = (lab.backend / ".pulumi" / "history").rglob("*.history.json")
    last = max(updates, key=lambda path: path.stat().st_mtime)
    return set(json.loads(last.read_text()).get("resourceChanges") or {})


def _tell_what_next(lab: Lab) -> None:
    if _last_changes(lab) <= {"same"}:
        console.print("\nNothing changed: the stack is as the program says.")
    console.print(
        f"\n[bold]Stack {lab.name} of project {environment.project_name(lab)} is up.[/bold]\n"
        f'  plain pulumi          eval "$({lab.command("env")})"; pulumi stack output\n'
        f"  hosts and addresses   {lab.command('status')}\n"
        f"  what would change     {lab.command('preview')}\n"
        f"  an end                {lab.command('down')}"
    )


def show_consoles(lab: Lab) -> None:
    """Show the end of the console of each host that does not run or whose cloud-init did not end well."""
    store = Store(lab.cloud)
    plane = Plane(lab, store)
    for instance in store.all(Instance):
        name = plane.host_name(instance.id)
        host = instance.tags.get("Name", instance.id)
        if hosts.state(name) != "running":
            console.print(f"\n[bold]{host} does not run; the end of its console:[/bold]")
        elif "status: done" not in _boot_status(name):
            console.print(f"\n[bold]{host} did not finish its first boot; the end of its console:[/bold]")
        else:
            continue
        console.print(hosts.console(name), markup=False)


def _boot_status(name: str) -> str:
    try:
        return hosts.execute(name, "cloud-init", "status", timeout=20).stdout
    except LabError as error:
        return str(error)
