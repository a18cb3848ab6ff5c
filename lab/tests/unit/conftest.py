"""A lab on paper for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.aws.schema import Cloud
from lab.tests.unit.ec2_world import World, make


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return make(tmp_path / "t")


@pytest.fixture
def cloud(world: World) -> Cloud:
    return Cloud(world.ec2, "eu-central-1", {})
