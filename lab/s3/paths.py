"""Where a lab's S3 has what: its folder, its address, its names on the machine."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.cloud.rules import S3_OFFSET
from lab.machine.slots import Slot
from lab.settings import RUN_FOLDER

RUN = RUN_FOLDER / "s3"
"""Locks and sockets of the services of this machine's labs, by slot; a socket's path has to be short."""

GATEWAY = "gateway"
"""Among what is served: S3 itself."""


def server_names(region: str) -> list[str]:
    """Return the names by which S3 is reached in a region."""
    return [f"s3.{region}.amazonaws.com", f"*.s3.{region}.amazonaws.com"]


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a lab's s3/ while something is made in it that there is to be one of; other processes and threads wait."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Paths:
    """The places of one lab's S3."""

    lab_folder: Path
    slot: Slot

    @property
    def folder(self) -> Path:
        """What S3 keeps, secrets and objects: the lab's s3/."""
        return self.lab_folder / "s3"

    @property
    def buckets(self) -> Path:
        """A folder a bucket, a file an object."""
        return self.folder / "buckets"

    @property
    def versions(self) -> Path:
        """The old versions of objects."""
        return self.folder / "versions"

    @property
    def stopped(self) -> Path:
        """While this file is there, S3 is away."""
        return self.folder / "stopped"

    @property
    def region(self) -> Path:
        """The region that S3 was started for last."""
        return self.folder / "region"

    @property
    def serving(self) -> Path:
        """What the service keeps running: the gateway, and the namespaces of routers with metadata, a line each."""
        return RUN / f"{self.slot.number}.serving"

    @property
    def lock(self) -> Path:
        """What the service holds as long as it lives: its process id and region."""
        return RUN / f"{self.slot.number}.lock"

    @property
    def socket(self) -> Path:
        """Where the gateway asks for identities."""
        return RUN / f"{self.slot.number}.sock"

    @property
    def log(self) -> Path:
        """What service and gateway write."""
        return self.folder / "service.log"

    @property
    def namespace(self) -> str:
        """The network namespace of the gateway."""
        return f"{self.slot.prefix}s3"

    @property
    def address(self) -> str:
        """S3's address, one of the lab's public ones."""
        return str(self.slot.public_pool[S3_OFFSET])
