"""S3 and its service over time: versions, lifecycle, an S3 that is away, a service that is killed."""

from __future__ import annotations

import datetime
import os
import signal

import pytest

from lab.cloud.rules import AwsError
from lab.s3 import buckets, lifecycle
from lab.s3.client import Client
from lab.settings import LabError
from lab.testing import s3
from lab.testing.processes import wait_for
from lab.tests.s3.site import BUCKET, REGION, Site

MONTH = 30


def put(client: Client, key: str, data: bytes = b"data") -> None:
    client.ask("PUT", f"/{BUCKET}/{key}", body=data)


def get(client: Client, key: str, **query: str) -> bytes:
    return client.ask("GET", f"/{BUCKET}/{key}", query).body


@pytest.fixture
def client(site: Site) -> Client:
    return site.control.client(REGION)


def test_an_overwritten_and_a_deleted_object_have_their_old_versions(client: Client) -> None:
    put(client, "a/b c+ä", b"first")
    put(client, "a/b c+ä", b"second")
    client.ask("DELETE", f"/{BUCKET}/a/b c+ä")
    marker, second, first = buckets.versions(client, BUCKET)
    assert marker.is_marker and marker.is_latest
    assert [get(client, "a/b c+ä", versionId=item.id) for item in (first, second)] == [b"first", b"second"]


def test_a_key_that_is_a_folder_of_another_is_refused(client: Client) -> None:
    put(client, "a")
    with pytest.raises(LabError, match="ObjectParentIsFile"):
        put(client, "a/b")


def test_a_bucket_with_an_old_version_in_it_is_not_empty(client: Client) -> None:
    put(client, "a")
    client.ask("DELETE", f"/{BUCKET}/a")
    with pytest.raises(AwsError, match="BucketNotEmpty"):
        buckets.remove(client, BUCKET, force=False)
    buckets.remove(client, BUCKET, force=True)
    buckets.remove(client, BUCKET, force=False)  # it is gone: that is no error
    assert not (client.authority.parent / "buckets" / BUCKET).exists()


def test_s3_is_away_and_back_with_all_it_had(site: Site, client: Client) -> None:
    put(client, "a", b"kept")
    with s3.away(site.world.lab), pytest.raises(LabError, match=r"does not answer .*s3 start"):
        get(client, "a")
    assert get(client, "a") == b"kept"


def test_a_service_that_is_killed_takes_the_gateway_along_and_begins_anew_with_all_it_had(
    site: Site, client: Client
) -> None:
    put(client, "a", b"kept")
    process, _ = site.control.process() or (0, "")
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: site.control.process() is None)
    site.control.resume()
    assert (site.control.process() or (0, ""))[0] not in (0, process)
    assert get(client, "a") == b"kept"


def test_a_flipped_byte_is_what_a_reader_gets(site: Site, client: Client) -> None:
    put(client, "a", b"\x00\x00")
    s3.flip_byte(site.world.lab, BUCKET, "a", -1)
    assert get(client, "a") == b"\x00\x01"


def test_midnight_does_what_the_rules_say(client: Client) -> None:
    put(client, "mine/a", b"first")
    put(client, "mine/a", b"second")
    put(client, "others/a")
    upload = client.ask("POST", f"/{BUCKET}/mine/big", {"uploads": ""}).xml.findtext("UploadId")
    rule = {
        "id": "old",
        "status": "Enabled",
        "filter": {"prefix": "mine/"},
        "expiration": {"days": 7},
        "noncurrentVersionExpiration": {"noncurrentDays": 1},
        "abortIncompleteMultipartUpload": {"daysAfterInitiation": 2},
    }
    now = datetime.datetime.now(datetime.UTC)
    assert lifecycle.apply(client, BUCKET, [rule], True, now) == []
    assert [item.id for item in buckets.uploads(client, BUCKET)] == [upload]
    done = lifecycle.apply(client, BUCKET, [rule], True, lifecycle.midnight(MONTH))
    assert [(step.does, step.version.is_latest) for step in done] == [("hide", True), ("delete", False)]
    assert buckets.uploads(client, BUCKET) == []
    left = [(item.key, item.is_marker) for item in buckets.versions(client, BUCKET)]
    assert left == [("mine/a", True), ("mine/a", False), ("others/a", False)]
