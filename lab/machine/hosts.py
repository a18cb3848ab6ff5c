"""Hosts: instances as containers that boot real systemd and cloud-init, supervised by podman's conmon.

A host is found again by its name alone, so whatever started it may end, or be killed, and the host runs on.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lab.cloud.store import write_atomically
from lab.machine import limits, podman
from lab.settings import RUN_FOLDER, LabError

State = Literal["running", "stopped", "gone"]
SEED = "/var/lib/cloud/seed/nocloud"
"""Where cloud-init looks for user data and metadata in the absence of a metadata service."""

OPEN_FILES = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1] % 2**64, 2**20)
"""As many as this machine lets its processes have, so that systemd in a host can give a service what its unit says."""
PRIVILEGES = (
    "--privileged",
    "--pids-limit=-1",
    f"--ulimit=nofile={OPEN_FILES}:{OPEN_FILES}",
    "--ulimit=nproc=4096:4096",
)
"""systemd, apt and nftables as on a real host, whose network is behind the router anyway; and limits that a machine
without CAP_SYS_RESOURCE and without a pids controller can give."""

TRUSTED = "/usr/local/share/ca-certificates/lab"
"""Where a host finds the authority of the lab's S3, by the name that OpenSSL has for it."""
_TRUST = f"""
for certificate in {TRUSTED}/*.crt; do
    bundle=/etc/ssl/certs/ca-certificates.crt name=${{certificate##*/}}
    grep -qF "$(sed -n 2p "$certificate")" $bundle || cat "$certificate" >>$bundle
    cp "$certificate" "/etc/ssl/certs/${{name%.crt}}.0"
done"""
"""What update-ca-certificates would do, which takes a second; it does it too when the package is upgraded."""
DEVICES = "/run/lab-devices"
"""Where a host finds the script that makes its volumes' device nodes."""
NO_PLACE = 99
"""Exit code of a host that has no such script."""
_MOUNTS = "mount --make-rshared / && mount -o remount,bind,ro /sys"
INIT = ("sh", "-c", f"{_MOUNTS} && sh {DEVICES}/make && {{ {_TRUST}\n}}; exec /sbin/init")
"""PID 1 of a host: its devices and whom it trusts are there before systemd begins. systemd itself shares the mounts of
a machine that it boots, and not those of a container; before version 254 or so it hands a service its credentials by
such a mount (src/core/mount-setup.c and execute.c of 252)."""

ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]?|[M78])?|.*\r(?!$)|\r")
"""What terminals act on, and what is written over after it (a carriage return); also the first half of one that
another process's line has torn apart."""
NOISE = re.compile(
    r"\[[ *]+\] "  # systemd's animation
    r"|(Get|Hit|Ign):\d+ |Fetched |Reading |Building dependency |\d+% \[|Progress: "  # apt's progress
    r"|\(Reading database |Selecting previously |Preparing to |Unpacking |Setting up |Processing triggers "  # dpkg's
    r"|ci-info: |<14>|.*SSH HOST KEY KEYS|(ssh-|ecdsa-)\S+ AAAA|[+|].{17,}[+|]$"  # host keys, as lists and pictures
)
"""Lines that tell nobody why a boot failed."""


@dataclass(frozen=True)
class Boot:
    """What a host is born with."""

    name: str
    """Container name and network namespace."""
    hostname: str
    private_ip: str
    image: str
    memory_mib: int
    vcpus: int
    public_keys: tuple[str, ...]
    user_data: str
    known_hosts: dict[str, str]
    """Address by name: the package mirror's and S3's, as a lab has no DNS."""
    trusted: Path
    """The certificate of an authority that it trusts."""


