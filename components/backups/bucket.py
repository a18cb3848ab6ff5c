"""The bucket that backups go to: nobody's but the stack's, every version kept for a while, and old files let go."""

from collections.abc import Mapping
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import checks
from components.args import args_faults
from components.backups.iam import policy
from components.component import Component, tags

ABORT_DAYS = 7
"""After so many days an upload in parts that never ended is given up."""
LONGEST_PREFIX = 37
"""Of a bucket's name, as the provider takes it: 63 characters without the 26 that it adds."""


class BackupBucketArgs(TypedDict):
    """What a BackupBucket is made from."""

    keep_days: Annotated[int, checks.whole(1, 4000)]
    """After so many days a file is no longer current."""
    former_days: Annotated[int, checks.whole(1, 4000)]
    """For so many days more it can be had back, as can one that was written over."""
    keep: NotRequired[bool]
    """Whether bucket and files stay when the stack is destroyed; true if not given."""
    protect: NotRequired[bool]
    """Whether Pulumi refuses to delete or replace it; false if not given."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of the bucket, besides its name."""


class BackupBucket(Component):
    """A private, versioned S3 bucket.

    Type: mysql-pair:index:BackupBucket. Makes: aws.s3.Bucket, and for it a BucketPublicAccessBlock, BucketVersioning,
    BucketServerSideEncryptionConfiguration, BucketLifecycleConfiguration and a BucketPolicy that refuses requests
    without TLS. Nothing here deletes a file but the lifecycle: whoever may only write cannot shorten what is kept.
    """

    bucket: pulumi.Output[str]
    """Its name."""
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: BackupBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the bucket and what it is like."""
        self.refuse(name, args_faults(BackupBucketArgs, args))
        super().__init__(name, opts)
        self._keep = args.get("keep", True)
        made = aws.s3.Bucket(
            f"{name}-bucket",
            bucket_prefix=_name_prefix(name),
            force_destroy=not self._keep,
            tags=tags(name, args.get("tags")),
            opts=self.child(protect=args.get("protect", False), retain_on_delete=self._keep),
        )
        self.bucket, self.arn = made.bucket, made.arn
        block = aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=made.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._part(),
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-versioning",
            bucket=made.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._part(),
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=made.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=self._part(),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=made.bucket,
            rules=[
                {
                    "id": "retention",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args["keep_days"]},
                    "noncurrent_version_expiration": {"noncurrent_days": args["former_days"]},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_DAYS},
                }
            ],
            # Rules about former versions need versions.
            opts=self._part(versioning),
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=made.bucket,
            policy=made.arn.apply(tls_only),
            # S3 takes one change of who may do what at a time.
            opts=self._part(block),
        )
        self.end()

    def _part(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return the options of a part: of a bucket that stays, it stays too."""
        return self.child(depends_on=list(after), retain_on_delete=self._keep)


def tls_only(arn: str) -> str:
    """Return a bucket policy (JSON) that refuses every request without TLS.

    Source: Amazon S3 User Guide, "Security best practices": enforce encryption of data in transit.
    """
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return policy(statement)


def _name_prefix(name: str) -> str:
    """Return how the bucket's name begins: project, stack and component, in the letters that a bucket may have."""
    words = f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}".lower()
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in words)[: LONGEST_PREFIX - 1] + "-"
