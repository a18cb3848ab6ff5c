"""backups/spec.py: what is refused before anything happens, and that no key is repeated."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scripts.host.backups.spec import BackupSpec, ExtractSpec, RepositorySpec, RestoreSpec, SetUpSpec
from scripts.host.common import codec

KEY = "a-key-of-enough-characters"
BACKUPS = BackupSpec(key=KEY, bucket="my-backups", prefix="mysql-pair/prod", region="eu-central-1")
SOURCE = BACKUPS.repository


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bucket": "My_Bucket"}, "bucket"),
        ({"bucket": "a..b"}, "bucket"),
        ({"bucket": ""}, "prefix"),
        ({"prefix": "/var/backups"}, "prefix"),
        ({"prefix": "a/../b c"}, "prefix"),
        ({"prefix": "a/"}, "prefix"),
        ({"region": "Frankfurt"}, "region"),
        ({"endpoint": "s3.example.com"}, "endpoint"),
        ({"key": "short"}, "key"),
        ({"key": "words with blanks in them"}, "key"),
        ({"base_schedule": "daily\nOnBootSec=1"}, "base_schedule"),
        ({"retention_days": 0}, "retention_days"),
    ],
)
def test_a_fault_names_its_field_and_never_the_key(changes: dict[str, object], field: str) -> None:
    faults = list(codec.faults_of(replace(BACKUPS, **changes)))  # type: ignore[arg-type]
    assert [fault.field for fault in faults] == [field]
    assert str(changes.get("key")) not in str(faults[0])


def test_a_sound_spec_has_no_fault_and_comes_back_from_json() -> None:
    assert list(codec.faults_of(BACKUPS)) == []
    assert list(codec.faults_of(replace(BACKUPS, bucket="", prefix="/var/backups", region=""))) == []
    assert codec.decode(SetUpSpec, codec.encode(SetUpSpec(BACKUPS))) == SetUpSpec(BACKUPS)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (RestoreSpec(SOURCE, at="yesterday"), "at"),
        (RestoreSpec(SOURCE, at="2026-12-01 10:30:00"), "at"),
        (RestoreSpec(SOURCE, base="2026-12-01"), "base"),
        (RestoreSpec(SOURCE, gtid="3"), "gtid"),
        (RestoreSpec(SOURCE, at="2026-12-01T10:30:00Z", gtid="97b64900-ebe0-11f1-bdda-6e8c315f54a6:3"), "gtid"),
        (ExtractSpec(databases=("a", "b"), tables=("t",)), "tables"),
    ],
)
def test_a_moment_that_cannot_be_understood_is_refused(spec: RestoreSpec | ExtractSpec, field: str) -> None:
    assert [fault.field for fault in codec.faults_of(spec)] == [field]


def test_a_key_is_in_no_text_of_a_spec() -> None:
    assert KEY not in repr(SetUpSpec(BACKUPS)) + repr(RestoreSpec(SOURCE))
    assert KEY not in codec.encode(RestoreSpec(SOURCE).without_key())
    assert isinstance(SOURCE, RepositorySpec)