def launch(boot: Boot, seed: Path) -> None:
    """Start a new host, or the one of that name if a killed run left it.

    Args:
        boot: what it is born with.
        seed: a folder for its user data, metadata and /etc/hosts, kept as long as the host.

    Raises:
        LabError: podman could not start it.
    """
    if seed.exists() and state(boot.name) != "gone":
        return start(boot.name, boot.memory_mib, boot.vcpus)
    _write_seed(boot, seed)
    group = limits.make_group(boot.name, boot.memory_mib, boot.vcpus)
    file = _pid_file(boot.name)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    podman.run(
        "run",
        "--detach",
        f"--name={boot.name}",
        f"--pidfile={file}",
        f"--hostname={boot.hostname}",
        "--systemd=always",
        f"--network=ns:/run/netns/{boot.name}",
        "--tty",  # a console, on which systemd and cloud-init say what they do
        "--dns=none",
        "--no-hosts",
        f"--volume={seed / 'hosts'}:/etc/hosts",
        f"--volume={seed / 'nocloud'}:{SEED}:ro",
        f"--volume={seed / 'trusted'}:{TRUSTED}:ro",
        f"--volume={seed / 'devices'}:{DEVICES}:ro",
        *PRIVILEGES,
        "--log-driver=k8s-file",
        "--stop-timeout=30",
        *limits.flags(boot.memory_mib, boot.vcpus),
        boot.image,
        *INIT,
        group=group,
    )
    return None


def _write_seed(boot: Boot, seed: Path) -> None:
    metadata = {
        "instance-id": boot.name,
        "local-hostname": boot.hostname,
        "public-keys": list(boot.public_keys),
    }
    names = {"localhost": "127.0.0.1", boot.hostname: boot.private_ip, **boot.known_hosts}
    write_atomically(seed / "hosts", "".join(f"{address}\t{name}\n" for name, address in names.items()), mode=0o644)
    write_atomically(seed / "nocloud/meta-data", json.dumps(metadata))
    write_atomically(seed / "nocloud/vendor-data", "")
    from lab.s3.authority import openssl_hash  # with it cryptography, which only a launch needs

    certificate = boot.trusted.read_text(encoding="utf-8")
    write_atomically(seed / f"trusted/{openssl_hash(boot.trusted)}.crt", certificate, mode=0o644)
    give_user_data(seed, boot.user_data)
    give_devices(seed, devices(seed))


def give_user_data(seed: Path, user_data: str) -> None:
    """Write what cloud-init finds as user data at the next boot; it acts on it at a host's first one only."""
    write_atomically(seed / "nocloud/user-data", user_data or "#cloud-config\n{}\n")


@dataclass(frozen=True)
class Device:
    """A block device of a host, as EC2's Nitro instances name them."""

    name: str
    """"nvme1n1" for example; "nvme0n1" would be the root volume."""
    number: int
    """The device number of the machine's device behind it (st_rdev)."""
    volume_id: str

    @property
    def line(self) -> str:
        """Its line of the script."""
        serial = self.volume_id.replace("-", "")
        return f"device {self.name} {os.major(self.number)} {os.minor(self.number)} {serial} {self.volume_id}\n"

    @property
    def paths(self) -> tuple[str, str]:
        """The node and the link by which a host finds it."""
        return f"/dev/{self.name}", f"{BY_ID}{self.volume_id.replace('-', '')}"


BY_ID = "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_"
MAKE_DEVICE = f"""device() {{
    [ -e "/dev/$1" ] || mknod -m 660 "/dev/$1" b "$2" "$3"
    mkdir -p /dev/disk/by-id && ln -sfn "../../$1" "{BY_ID}$4"
}}
"""
"""What udev does on EC2."""


def devices(seed: Path) -> list[Device]:
    """Return the devices that a host has, or will have at its next boot."""
    try:
        lines = (seed / "devices/make").read_text().splitlines()
    except FileNotFoundError:
        return []
    fields = [line.split() for line in lines if line.startswith("device nvme")]
    return [Device(name, os.makedev(int(major), int(minor)), volume) for _, name, major, minor, _, volume in fields]


def give_devices(seed: Path, wanted: list[Device]) -> None:
    """Write down which devices a host has: it makes their nodes at each boot, and in `make_devices`."""
    write_atomically(seed / "devices/make", MAKE_DEVICE + "".join(device.line for device in wanted), mode=0o755)


def make_devices(name: str, gone: list[Device]) -> None:
    """Make the nodes of a running host's devices, and remove those of devices that are gone.

    Raises:
        LabError: an earlier version of the lab has launched the host, without a place for them.
    """
    paths = " ".join(path for device in gone for path in device.paths)
    script = f"[ -e {DEVICES} ] || exit {NO_PLACE}; rm -f {paths}; sh {DEVICES}/make"
    done = podman.run("exec", name, "sh", "-c", script, check=False)
    if done.returncode == NO_PLACE:
        raise LabError(
            f"{name} was launched by an earlier version of the lab, and can have no volumes: `python -m lab down`, "
            "then `python -m lab up`"
        )
    if done.returncode != 0:
        raise LabError(f"{name} could not make its devices: {done.stderr.strip()[-2000:]}")


