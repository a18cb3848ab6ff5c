"""EC2's operations on a lab's records and machinery, with EC2's semantics; for the provider and the CLI.

Whatever reads, decides and writes does so under the store's lock; hosts boot and stop outside it.
A record is written before its host is launched, so that a run killed anywhere leaves something to be found.
"""

from __future__ import annotations

from dataclasses import replace

from lab.cloud import catalog, checkpoint, rules
from lab.cloud.dependencies import check_references
from lab.cloud.model import Bucket, BucketVersioning, Instance, InstanceProfile, Subnet
from lab.cloud.refusals import check
from lab.cloud.rules import AwsError
from lab.cloud.store import new_id
from lab.cloud.volumes import Volumes


class Ec2(Volumes):
    """One lab's EC2: its records, volumes, and instances with their hosts."""

    def instances(self) -> list[Instance]:
        """Return every instance, whether it runs or not."""
        return self.store.all(Instance)

    def run(self, spec: Instance) -> Instance:
        """Launch an instance, or see to the end what a killed call of the same token began.

        Returns:
            The instance, its host booted.

        Raises:
            AwsError: EC2's refusals.
            LabError: the host did not boot; neither host nor record is left then.
        """
        catalog.check_image_fits(spec.ami, spec.instance_type)
        rules.check_user_data(spec.user_data.encode())
        if spec.ami not in self.images(catalog.image_architecture(spec.ami), catalog.image_release(spec.ami)):
            raise catalog.image_not_found(spec.ami)
        self._check_profile(spec)
        self._forget_terminated(spec.urn)
        with self.store.locked():
            earlier = self._left_by_killed_run(spec)
            record = earlier or self._placed(spec)
            check_references(self.store, record)
            check(self.store, record)
            self._apply(put=[record])
        try:
            self._boot(record.id)
        except BaseException:
            self._remove_host(record.id)
            raise
        with self.store.locked():
            record = replace(self._existing(Instance, record.id), launched=True)
            self.store.put(record)
        return record

    def _check_profile(self, instance: Instance) -> None:
        """Refuse an instance profile that is none, or one without a role."""
        name = str(instance.options.get("iamInstanceProfile") or "")
        if name and not ((profile := self.store.find(InstanceProfile, name)) and profile.role):
            raise AwsError(
                "InvalidParameterValue",
                f"Value ({name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            )

    def _forget_terminated(self, urn: str) -> None:
        """Give back what instances without a host hold: addresses, memberships, names.

        Such are instances whose host was taken away behind the engine's back, and one that a killed run of the
        same URN wrote down and never booted. A record that is merely about to boot is left alone.
        """
        for instance in self.instances():
            never_booted = bool(urn) and instance.urn == urn and not checkpoint.has(self.lab, urn, instance.id)
            if (instance.launched or never_booted) and not self.has_host(instance.id):
                self._remove_host(instance.id)

    def find_instance(self, instance_id: str) -> Instance | None:
        """Return an instance that has a host, running or stopped; one whose host is gone is forgotten."""
        instance = self.store.find(Instance, instance_id)
        if instance is None or self.has_host(instance_id):
            return instance
        self._remove_host(instance_id)
        return None

    def has_host(self, instance_id: str) -> bool:
        """Tell whether an instance has a host, running or stopped."""
        return self.plane.state(instance_id) != "gone"

    def _boot(self, instance_id: str) -> None:
        state = self.plane.state(instance_id)
        if state == "gone":
            self.plane.launch(instance_id)
        elif state == "stopped":
            self.plane.start(instance_id)

    def _placed(self, spec: Instance) -> Instance:
        """Return an instance with its id, its addresses and, where it names none, the VPC's default group."""
        subnet = self._existing(Subnet, spec.subnet_id)
        return replace(
            spec,
            id=new_id("i"),
            private_ip=self._private_address(subnet.id, spec.private_ip),
            auto_public_ip=self._free_address() if spec.wants_public_ip else "",
            security_group_ids=spec.security_group_ids or (self.default_group(subnet.vpc_id),),
        )

    def modify(self, spec: Instance, restart: bool = False) -> Instance:
        """Change an instance.

        Args:
            spec: the instance as it is to be.
            restart: stop it first and start it afterwards, as new user data and another type need. It is started
                however it was found: so an update that was killed after the stop ends running when repeated.

        Raises:
            AwsError: EC2's refusals.
        """
        catalog.check_image_fits(spec.ami, spec.instance_type)
        rules.check_user_data(spec.user_data.encode())
        before = self._existing(Instance, spec.id)
        if spec.options.get("iamInstanceProfile") != before.options.get("iamInstanceProfile"):
            self._check_profile(spec)
        if restart:
            self.stop(spec.id)
        with self.store.locked():
            old = self._existing(Instance, spec.id)
            ec2s_own = {name: getattr(old, name) for name in ("auto_public_ip", "last_public_ip", "launched")}
            record = replace(spec, **ec2s_own)
            check_references(self.store, replace(record, key_name=""))  # read at the launch alone
            check(self.store, record)
            self._apply(put=[record])
        if restart:
            self.start(spec.id)
        elif record.options.get("iamInstanceProfile"):
            self.plane.serve(self._existing(Subnet, record.subnet_id).availability_zone[:-1])
        return self.store.get(Instance, spec.id)

    # Buckets

    def make_bucket(self, spec: Bucket) -> Bucket:
        """Make a bucket.

        Raises:
            AwsError: BucketAlreadyOwnedByYou.
            LabError: S3 cannot be had; no record is left then.
        """
        record = self.create(spec)
        try:
            self.plane.make_bucket(record.id, record.region)
        except BaseException:
            self.store.delete(record)
            raise
        return record

    def remove_bucket(self, name: str, force: bool) -> None:
        """Delete a bucket and all that is said of it; nothing happens if it is gone.

        Raises:
            AwsError: BucketNotEmpty, unless `force` deletes what is in it too.
        """
        bucket = self.store.find(Bucket, name)
        if bucket is not None:
            self.plane.remove_bucket(name, bucket.region, force)
            self.delete(Bucket, name)

    def set_versioning(self, record: BucketVersioning) -> BucketVersioning:
        """Have a bucket keep old versions, or no more.

        Raises:
            AwsError: NoSuchBucket.
        """
        bucket = self._existing(Bucket, record.id)
        if record.status != "Disabled":
            self.plane.set_versioning(bucket.id, bucket.region, record.status)
        return self.create(record)

    def stop(self, instance_id: str) -> None:
        """Stop an instance; its automatic public address goes back to the pool.

        Raises:
            AwsError: InvalidInstanceID.NotFound, or OperationNotPermitted under stop protection.
        """
        instance = self._existing(Instance, instance_id)
        if instance.options.get("disableApiStop"):
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{instance_id}' may not be stopped. Modify its 'disableApiStop' instance "
                "attribute and try again.",
            )
        if self.plane.state(instance_id) == "running":
            self.plane.stop(instance_id)
        with self.store.locked():
            instance = self._existing(Instance, instance_id)
            if instance.auto_public_ip:
                self._apply(put=[replace(instance, auto_public_ip="", last_public_ip=instance.auto_public_ip)])

    def start(self, instance_id: str) -> None:
        """Start an instance, with another automatic public address than before.

        Raises:
            AwsError: InvalidInstanceID.NotFound.
        """
        with self.store.locked():
            instance = self._existing(Instance, instance_id)
            if instance.wants_public_ip and not instance.auto_public_ip and not self._elastic(instance_id):
                address = self._free_address(instance.last_public_ip)
                instance = replace(instance, auto_public_ip=address)
            self._apply(put=[instance])
        if self.plane.state(instance_id) == "stopped":
            self.plane.start(instance_id)

    def reboot(self, instance_id: str) -> None:
        """Reboot an instance; every address stays.

        Raises:
            AwsError: InvalidInstanceID.NotFound.
        """
        self._existing(Instance, instance_id)
        self.plane.reboot(instance_id)

    def terminate(self, instance_id: str, force: bool = False) -> None:
        """Take an instance, its disk and its record away; nothing happens if it is gone.

        Args:
            instance_id: which.
            force: in spite of termination protection.

        Raises:
            AwsError: OperationNotPermitted under termination protection.
        """
        instance = self.store.find(Instance, instance_id)
        if instance is None:
            return
        if instance.disable_api_termination and not force:
            raise AwsError(
                "OperationNotPermitted",
                f"The instance '{instance_id}' may not be terminated. Modify its 'disableApiTermination' "
                "instance attribute and try again.",
            )
        self._remove_host(instance_id)

    def _remove_host(self, instance_id: str) -> None:
        """Take the host away, then the record: killed in between, a repeated call still finds what to do."""
        self.plane.terminate(instance_id)
        with self.store.locked():
            self.plane.detach(instance_id)
            instance = self.store.find(Instance, instance_id)
            if instance:
                self._apply(gone=[*self._elastic(instance_id), instance])
            self._let_go(self.attachments(instance_id))
