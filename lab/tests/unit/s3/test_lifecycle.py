"""Which versions a midnight ends: days count from creation, or from when a version became old, up to a midnight."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from lab.s3 import lifecycle
from lab.s3.buckets import Version


def version(key: str, day: int, latest: bool = True, marker: bool = False) -> Version:
    """Return a version of 10:30 on a day of December."""
    return Version(key, f"{key}{day}", latest, marker, f"2026-12-{day:02d}T10:30:00Z", 4)


def ended(rule: dict[str, Any], day: int, *versions: Version, versioned: bool = True) -> list[str]:
    rules = [{"status": "Enabled", **rule}]
    now = datetime.datetime(2026, 12, day, tzinfo=datetime.UTC)
    return [f"{step.does} {step.version.id}" for step in lifecycle.steps(rules, versions, versioned, now)]


@pytest.mark.parametrize(("day", "gone"), [(8, False), (9, True), (20, True)])
def test_an_object_ends_at_the_midnight_after_its_days(day: int, gone: bool) -> None:
    rule = {"expiration": {"days": 7}}
    assert ended(rule, day, version("a", 1)) == (["hide a1"] if gone else [])
    assert ended(rule, day, version("a", 1), versioned=False) == (["delete a1"] if gone else [])


def test_a_rule_is_for_its_prefix_and_while_it_is_enabled() -> None:
    rule = {"expiration": {"days": 7}, "filter": {"prefix": "a/"}}
    assert ended(rule, 20, version("a/x", 1), version("b/x", 1)) == ["hide a/x1"]
    assert ended({**rule, "status": "Disabled"}, 20, version("a/x", 1)) == []


def test_an_old_version_ends_by_when_it_became_old() -> None:
    rule = {"noncurrentVersionExpiration": {"noncurrentDays": 1}}
    versions = version("a", 10), version("a", 1, latest=False)
    assert ended(rule, 11, *versions) == []
    assert ended(rule, 12, *versions) == ["delete a1"]
    rule = {"noncurrentVersionExpiration": {"noncurrentDays": 1, "newerNoncurrentVersions": 1}}
    assert ended(rule, 20, *versions) == []
    between = version("a", 5, latest=False)
    assert ended(rule, 20, versions[0], between, versions[1]) == ["delete a1"]


def test_a_mark_of_deletion_goes_when_nothing_is_behind_it() -> None:
    mark = version("a", 2, marker=True)
    assert ended({"expiration": {"expiredObjectDeleteMarker": True}}, 3, mark) == ["delete a2"]
    assert ended({"expiration": {"days": 7}}, 3, mark) == []
    assert ended({"expiration": {"days": 7}}, 10, mark) == ["delete a2"]
    assert ended({"expiration": {"days": 7}}, 20, mark, version("a", 1, latest=False)) == []