def start(name: str, memory_mib: int, vcpus: int) -> None:
    """Boot a stopped host from its disk; nothing happens if it runs."""
    if state(name) == "stopped":
        podman.run("start", name, group=limits.make_group(name, memory_mib, vcpus))


def stop(name: str) -> None:
    """Shut a host down in an orderly way: its services get 30 s, then it is switched off."""
    podman.run("stop", name, check=False)


def crash(name: str) -> None:
    """Kill every process of a host at once, as a power cut does.

    Raises:
        LabError: it does not run.
    """
    podman.run("kill", "--signal=KILL", name)


def remove(name: str, seed: Path) -> None:
    """Take a host and its disk away; nothing happens if they are gone."""
    podman.run("kill", "--signal=KILL", name, check=False)  # `rm --time=0` came with podman 4
    podman.run("rm", "--force", "--ignore", name)
    _pid_file(name).unlink(missing_ok=True)
    limits.remove_group(name)
    shutil.rmtree(seed, ignore_errors=True)


def state(name: str) -> State:
    """Tell whether a host runs, is stopped (or crashed), or does not exist.

    Raises:
        LabError: podman could not tell; a host is not taken for gone because of that.
    """
    if _running(name):
        return "running"
    containers = json.loads(podman.run("ps", "--all", "--format=json", f"--filter=name=^{name}$").stdout)
    if not containers:
        return "gone"
    return "running" if containers[0]["State"] == "running" else "stopped"


def pid(name: str) -> int:
    """Return the machine's number of a host's PID 1; 0 if it does not run."""
    if known := _running(name):
        return known
    done = podman.run("inspect", "--format={{.State.Pid}}", name, check=False)
    return int(done.stdout.strip() or 0) if done.returncode == 0 else 0


def _pid_file(name: str) -> Path:
    return RUN_FOLDER / "hosts" / f"{name}.pid"


def _running(name: str) -> int:
    """Return the number of a host's PID 1 where it is seen to run; 0 says nothing, and podman is to be asked.

    Every preview asks for each host, and podman takes a tenth of a second for an answer.
    """
    try:
        number = int(_pid_file(name).read_text())
        # Another process that has the number now is not in the host's network.
        return number if Path(f"/proc/{number}/ns/net").samefile(f"/run/netns/{name}") else 0
    except (OSError, ValueError):
        return 0


def console(name: str, lines: int = 40) -> str:
    """Return the end of what a host wrote to its console: no colours, no progress, no host keys, no empty lines."""
    done = podman.run("logs", "--tail=2000", name, check=False)
    return plain(done.stdout + done.stderr, lines)


def plain(text: str, lines: int) -> str:
    """Return the end of what was written to a terminal, as text."""
    seen = (ESCAPES.sub("", line).strip() for line in text.split("\n"))
    return "\n".join([line for line in seen if len(line) > 1 and not NOISE.match(line)][-lines:])


def execute(name: str, *command: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run a command as root on a host, past ssh and network, and return its output and exit code."""
    return podman.run("exec", name, *command, check=False, timeout=timeout)


def check_user_data(image: str, file: Path) -> None:
    """Check a cloud-config file with the image's own cloud-init, without a network or a boot.

    Raises:
        LabError: the file does not follow cloud-init's schema; with what cloud-init says.
    """
    done = podman.run(
        "run",
        "--rm",
        "--network=none",
        *PRIVILEGES,
        f"--volume={file}:/user-data:ro",
        image,
        "cloud-init",
        "schema",
        "--config-file=/user-data",
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"{file.name}: {(done.stdout + done.stderr).strip()[-2000:]}")


def named(prefix: str) -> list[str]:
    """Return the names of all hosts that begin with a lab's prefix, running or not."""
    done = podman.run("ps", "--all", "--format={{.Names}}", f"--filter=name=^{prefix}")
    return done.stdout.split()


def require_running(name: str) -> None:
    """Raise a LabError that shows the end of the console if the host does not run."""
    if state(name) != "running":
        raise LabError(f"{name} did not boot; the end of its console:\n{console(name)}")
