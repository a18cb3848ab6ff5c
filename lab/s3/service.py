"""The process behind a lab's S3 and metadata service; it lives until `lab down`, whoever started it.

python -m lab.s3.service --lab-folder .lab/NAME --slot N --region REGION

A lab has one at most: it holds a lock in /run, by the slot's number, with its process id in it. It keeps the gateway
running in a namespace of its own, and serves metadata in the router of each VPC that there is.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from lab.cloud.store import Store, write_atomically
from lab.machine import namespaces
from lab.machine.slots import Slot
from lab.s3 import authority, build
from lab.s3.iam_server import Iam, IamServer
from lab.s3.identities import Sessions, own_keys
from lab.s3.metadata import Metadata, MetadataServer
from lab.s3.paths import GATEWAY, Paths

TURN_SECONDS = 0.2
PAUSE_SECONDS = 2.0
"""Between a gateway that ended by itself and the next one."""


class Service:
    """What the process keeps running."""

    def __init__(self, lab_folder: Path, slot: Slot, region: str) -> None:
        """Make what the gateway is started with, and answer its questions."""
        self.paths = Paths(lab_folder, slot)
        self._slot, self._region = slot, region
        store, sessions = Store(lab_folder / "cloud"), Sessions(self.paths.folder)
        self._metadata = Metadata(store, sessions)
        self._routers: dict[str, MetadataServer] = {}
        self._gateway: subprocess.Popen[bytes] | None = None
        self._not_before = 0.0
        self._told: str | None = None
        namespaces.end_processes(self.paths.namespace)  # of a service that was killed
        self._certificate, self._key = authority.issue(self.paths.folder, region)
        iam = IamServer(self.paths.socket, Iam(store, self.paths.folder, sessions))
        threading.Thread(target=iam.serve_forever, daemon=True).start()

    def turn(self) -> None:
        """Follow what has changed since the last turn: VPCs, and whether S3 is to be away."""
        prefix = f"{self._slot.prefix}vpc-"
        spaces = {name for name in namespaces.listed() if name.startswith(prefix)}
        for space in spaces - set(self._routers):
            with contextlib.suppress(OSError):  # half made, or on its way out: the next turn sees
                server = MetadataServer(space, space.removeprefix(self._slot.prefix), self._metadata)
                threading.Thread(target=server.serve_forever, daemon=True).start()
                self._routers[space] = server
        for space in set(self._routers) - spaces:
            server = self._routers.pop(space)
            server.shutdown()
            server.server_close()
        self._keep_gateway()
        serves = "\n".join([*([GATEWAY] if self._runs() else []), *sorted(self._routers)])
        if serves != self._told:
            write_atomically(self.paths.serving, serves)
            self._told = serves

    def _keep_gateway(self) -> None:
        if self.paths.stopped.exists():
            self.end_gateway()
        elif not self._runs() and time.monotonic() > self._not_before:
            self._not_before = time.monotonic() + PAUSE_SECONDS
            self._gateway = self._started()

    def _runs(self) -> bool:
        return self._gateway is not None and self._gateway.poll() is None

    def _started(self) -> subprocess.Popen[bytes]:
        # Its keys come by the environment, which root alone can read; versitygw knows no other way but arguments.
        root = own_keys(self.paths.folder, "root")
        command = [
            *("setpriv", "--pdeathsig=KILL", "nsenter", f"--net=/run/netns/{self.paths.namespace}"),
            str(build.ensure()),
            f"--port={self.paths.address}:443",
            *(f"--cert={self._certificate}", f"--key={self._key}"),
            f"--iam-standalone-endpoint={self.paths.socket}",
            f"--region={self._region}",
            f"--virtual-domain=s3.{self._region}.amazonaws.com",
            *("--keep-alive", "--quiet"),
            *("posix", f"--versioning-dir={self.paths.versions}", str(self.paths.buckets)),
        ]
        keys = {"ROOT_ACCESS_KEY_ID": root.access, "ROOT_SECRET_ACCESS_KEY": root.secret}
        return subprocess.Popen(
            command, env={"PATH": os.environ.get("PATH", os.defpath), **keys}, stdin=subprocess.DEVNULL
        )

    def end_gateway(self) -> None:
        """End the gateway, and whatever it has under way."""
        if self._gateway is not None:
            self._gateway.kill()
            self._gateway.wait()
            self._gateway = None


def main() -> None:
    """Serve until the lab ends this process, or its folder is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab-folder", type=Path, required=True)
    parser.add_argument("--slot", type=int, required=True)
    parser.add_argument("--region", required=True)
    options = parser.parse_args()
    slot = Slot(options.slot)
    paths = Paths(options.lab_folder, slot)
    with paths.lock.open("a+") as lock:
        for _ in range(20):  # who asks for the process takes the lock for a moment too
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.1)
        else:
            sys.exit("this lab has a service already")
        lock.truncate(0)
        lock.write(f"{os.getpid()} {options.region}")
        lock.flush()
        _serve(Service(options.lab_folder, slot, options.region))


def _serve(service: Service) -> None:
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - what a handler is called with
        ended.set()

    signal.signal(signal.SIGTERM, end)
    try:
        while not ended.is_set() and service.paths.folder.exists():
            service.turn()
            ended.wait(TURN_SECONDS)
    finally:
        service.end_gateway()


if __name__ == "__main__":
    main()
