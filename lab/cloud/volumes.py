"""EBS's operations on a lab's records and machinery: volumes, and where they are attached."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime

from lab.cloud.dependencies import check_references
from lab.cloud.model import Snapshot, Volume, VolumeAttachment
from lab.cloud.records import Records
from lab.cloud.refusals import check
from lab.cloud.rules import AwsError
from lab.cloud.store import new_id
from lab.settings import LabError

DETACH_SECONDS = 300
"""How long a detach waits for the host to let go of the volume: the real provider's own limit."""


class Volumes(Records):
    """One lab's EBS."""

    def create_volume(self, spec: Volume) -> Volume:
        """Make a volume, or take over the one that a killed call made.

        Raises:
            AwsError: EC2's refusals.
            LabError: the machine could not do it; no record is left then.
        """
        with self.store.locked():
            record = self._with_identity(spec, self._left_by_killed_run(spec), "vol")
            record = replace(record, create_time=now())
            check(self.store, record)
            self.store.put(record)
            try:
                self.plane.create_volume(record.id, record.size, record.snapshot_id)
            except BaseException:
                self.store.delete(record)
                raise
        return record

    def modify_volume(self, spec: Volume) -> Volume:
        """Change a volume, which may be attached. EC2's pause of six hours between two changes is not kept.

        Raises:
            AwsError: EC2's refusals.
            LabError: the machine could not do it; the record is as it was then.
        """
        with self.store.locked():
            old = self._existing(Volume, spec.id)
            record = replace(spec, create_time=old.create_time)
            check(self.store, record)
            if record.size < old.size:
                raise AwsError("InvalidParameterValue", "New size cannot be smaller than existing size")
            if record.size > old.size:
                self.plane.grow_volume(record.id, record.size)
            self.store.put(record)
        return record

    def delete_volume(self, volume_id: str, final_snapshot: bool = False) -> None:
        """Delete a volume; nothing happens if it is gone.

        Args:
            volume_id: which.
            final_snapshot: keep a snapshot of it, with its tags.

        Raises:
            AwsError: VolumeInUse. The real provider asks again for ten minutes before it says so.
        """
        with self.store.locked():
            volume = self.store.find(Volume, volume_id)
            if volume is None:
                return
            if holder := self.attachment(volume_id):
                raise AwsError("VolumeInUse", f"Volume {volume_id} is currently attached to {holder.instance_id}")
            if final_snapshot:
                self._snapshot(Snapshot(new_id("snap"), volume_id, 0, tags=volume.tags))
            self.plane.remove_volume(volume_id)
            self.store.delete(volume)

    # Snapshots

    def create_snapshot(self, spec: Snapshot) -> Snapshot:
        """Make a snapshot of a volume as it is on disk at one moment, or take over the one that a killed call made.

        Raises:
            AwsError: InvalidVolume.NotFound.
            LabError: the machine could not do it; no record is left then.
        """
        with self.store.locked():
            earlier = self._left_by_killed_run(spec)
            return earlier or self._snapshot(self._with_identity(spec, None, "snap"))

    def _snapshot(self, spec: Snapshot) -> Snapshot:
        """Make a snapshot, its record last: what a killed call leaves is no snapshot."""
        volume = self._existing(Volume, spec.volume_id)
        self.plane.create_snapshot(volume.id, spec.id)
        record = replace(
            spec,
            volume_size=volume.size,
            encrypted=volume.encrypted,
            kms_key_id=volume.kms_key_id,
            start_time=now(),
        )
        self.store.put(record)
        return record

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot; nothing happens if it is gone, and volumes made from it stay."""
        with self.store.locked():
            if snapshot := self.store.find(Snapshot, snapshot_id):
                self.plane.remove_snapshot(snapshot_id)
                self.store.delete(snapshot)

    # Attachments

    def attachment(self, volume_id: str) -> VolumeAttachment | None:
        """Return where a volume is attached, or None."""
        return next((item for item in self.store.all(VolumeAttachment) if item.volume_id == volume_id), None)

    def attach_volume(self, spec: VolumeAttachment) -> VolumeAttachment:
        """Attach a volume to an instance that runs or is stopped; nothing happens if it is attached just so.

        Raises:
            AwsError: EC2's refusals.
            LabError: the machine could not do it; no record is left then.
        """
        with self.store.locked():
            check_references(self.store, spec)
            check(self.store, spec)
            before = self.store.find(VolumeAttachment, spec.id)
            self.store.put(spec)
            try:
                self.plane.refresh_devices(spec.instance_id)
            except BaseException:
                if not before:
                    self.store.delete(spec)
                    with contextlib.suppress(LabError):
                        self.plane.refresh_devices(spec.instance_id)
                raise
        return spec

    def detach_volume(self, attachment_id: str, force: bool = False) -> None:
        """Detach a volume once its host no longer uses it; nothing happens if it is detached.

        Args:
            attachment_id: which.
            force: take it away from the host at once. What the host did not sync is lost.

        Raises:
            LabError: the host still uses it after DETACH_SECONDS; it stays attached then.
        """
        record = self.store.find(VolumeAttachment, attachment_id)
        if record is None:
            return
        if force:
            with self.store.locked():
                self.plane.cut_off_volume(record.volume_id, record.instance_id)
        until = time.monotonic() + DETACH_SECONDS
        while self.plane.volume_in_use(record.volume_id):
            if time.monotonic() > until:
                raise LabError(
                    f"waiting for EBS Volume ({record.volume_id}) Attachment ({record.instance_id}) delete: timeout "
                    f"while waiting for resource to be gone (last state: 'busy', timeout: {DETACH_SECONDS // 60}m0s): "
                    "the host has the volume mounted"
                )
            time.sleep(0.5)
        with self.store.locked():
            if self.store.find(VolumeAttachment, attachment_id):
                self._let_go([record])

    def _let_go(self, attachments: list[VolumeAttachment]) -> None:
        """Forget attachments and take their devices away, under the lock."""
        for record in attachments:
            self.store.delete(record)
        for instance_id in {record.instance_id for record in attachments}:
            self.plane.refresh_devices(instance_id)

    def attachments(self, instance_id: str) -> list[VolumeAttachment]:
        """Return what is attached to an instance."""
        return [item for item in self.store.all(VolumeAttachment) if item.instance_id == instance_id]


def now() -> str:
    """Return the time, by which records are put in order."""
    return datetime.now(UTC).isoformat()


def rfc3339(moment: str) -> str:
    """Return a record's time as the provider shows it."""
    return datetime.fromisoformat(moment).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
