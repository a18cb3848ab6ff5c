"""The stack of a lab: what `make up`, `make preview` and `make down` do."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from rich.console import Console

from lab.cloud.model import Instance
from lab.cloud.store import Store, write_atomically
from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.machine import hosts, image, network, slots
from lab.machine.plane import Plane
from lab.settings import PROJECT_ROOT, Lab, LabError

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
                "or use another lab (`make up LAB=lab2`)"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        # The lock is not inherited by pulumi and podman: a run that is killed frees the lab at once.
        yield


def prepare(lab: Lab) -> None:
    """Make everything `pulumi` needs to work on this lab; what is there already is kept.

    Raises:
        LabError: no engine, no image, or a fault of this machine, with how to mend it.
    """
    environment.prepare(lab, ensure_engine())
    image.ensure_image(console.print)
    slot = slots.claim(lab)
    network.fence(slot, [slot.vpc_cidr])
    private, public = _operator_key(lab)
    values = {
        "vpcCidr": slot.vpc_cidr,
        "operatorCidrs": json.dumps([f"{slot.machine_address}/32"]),
        "sshPublicKey": public,
    }
    environment.ensure_stack(lab, values, {"sshPrivateKey": private})


def setup(lab: Lab) -> None:
    """Prepare a lab, and start nothing on it."""
    with in_use(lab):
        prepare(lab)


def _operator_key(lab: Lab) -> tuple[str, str]:
    """Return the lab's own ssh key, private and public, made at the first call and kept with its secrets."""
    path = lab.folder / "operator-key"
    if not path.exists():
        made = Ed25519PrivateKey.generate()
        write_atomically(
            path, made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), mode=0o600
        )
        public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        write_atomically(path.with_suffix(".pub"), f"{public} {lab.name}\n")
    return path.read_text(), path.with_suffix(".pub").read_text().strip()


def _pulumi(lab: Lab, *arguments: str) -> int:
    command = ["pulumi", *arguments, "--stack", lab.name]
    return subprocess.run(command, cwd=PROJECT_ROOT, env=environment.variables(lab), check=False).returncode


def up(lab: Lab) -> int:
    """Bring the pair up, and return pulumi's exit code."""
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
        _tell_how_to_connect(lab)
        console.print(f"[dim]setup {prepared - began:.0f} s, pulumi up {ended - prepared:.0f} s[/dim]")
        return 0


def preview(lab: Lab) -> int:
    """Show what `up` would change, and return pulumi's exit code."""
    with in_use(lab):
        prepare(lab)
        _free_stack(lab)
        return _pulumi(lab, "preview", "--diff")


def down(lab: Lab) -> None:
    """Destroy the stack in the engine's order, then take away whatever the lab still has on this machine.

    The second step needs neither stack nor records, so a lab in any state ends clean.
    """
    if not lab.folder.exists() and slots.find(lab) is None:
        console.print(f"lab {lab.name}: nothing is up")
        return
    with in_use(lab):
        if lab.environment_file.exists() and lab.stack_config.exists():
            _free_stack(lab)
            code = _pulumi(lab, "destroy", "--yes", "--skip-preview")
            if code != 0:
                console.print(f"pulumi destroy ended with {code}: removing what is left by force")
        Plane(lab, Store(lab.cloud)).tear_down()
        if not slots.REGISTRY.exists() or not list(slots.REGISTRY.glob("[0-9]*")):
            network.restore_forwarding()
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


def _tell_how_to_connect(lab: Lab) -> None:
    if _last_changes(lab) <= {"same"}:
        console.print("\nNothing changed: the pair is as the program says.")
    option = "" if lab.name == "lab" else f" --stack {lab.name}"
    lab_option = "" if lab.name == "lab" else f" --lab {lab.name}"
    console.print(
        "\n[bold]The pair is up.[/bold]\n"
        f"  a shell on the server     .venv/bin/python -m scripts ssh server{option}\n"
        f"  a shell on the client     .venv/bin/python -m scripts ssh client-1{option}\n"
        f'  plain pulumi              eval "$(.venv/bin/python -m lab env{lab_option})"; pulumi stack output\n'
        "  the connection string     … pulumi stack output connection_string --show-secrets\n"
        f"  hosts and addresses       make status   what would change   make preview   an end   make down"
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
