"""EBS's operations on a lab's records and machinery: volumes, and where they are attached."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import UTC, datetime

from lab.cloud.dependencies import check_references
from lab.cloud.model import Volume, VolumeAttachment
from lab.cloud.records import Records
from lab.cloud.refusals import check
from lab.cloud.rules import AwsError
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

    def delete_volume(self, volume_id: str) -> None:
        """Delete a volume; nothing happens if it is gone.

        Raises:
            AwsError: VolumeInUse.
        """
        with self.store.locked():
            volume = self.store.find(Volume, volume_id)
            if volume is None:
                return
            if holder := self.attachment(volume_id):
                raise AwsError("VolumeInUse", f"Volume {volume_id} is currently attached to {holder.instance_id}")
            self.plane.remove_volume(volume_id)
            self.store.delete(volume)

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

    def detach_volume(self, attachment_id: str) -> None:
        """Detach a volume once its host no longer uses it; nothing happens if it is detached.

        Raises:
            LabError: the host still uses it after DETACH_SECONDS; it stays attached then.
        """
        record = self.store.find(VolumeAttachment, attachment_id)
        if record is None:
            return
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
    """Return the time as EC2 writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
