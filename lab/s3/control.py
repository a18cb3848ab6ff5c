"""A lab's S3 from outside: started where something needs it, found again by its lock, ended by `lab down`."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lab.cloud.store import write_atomically
from lab.machine import namespaces, netlink
from lab.machine.internet import keep_inside
from lab.machine.links import index_of, remove_link, sysctl, uplink_name
from lab.machine.slots import Slot
from lab.s3 import build
from lab.s3.client import Client
from lab.s3.identities import own_keys
from lab.s3.paths import GATEWAY, RUN, Paths
from lab.settings import LabError

START_SECONDS = 40
LINK = "eth0"
ONLINK = 4
"""RTNH_F_ONLINK: see lab.machine.network."""
SOURCE = Path(__file__).parents[2]
"""The folder that the package lab is in."""
KEPT = ("PATH", "HOME", "XDG_CACHE_HOME", "LANG")
"""Of the environment of whoever starts the service."""


class Control:
    """The S3 of one lab."""

    def __init__(self, lab_folder: Path, slot: Slot) -> None:
        """Start nothing."""
        self.paths = Paths(lab_folder, slot)

    def prepare(self) -> Path:
        """Return the certificate of the authority that hosts are to trust, made at the first call."""
        from lab.s3 import authority  # with it cryptography, which most processes of a lab do without

        return authority.ensure(self.paths.folder)

    def client(self, region: str) -> Client:
        """Return a client that may do everything, whatever the policies say."""
        keys = own_keys(self.paths.folder, "root")
        return Client(self.paths.address, region, keys, self.prepare())

    def ensure(self, region: str) -> None:
        """Have service and gateway run, and metadata served in every router there is.

        Raises:
            LabError: the server could not be built, or did not begin to serve in time; with the end of its log.
        """
        if (known := self.process()) and known[1] == region and self._serves():
            return
        build.ensure()
        self.prepare()
        for folder in (self.paths.buckets, self.paths.versions, RUN):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (RUN / f"{self.paths.slot.number}.starting").open("w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if (known := self.process()) and known[1] != region:
                self._end(known[0])
            self._lay_network()
            if not self.process():
                self._start(region)
            self._wait(region)
            write_atomically(self.paths.region, region)

    def resume(self) -> None:
        """Have S3 run if it ever did, as after a reboot of the machine.

        Raises:
            LabError: it does not begin to serve.
        """
        if self.paths.region.exists():
            self.ensure(self.paths.region.read_text(encoding="utf-8"))

    def stop(self) -> None:
        """End the service and all that it started; nothing happens if it does not run."""
        if known := self.process():
            self._end(known[0])
        namespaces.end_processes(self.paths.namespace)
        with contextlib.suppress(OSError):
            for path in RUN.glob(f"{self.paths.slot.number}.*"):
                path.unlink(missing_ok=True)

    def be_away(self, away: bool) -> None:
        """Have S3 refuse connections, or serve again; metadata stays.

        Raises:
            LabError: nothing of the stack uses S3.
        """
        if not self.paths.region.exists():
            raise LabError("there is no S3: the stack has no bucket and no instance with a profile")
        if away:
            self.paths.stopped.touch()
        else:
            self.paths.stopped.unlink(missing_ok=True)
            self.resume()
        deadline = time.monotonic() + START_SECONDS
        while self._answers() == away:
            if time.monotonic() > deadline:
                raise LabError(f"S3 did not {'end' if away else 'begin to serve'}; see {self.paths.log}")
            time.sleep(0.1)

    def process(self) -> tuple[int, str] | None:
        """Return process id and region of the service that runs."""
        try:
            with self.paths.lock.open("a+") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return self._holder()
        except FileNotFoundError:
            pass
        return None

    def _holder(self) -> tuple[int, str] | None:
        deadline = time.monotonic() + 5
        while len(words := self.paths.lock.read_text().split()) != 2 and time.monotonic() < deadline:
            time.sleep(0.02)  # it writes at once after it has taken the lock
        return (int(words[0]), words[1]) if len(words) == 2 else None

    def _start(self, region: str) -> None:
        command = [
            *(sys.executable, "-m", "lab.s3.service"),
            f"--lab-folder={self.paths.lab_folder}",
            f"--slot={self.paths.slot.number}",
            f"--region={region}",
        ]
        path = f"{SOURCE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        self.paths.serving.unlink(missing_ok=True)
        with self.paths.log.open("ab") as log:
            subprocess.Popen(
                command,
                cwd="/",
                env={name: os.environ[name] for name in KEPT if name in os.environ} | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _end(self, process: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while self.process():
            if time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)

    def _wait(self, region: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._serves():
            if time.monotonic() > deadline:
                tail = self.paths.log.read_text(errors="replace")[-2000:]
                raise LabError(f"the S3 of {region} did not begin to serve; the end of {self.paths.log}:\n{tail}")
            time.sleep(0.05)

    def _serves(self) -> bool:
        routers = {name for name in namespaces.listed() if name.startswith(f"{self.paths.slot.prefix}vpc-")}
        served = set(self.paths.serving.read_text().split()) if self.paths.serving.exists() else set()
        gateway = self.paths.stopped.exists() or (GATEWAY in served and self._answers())
        return routers <= served and self.paths.serving.exists() and gateway

    def _answers(self) -> bool:
        return Client.answers(self.paths.address)

    def _lay_network(self) -> None:
        """Give the gateway a namespace, and a link to the machine, which is the internet."""
        slot, space, name = self.paths.slot, self.paths.namespace, uplink_name(self.paths.slot, "s3")
        namespaces.create(space)
        keep_inside(slot)
        with netlink.routes() as machine, namespaces.inside(space) as inside:
            if index_of(machine, name) is None or index_of(inside, LINK) is None:
                remove_link(machine, name)
                remove_link(inside, LINK)
                machine.link("add", ifname=name, kind="veth", peer={"ifname": LINK, "net_ns_fd": space})
            outer, inner = index_of(machine, name), index_of(inside, LINK)
            machine.addr("replace", index=outer, address=str(slot.machine_address), prefixlen=32)
            machine.link("set", index=outer, state="up")
            sysctl("", **{f"conf__{name}__forwarding": 1, f"conf__{name}__send_redirects": 0})
            inside.link("set", index=index_of(inside, "lo"), state="up")
            inside.addr("replace", index=inner, address=self.paths.address, prefixlen=32)
            inside.link("set", index=inner, state="up")
            inside.route("replace", dst="0.0.0.0/0", gateway=str(slot.machine_address), oif=inner, flags=ONLINK)
            machine.route(
                "replace",
                dst=f"{self.paths.address}/32",
                gateway=self.paths.address,
                oif=outer,
                flags=ONLINK,
                prefsrc=str(slot.machine_address),
            )
