"""A lab's S3 for tests: access for the test itself, and the faults that a program may have to live with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from lab.cloud.model import Bucket, RolePolicy
from lab.cloud.store import Store
from lab.machine import slots
from lab.s3 import buckets
from lab.s3.buckets import Version
from lab.s3.client import Client
from lab.s3.control import Control
from lab.s3.identities import own_keys
from lab.settings import Lab


def control(lab: Lab) -> Control:
    """Return the S3 of a lab."""
    return Control(lab.folder, slots.claim(lab))


def operator(lab: Lab, bucket: str) -> Client:
    """Return a client that may do all that a bucket's policy does not deny, as an administrator's key on AWS."""
    client = control(lab).client(Store(lab.cloud).get(Bucket, bucket).region)
    return replace(client, keys=own_keys(control(lab).paths.folder, "operator"))


def keys(lab: Lab, bucket: str, prefix: str = "") -> list[str]:
    """Return the keys of the objects in a bucket, without old versions and deleted ones."""
    return [item.key for item in versions(lab, bucket, prefix) if item.is_latest and not item.is_marker]


def versions(lab: Lab, bucket: str, prefix: str = "") -> list[Version]:
    """Return every version in a bucket, whatever its policy says."""
    region = Store(lab.cloud).get(Bucket, bucket).region
    return list(buckets.versions(control(lab).client(region), bucket, prefix))


@contextmanager
def away(lab: Lab) -> Iterator[None]:
    """Have S3 refuse connections for a while; `python -m lab s3 stop` does the same."""
    control(lab).be_away(True)
    try:
        yield
    finally:
        control(lab).be_away(False)


@contextmanager
def access_taken_away(lab: Lab) -> Iterator[None]:
    """Have no role any policy for a while; what was signed before is refused too, as on AWS."""
    store = Store(lab.cloud)
    taken = store.all(RolePolicy)
    for policy in taken:
        store.delete(policy)
    try:
        yield
    finally:
        for policy in taken:
            store.put(policy)


def flip_byte(lab: Lab, bucket: str, key: str, offset: int = 0) -> None:
    """Change one byte of an object where it lies, behind S3's back; a negative offset counts from its end."""
    path = control(lab).paths.buckets / bucket / key
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x01
    with path.open("r+b") as file:  # the same file: what S3 knows of it is in its attributes
        file.write(data)
