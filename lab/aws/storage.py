"""S3's buckets, and what is said of them."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import NOT_SUPPORTED, Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values, unknown_in
from lab.cloud import policies
from lab.cloud.model import (
    Bucket,
    BucketEncryption,
    BucketLifecycle,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketVersioning,
    Record,
)
from lab.cloud.rules import AwsError
from lab.settings import LabError

OF_BUCKET = Property(required=True, replaces=True)
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ZONE = "Z21DNDUVLTQW6Q"
"""What Route 53 calls the zone of eu-central-1's S3; a lab has the same in every region."""


def check_name(name: str) -> None:
    """Refuse a bucket's name that S3 refuses.

    Raises:
        AwsError: InvalidBucketName.
    """
    if not _NAME.fullmatch(name) or ".." in name or re.fullmatch(r"(\d+\.){3}\d+", name):
        raise AwsError("InvalidBucketName", f"The specified bucket is not valid: {name}")


class BucketType(ResourceType):
    """aws.s3.Bucket, what is said of it being resources of their own."""

    urn_type = "aws:s3/bucket:Bucket"
    kind = Bucket
    auto_name = "bucket"
    auto_name_prefix = "bucketPrefix"
    properties: ClassVar = {
        "bucket": Property(replaces=True),
        "bucketPrefix": Property(replaces=True),
        "forceDestroy": Property("bool", default=False),
        "objectLockEnabled": Property("bool", only=(False,), replaces=True, computed=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name that S3 refuses."""
        if "bucket" in inputs:
            yield from attempt("bucket", check_name, inputs["bucket"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Bucket:
        """Return the bucket that inputs ask for."""
        existing = cloud.ec2.store.find(Bucket, record_id) if record_id else None
        return Bucket(inputs["bucket"], cloud.region, existing.unique_id if existing else "")

    def inputs(self, record: Bucket) -> Values:
        """Return the inputs that a bucket tells of itself."""
        return {"bucket": record.id}

    def outputs(self, cloud: Cloud, record: Bucket) -> Values:
        """Return what S3 adds to a bucket."""
        return {**_facts(record), "objectLockEnabled": False}

    def create(self, cloud: Cloud, record: Bucket) -> Record:
        """Make the bucket."""
        return cloud.ec2.make_bucket(record)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Delete the bucket, which has to be empty unless it says otherwise."""
        cloud.ec2.remove_bucket(record_id, bool(inputs.get("forceDestroy")))


def _facts(bucket: Bucket) -> Values:
    return {
        "arn": f"arn:aws:s3:::{bucket.id}",
        "bucketDomainName": f"{bucket.id}.s3.amazonaws.com",
        "bucketRegion": bucket.region,
        "bucketRegionalDomainName": f"{bucket.id}.s3.{bucket.region}.amazonaws.com",
        "hostedZoneId": _ZONE,
    }


class BucketVersioningType(ResourceType):
    """aws.s3.BucketVersioning."""

    urn_type = "aws:s3/bucketVersioning:BucketVersioning"
    kind = BucketVersioning
    properties: ClassVar = {
        "bucket": OF_BUCKET,
        "versioningConfiguration": Property("object", required=True, fields=frozenset({"status"})),
        "region": REGION,
    }
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a status that S3 does not know."""
        status = inputs.get("versioningConfiguration", {}).get("status", "Enabled")
        if status not in ("Enabled", "Suspended", "Disabled"):
            known = '["Enabled" "Suspended" "Disabled"]'
            yield Failure("versioningConfiguration", f"expected status to be one of {known}, got {status}")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> BucketVersioning:
        """Return the versioning that inputs ask for."""
        status = inputs["versioningConfiguration"]["status"]
        existing = cloud.ec2.store.find(BucketVersioning, record_id) if record_id else None
        if existing and status == "Disabled" != existing.status:
            raise LabError(f"versioning_configuration.status cannot be updated from '{existing.status}' to 'Disabled'")
        return BucketVersioning(inputs["bucket"], status)

    def inputs(self, record: BucketVersioning) -> Values:
        """Return the inputs that a bucket's versioning tells of itself."""
        return {"bucket": record.id, "versioningConfiguration": {"status": record.status}}

    def outputs(self, cloud: Cloud, record: BucketVersioning) -> Values:
        """Return nothing: versioning is its inputs."""
        return {}

    def create(self, cloud: Cloud, record: BucketVersioning) -> Record:
        """Have the bucket keep old versions, or no more."""
        return cloud.ec2.set_versioning(record)

    def update(self, cloud: Cloud, record: BucketVersioning, changed: set[str]) -> Record:
        """Have the bucket keep old versions, or no more."""
        return cloud.ec2.set_versioning(record)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Suspend what was enabled; old versions stay."""
        existing = cloud.ec2.store.find(BucketVersioning, record_id)
        if existing and existing.status == "Enabled":
            cloud.ec2.set_versioning(BucketVersioning(record_id, "Suspended"))
        cloud.ec2.delete(BucketVersioning, record_id)


class BucketPublicAccessBlockType(ResourceType):
    """aws.s3.BucketPublicAccessBlock."""

    urn_type = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    kind = BucketPublicAccessBlock
    _switches: ClassVar = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    properties: ClassVar = {
        "bucket": OF_BUCKET,
        "blockPublicAcls": Property("bool", default=False),
        "blockPublicPolicy": Property("bool", default=False),
        "ignorePublicAcls": Property("bool", default=False),
        "restrictPublicBuckets": Property("bool", default=False),
        "skipDestroy": Property("bool"),
        "region": REGION,
    }
    computed = ()

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> BucketPublicAccessBlock:
        """Return the block that inputs ask for."""
        return BucketPublicAccessBlock(inputs["bucket"], *(inputs[name] for name in self._switches))

    def inputs(self, record: BucketPublicAccessBlock) -> Values:
        """Return the inputs that a block tells of itself."""
        return {
            "bucket": record.id,
            "blockPublicAcls": record.block_public_acls,
            "blockPublicPolicy": record.block_public_policy,
            "ignorePublicAcls": record.ignore_public_acls,
            "restrictPublicBuckets": record.restrict_public_buckets,
        }

    def outputs(self, cloud: Cloud, record: BucketPublicAccessBlock) -> Values:
        """Return nothing: a block is its inputs."""
        return {}

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Take the block away, unless it is to stay."""
        if not inputs.get("skipDestroy"):
            cloud.ec2.delete(BucketPublicAccessBlock, record_id)


class BucketPolicyType(ResourceType):
    """aws.s3.BucketPolicy."""

    urn_type = "aws:s3/bucketPolicy:BucketPolicy"
    kind = BucketPolicy
    properties: ClassVar = {"bucket": OF_BUCKET, "policy": Property(required=True, json=True), "region": REGION}
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a policy that S3 refuses, or that a lab cannot decide by."""
        if "policy" in inputs:
            yield from attempt("policy", policies.check, inputs["policy"], True)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> BucketPolicy:
        """Return the policy that inputs ask for."""
        policies.check(inputs["policy"], True)
        return BucketPolicy(inputs["bucket"], inputs["policy"])

    def inputs(self, record: BucketPolicy) -> Values:
        """Return the inputs that a policy tells of itself."""
        return {"bucket": record.id, "policy": record.policy}

    def outputs(self, cloud: Cloud, record: BucketPolicy) -> Values:
        """Return nothing: a policy is its inputs."""
        return {}


EXPIRY = {
    "expiration": frozenset({"date", "days", "expiredObjectDeleteMarker"}),
    "noncurrentVersionExpiration": frozenset({"noncurrentDays", "newerNoncurrentVersions"}),
    "abortIncompleteMultipartUpload": frozenset({"daysAfterInitiation"}),
    "filter": frozenset({"prefix"}),
}
"""The blocks of a rule that a lab knows, and their fields."""


class BucketLifecycleType(ResourceType):
    """aws.s3.BucketLifecycleConfiguration: `python -m lab s3 midnight` applies it."""

    urn_type = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    kind = BucketLifecycle
    properties: ClassVar = {
        "bucket": OF_BUCKET,
        "rules": Property("list", required=True),
        "transitionDefaultMinimumObjectSize": Property(computed=True, without_effect="a lab has one storage class"),
        "region": REGION,
    }
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield rules that S3 refuses, or that a lab cannot apply."""
        for rule in inputs.get("rules", ()):
            yield from (Failure("rules", reason) for reason in _rule_problems(rule))

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> BucketLifecycle:
        """Return the rules that inputs ask for."""
        return BucketLifecycle(inputs["bucket"], inputs["rules"])

    def inputs(self, record: BucketLifecycle) -> Values:
        """Return the inputs that a bucket's lifecycle tells of itself."""
        return {"bucket": record.id, "rules": record.rules}

    def outputs(self, cloud: Cloud, record: BucketLifecycle) -> Values:
        """Return nothing: a lifecycle is its inputs."""
        return {}


def _rule_problems(rule: Values) -> Iterator[str]:
    if strange := sorted(set(rule) - {"id", "status", "prefix", *EXPIRY}):
        yield f"{', '.join(strange)}: {NOT_SUPPORTED}"
    if rule.get("status") not in ("Enabled", "Disabled"):
        yield f'expected status to be one of ["Enabled" "Disabled"], got {rule.get("status")}'
    if not set(rule) & (set(EXPIRY) - {"filter"}):
        yield "At least one action needs to be specified in a rule"
    for block, fields in EXPIRY.items():
        given = rule.get(block, {})
        if strange := sorted(set(given) - fields):
            yield f"{block}: {', '.join(strange)}: {NOT_SUPPORTED}"
        for field, value in given.items():
            if isinstance(value, int) and not isinstance(value, bool) and value < 1:
                yield f"'{field}' for {block} action must be a positive integer"


class BucketEncryptionType(ResourceType):
    """aws.s3.BucketServerSideEncryptionConfiguration."""

    urn_type = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    kind = BucketEncryption
    properties: ClassVar = {
        "bucket": OF_BUCKET,
        "rules": Property("list", required=True, without_effect="a lab's disk is what encrypts, or does not"),
        "region": REGION,
    }
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield an algorithm that S3 does not know."""
        for rule in inputs.get("rules", ()):
            chosen: Any = rule.get("applyServerSideEncryptionByDefault", {}).get("sseAlgorithm", "AES256")
            if not unknown_in(chosen) and chosen not in ("AES256", "aws:kms", "aws:kms:dsse"):
                known = '["AES256" "aws:kms" "aws:kms:dsse"]'
                yield Failure("rules", f"expected sse_algorithm to be one of {known}, got {chosen}")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> BucketEncryption:
        """Return the encryption that inputs ask for."""
        return BucketEncryption(inputs["bucket"], inputs["rules"])

    def inputs(self, record: BucketEncryption) -> Values:
        """Return the inputs that a bucket's encryption tells of itself."""
        return {"bucket": record.id, "rules": record.rules}

    def outputs(self, cloud: Cloud, record: BucketEncryption) -> Values:
        """Return nothing: encryption is its inputs."""
        return {}


def get_bucket(cloud: Cloud, args: Values) -> Values:
    """Answer aws.s3.get_bucket.

    Raises:
        LabError: there is none, in the provider's words.
    """
    bucket = cloud.ec2.store.find(Bucket, args["bucket"])
    if bucket is None:
        raise LabError(f"reading S3 Bucket ({args['bucket']}): couldn't find resource")
    return {**_facts(bucket), "id": bucket.id, "bucket": bucket.id, "region": cloud.region}
