"""common/difference.py: what stands for a content that is not to be shown."""

from __future__ import annotations

from scripts.host.common import difference


def test_a_digest_tells_contents_apart_and_shows_none() -> None:
    assert difference.digest(b"a") != difference.digest(b"b")
    assert difference.digest(b"password") == "sha256 5e884898da280471"
