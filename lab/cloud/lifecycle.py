"""What Data Lifecycle Manager does at the hours of its policies. In a lab it does so when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from lab.cloud.ec2 import Ec2
from lab.cloud.model import LifecyclePolicy, Snapshot, Volume

POLICY_TAG = "aws:dlm:lifecycle-policy-id"
SCHEDULE_TAG = "aws:dlm:lifecycle-schedule-name"
_DAYS = {"DAYS": 1, "WEEKS": 7, "MONTHS": 30, "YEARS": 365}


def run_policies(ec2: Ec2) -> tuple[list[Snapshot], list[Snapshot]]:
    """Make the snapshots of every schedule of every enabled policy, and delete those that it no longer retains.

    Source: Amazon EBS User Guide, "Automate backups with Amazon Data Lifecycle Manager": a volume is a target that has
    any of the target tags; the snapshots of a volume are counted by schedule.

    Returns:
        The snapshots that were made, and those that were deleted.
    """
    made, deleted = [], []
    for policy in ec2.store.all(LifecyclePolicy):
        if policy.state != "ENABLED":
            continue
        targets = policy.details["targetTags"].items()
        for volume in ec2.store.all(Volume):
            if not targets & volume.tags.items():
                continue
            for schedule in policy.details["schedules"]:
                made.append(_make(ec2, policy, schedule, volume))
                deleted += _retire(ec2, policy, schedule, volume)
    return made, deleted


def _make(ec2: Ec2, policy: LifecyclePolicy, schedule: dict[str, Any], volume: Volume) -> Snapshot:
    tags = {
        **(volume.tags if schedule.get("copyTags") else {}),
        **schedule.get("tagsToAdd", {}),
        POLICY_TAG: policy.id,
        SCHEDULE_TAG: schedule["name"],
    }
    description = f"Policy: {policy.id} Schedule: {schedule['name']}"
    return ec2.create_snapshot(Snapshot("", volume.id, 0, description, tags=tags))


def _retire(ec2: Ec2, policy: LifecyclePolicy, schedule: dict[str, Any], volume: Volume) -> list[Snapshot]:
    mine = {POLICY_TAG: policy.id, SCHEDULE_TAG: schedule["name"]}.items()
    snapshots = [item for item in ec2.store.all(Snapshot) if item.volume_id == volume.id and mine <= item.tags.items()]
    snapshots.sort(key=lambda snapshot: snapshot.start_time)
    rule = schedule["retainRule"]
    if "count" in rule:
        old = snapshots[: -rule["count"]]
    else:
        limit = datetime.now(UTC) - timedelta(days=rule["interval"] * _DAYS[rule["intervalUnit"]])
        old = [snapshot for snapshot in snapshots if datetime.fromisoformat(snapshot.start_time) < limit]
    for snapshot in old:
        ec2.delete_snapshot(snapshot.id)
    return old
