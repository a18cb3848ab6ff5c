"""The plain image, for tests of a first boot as it is on a machine that has none of the packages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.machine import golden


@pytest.fixture(scope="module")
def plain_image() -> Iterator[None]:
    """Labs that this module makes have hosts with no package installed before the first boot."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv(golden.VARIABLE, raising=False)
        yield
