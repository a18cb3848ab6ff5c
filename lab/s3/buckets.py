"""What the lab itself does to buckets, past every policy: makes them, empties them, lets their lifecycle pass."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

from lab.cloud.rules import AwsError
from lab.s3.client import GONE, Client, S3Error


@dataclass(frozen=True)
class Version:
    """A version of an object, or the mark of its deletion."""

    key: str
    id: str
    is_latest: bool
    is_marker: bool
    modified: str
    """As S3 writes it: 2026-12-01T10:30:00.000Z."""
    size: int


@dataclass(frozen=True)
class Upload:
    """An upload in parts that has not ended."""

    key: str
    id: str
    initiated: str


def make(client: Client, name: str) -> None:
    """Make a bucket; nothing happens if it is there."""
    location = f"<CreateBucketConfiguration><LocationConstraint>{client.region}</LocationConstraint>"
    body = "" if client.region == "us-east-1" else f"{location}</CreateBucketConfiguration>"
    try:
        client.ask("PUT", f"/{name}", body=body.encode())
    except S3Error as refusal:
        if refusal.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise


def set_versioning(client: Client, name: str, status: str) -> None:
    """Have a bucket keep old versions from now on (Enabled), or no more (Suspended)."""
    body = f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>"
    client.ask("PUT", f"/{name}", {"versioning": ""}, body.encode())


def remove(client: Client, name: str, force: bool) -> None:
    """Delete a bucket; nothing happens if it is gone.

    Raises:
        AwsError: BucketNotEmpty, unless `force` deletes every version in it too.
    """
    try:
        for version in versions(client, name):
            if not force:
                raise AwsError(
                    "BucketNotEmpty",
                    "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
                )
            delete(client, name, version)
        for upload in uploads(client, name):
            abort(client, name, upload)
        client.ask("DELETE", f"/{name}")
    except S3Error as refusal:
        if refusal.code not in GONE:
            raise


def delete(client: Client, bucket: str, version: Version) -> None:
    """Delete one version of an object for good."""
    client.ask("DELETE", f"/{bucket}/{version.key}", {"versionId": version.id})


def versions(client: Client, bucket: str, prefix: str = "") -> Iterator[Version]:
    """Yield every version in a bucket, the newest of a key first."""
    query = {"versions": "", "prefix": prefix}
    while True:
        page = client.ask("GET", f"/{bucket}", query).xml
        for element in page:
            if element.tag in ("Version", "DeleteMarker"):
                yield _version(element)
        if page.findtext("IsTruncated") != "true":
            return
        query |= {
            "key-marker": page.findtext("NextKeyMarker", ""),
            "version-id-marker": page.findtext("NextVersionIdMarker", ""),
        }


def _version(element: ElementTree.Element) -> Version:
    return Version(
        element.findtext("Key", ""),
        element.findtext("VersionId", ""),
        element.findtext("IsLatest") == "true",
        element.tag == "DeleteMarker",
        element.findtext("LastModified", ""),
        int(element.findtext("Size", "0")),
    )


def uploads(client: Client, bucket: str) -> list[Upload]:
    """Return the uploads in parts that have not ended."""
    page = client.ask("GET", f"/{bucket}", {"uploads": ""}).xml
    return [
        Upload(item.findtext("Key", ""), item.findtext("UploadId", ""), item.findtext("Initiated", ""))
        for item in page.iter("Upload")
    ]


def abort(client: Client, bucket: str, upload: Upload) -> None:
    """End an upload in parts, and forget its parts."""
    client.ask("DELETE", f"/{bucket}/{upload.key}", {"uploadId": upload.id})
