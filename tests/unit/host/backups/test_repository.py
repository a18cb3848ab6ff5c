"""backups/repository.py: what rclone is told, where the key is, and what its errors mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.backups import repository
from scripts.host.backups.repository import UnreadableError
from scripts.host.backups.spec import RepositorySpec
from scripts.host.common.errors import HostError
from tests.unit.host.stand_ins import Bench

SPEC = RepositorySpec("a-key-of-enough-characters", "my.bucket", "pair/prod", "eu-central-1")


def test_s3_is_used_with_the_instances_role_and_the_bucket_in_the_path() -> None:
    text = repository.configuration(SPEC, "obscured")
    assert "endpoint = https://s3.eu-central-1.amazonaws.com" in text
    assert "env_auth = true" in text and "force_path_style = true" in text
    assert "remote = store:my.bucket/pair/prod" in text
    assert "access_key" not in text
    assert "acl = bucket-owner-full-control" in text, "rclone 1.60 would send another one"


def test_a_folder_of_the_host_and_another_s3_follow_from_the_spec() -> None:
    folder = repository.configuration(RepositorySpec("k" * 16, "", "/srv/r", ""), "obscured")
    assert "remote = /srv/r" in folder and "s3" not in folder
    other = RepositorySpec("k" * 16, "b-1", "p", "eu-central-1", "https://s3.example.com:7000")
    assert "endpoint = https://s3.example.com:7000" in repository.configuration(other, "")
    assert "amazonaws.com.cn" in repository.configuration(RepositorySpec("k" * 16, "b-1", "p", "cn-north-1"), "")


def test_the_key_is_in_no_argument_and_in_no_file_afterwards(bench: Bench, state_folder: Path) -> None:
    bench.stand_in("rclone", "[ $1 != obscure ] || { read -r key; echo for-$key; }")
    with repository.opened(SPEC) as repo:
        config = Path(repo.argv()[1].partition("=")[2])
        assert config.stat().st_mode & 0o777 == 0o600
        assert "password = for-a-key-of-enough-characters" in config.read_text()
        repo.write("bases/x", "text")
    assert not list(state_folder.rglob("rclone*"))
    assert SPEC.key not in "".join(bench.calls())


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (
            "2026/11/29 10:53:43 ERROR : 20261129T105139Z/manifest.json: Failed to copy: failed to authenticate "
            "decrypted block - bad password?",
            UnreadableError,
            "this key does not open 20261129T105139Z/manifest.json",
        ),
        (
            "ERROR : 20261129T180646Z/manifest.json: Failed to copy: unexpected EOF",
            UnreadableError,
            "this key does not open 20261129T180646Z/manifest.json",
        ),
        ("ERROR : dump.zst: Failed to copy: Forbidden: Forbidden", HostError, "does not allow it"),
        ("ERROR : x: AccessDenied: Access Denied status code: 403", HostError, "does not allow it"),
        ("ERROR : x: NoSuchBucket: ", HostError, "there is no such bucket"),
        ("ERROR : dial tcp 10.0.0.1:443: i/o timeout", HostError, "S3 cannot be reached"),
        ("Failed to create file system: is a file not a directory", HostError, "or refuses this role"),
        ("ERROR : write: no space left on device", HostError, "the disk is full"),
    ],
)
def test_what_rclone_says_is_told_with_its_reason(said: str, kind: type[HostError], words: str) -> None:
    error = repository.failure("rclone copy", said)
    assert type(error) is kind
    assert words in str(error).partition("`rclone")[0], "drift shows the beginning alone"


def test_each_try_of_rclones_is_told_once() -> None:
    line = "2026/11/29 11:03:45 ERROR : {}"
    said = "\n".join(line.format(text) for text in ("x: no", "Attempt 1/2 failed with 1 errors and: no", "x: no"))
    assert repository.words_of(said) == "ERROR : x: no"
