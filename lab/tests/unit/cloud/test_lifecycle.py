"""What lifecycle policies make and delete when their hour has come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lab.cloud.lifecycle import POLICY_TAG, SCHEDULE_TAG, run_policies
from lab.cloud.model import LifecyclePolicy, Snapshot, Volume
from lab.tests.unit.ec2_world import World

ROLE = "arn:aws:iam::000000000000:role/dlm"


def policy(world: World, retain: dict[str, Any], state: str = "ENABLED", **schedule: Any) -> LifecyclePolicy:
    """Make a policy for volumes tagged `data: db`."""
    rules = {"name": "daily", "createRule": {"interval": 24, "times": "03:00"}, "retainRule": retain, **schedule}
    details = {"resourceTypes": ["VOLUME"], "targetTags": {"data": "db", "other": "x"}, "schedules": [rules]}
    return world.ec2.create(LifecyclePolicy("", "daily", ROLE, state, details), "policy")


def volume(world: World, **tags: str) -> Volume:
    """Make a volume with tags."""
    return world.ec2.create_volume(Volume("", "eu-central-1a", 8, iops=3000, throughput=125, tags=tags))


def test_tagged_volumes_are_kept_so_many_times_and_hand_made_snapshots_stay(world: World) -> None:
    target, _ = volume(world, data="db", Name="one"), volume(world, data="web")
    by_hand = world.ec2.create_snapshot(Snapshot("", target.id, 0))
    made_by = policy(world, {"count": 2}, copyTags=True, tagsToAdd={"kept": "yes"})
    runs = [run_policies(world.ec2) for _ in range(3)]
    made = [run[0][0] for run in runs]
    assert [len(run[0]) for run in runs] == [1, 1, 1]
    assert runs[2][1] == [made[0]]
    assert {snapshot.id for snapshot in world.store.all(Snapshot)} == {by_hand.id, made[1].id, made[2].id}
    assert made[0].tags == {
        "data": "db", "Name": "one", "kept": "yes", POLICY_TAG: made_by.id, SCHEDULE_TAG: "daily",
    }  # fmt: skip


def test_snapshots_go_when_they_are_older_than_the_policy_says(world: World) -> None:
    volume(world, data="db")
    policy(world, {"interval": 7, "intervalUnit": "DAYS"})
    first = run_policies(world.ec2)[0][0]
    old = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    world.store.put(replace(first, start_time=old))
    made, deleted = run_policies(world.ec2)
    assert [snapshot.id for snapshot in deleted] == [first.id]
    assert world.store.all(Snapshot) == made


def test_a_disabled_policy_does_nothing(world: World) -> None:
    volume(world, data="db")
    policy(world, {"count": 1}, state="DISABLED")
    assert run_policies(world.ec2) == ([], [])
