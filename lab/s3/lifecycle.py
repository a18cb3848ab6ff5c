"""What S3 does at midnight: a bucket's lifecycle rules to its objects, old versions and unfinished uploads.

Source: Amazon S3 User Guide, "Managing the lifecycle of objects", "Lifecycle configuration elements": days are counted
from an object's creation, or from when a version became an old one, and rounded up to the next midnight UTC.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lab.s3 import buckets
from lab.s3.buckets import Version
from lab.s3.client import Client

DAY = datetime.timedelta(days=1)
Rule = dict[str, Any]
Moment = datetime.datetime


@dataclass(frozen=True)
class Step:
    """One thing that midnight does: hides an object behind a mark, or deletes a version for good."""

    does: Literal["hide", "delete"]
    version: Version


def moment(text: str) -> Moment:
    """Return a time as S3 writes it."""
    return datetime.datetime.fromisoformat(text)


def midnight(days: int = 0) -> Moment:
    """Return the midnight that comes next, or one of those after it."""
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + (days + 1) * DAY


def _due(since: Moment, days: int, now: Moment) -> bool:
    late = since + days * DAY
    whole = late.replace(hour=0, minute=0, second=0, microsecond=0)
    return now >= (whole if whole == late else whole + DAY)


def _prefix(rule: Rule) -> str:
    return str(rule.get("filter", {}).get("prefix") or rule.get("prefix") or "")


def steps(rules: Iterable[Rule], versions: Iterable[Version], versioned: bool, now: Moment) -> Iterator[Step]:
    """Yield what a midnight does to a bucket's versions.

    Args:
        rules: of the bucket.
        versions: all in it, the newest of a key first.
        versioned: whether it keeps old versions.
        now: the midnight.
    """
    by_key: dict[str, list[Version]] = defaultdict(list)
    for version in versions:
        by_key[version.key].append(version)
    active = [rule for rule in rules if rule["status"] == "Enabled"]
    for key, of_key in by_key.items():
        done = {item for rule in active if key.startswith(_prefix(rule)) for item in _of_key(rule, of_key, now)}
        for version in of_key:
            if version in done:
                hides = version.is_latest and not version.is_marker and versioned
                yield Step("hide" if hides else "delete", version)


def _of_key(rule: Rule, versions: list[Version], now: Moment) -> Iterator[Version]:
    """Yield the versions of one key that a rule ends."""
    newest, *old = versions
    expiration, noncurrent = rule.get("expiration", {}), rule.get("noncurrentVersionExpiration", {})
    aged = "days" in expiration and _due(moment(newest.modified), expiration["days"], now)
    aged = aged or ("date" in expiration and now >= moment(expiration["date"]))
    lonely = newest.is_marker and not old
    if (lonely and (aged or expiration.get("expiredObjectDeleteMarker"))) or (aged and not newest.is_marker):
        yield newest
    if "noncurrentDays" in noncurrent:
        kept = int(noncurrent.get("newerNoncurrentVersions") or 0)
        for successor, version in list(zip(versions, old, strict=False))[kept:]:
            if _due(moment(successor.modified), noncurrent["noncurrentDays"], now):
                yield version


def apply(client: Client, bucket: str, rules: list[Rule], versioned: bool, now: Moment) -> list[Step]:
    """Do to a bucket what a midnight does, and return it."""
    taken = list(steps(rules, buckets.versions(client, bucket), versioned, now))
    for step in taken:
        if step.does == "hide":
            client.ask("DELETE", f"/{bucket}/{step.version.key}")
        else:
            buckets.delete(client, bucket, step.version)
    for upload in buckets.uploads(client, bucket):
        days = [
            rule["abortIncompleteMultipartUpload"]["daysAfterInitiation"]
            for rule in rules
            if rule["status"] == "Enabled"
            and "abortIncompleteMultipartUpload" in rule
            and upload.key.startswith(_prefix(rule))
        ]
        if any(_due(moment(upload.initiated), item, now) for item in days):
            buckets.abort(client, bucket, upload)
    return taken
