"""Backups of a MySQL server to S3, which the server makes itself: where to, by what right, with what key, and when."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pulumi_command import remote

from components import checks
from components.args import args_faults
from components.backups.bucket import BackupBucket, BackupBucketArgs
from components.backups.iam import policy, role_prefix, trust
from components.backups.log_settings import log_faults
from components.component import Component, tags
from components.generated import generated
from components.mysql.server import MySqlServer
from scripts.host.backups import schedules
from scripts.host.backups.spec import (
    NEWEST,
    BackupSpec,
    RepositorySpec,
    RestoreSpec,
    SetUpSpec,
    base_choice,
    bucket_name,
    gtid_text,
)
from scripts.host.common.checks import utc_time
from scripts.host.common.codec import SpecFault

DAILY, WEEKLY = "daily", "weekly"
SET_UP_SECONDS = 900
"""Packages come with it."""
RESTORE_SECONDS = 7 * 24 * 3600
"""In which 1 TiB is restored at 2 MiB/s: a restore that is cut off begins from the start, so it must not be."""


class RestoreArgs(TypedDict):
    """What a new server's data come from; without bucket and prefix, the server's own backups."""

    bucket: NotRequired[Annotated[str, bucket_name]]
    """Of the other stack: its output backup_bucket."""
    prefix: NotRequired[Annotated[str, checks.bucket_prefix]]
    """Of the other stack: its output backup_prefix."""
    base: NotRequired[Annotated[str, base_choice]]
    """The id of a base backup, as `backups` lists it; the newest that will do, if not given."""
    at: NotRequired[Annotated[str, utc_time]]
    """The moment (UTC) up to which the binary log is replayed; its end, if not given."""
    gtid: NotRequired[Annotated[str, gtid_text]]
    """The transaction before which that stops."""


class BackupsArgs(TypedDict):
    """What Backups are made from."""

    retention_days: Annotated[int, checks.retention_days]
    """How far back a restore can go; 0 for no backups."""
    schedule: NotRequired[Annotated[str, schedules.at_least_monthly]]
    """When a base is made (OnCalendar of systemd's); daily if not given."""
    drill_schedule: NotRequired[Annotated[str, schedules.on_calendar]]
    """When a restore is rehearsed, likewise; weekly if not given."""
    bucket: NotRequired[Annotated[str, bucket_name]]
    """The name of a bucket that is there already, whose owner says what it keeps; one of their own if not given."""
    keep: NotRequired[bool]
    """Whether their own bucket stays when the stack is destroyed; true if not given."""
    key: NotRequired[pulumi.Input[str]]
    """What files are encrypted with, a secret; made, and kept in the state, if not given."""
    instance_profile: NotRequired[Annotated[str | None, checks.instance_profile]]
    """The name of the server's instance profile, if it has one: its role gets the right to write backups."""
    restore: NotRequired[RestoreArgs]
    restore_key: NotRequired[pulumi.Input[str]]
    """What the files of another stack's bucket are encrypted with, a secret: its output backup_key."""
    termination_protection: NotRequired[bool]
    """Whether Pulumi refuses to delete bucket and key; false if not given."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every resource, besides its name."""


class Backups(Component):
    """Where a server's backups go, and what it needs to write them there.

    Type: mysql-pair:index:Backups. Makes: a mysql-pair:index:BackupBucket unless one is named, an aws.iam.Role with
    its InstanceProfile unless the server has one, a RolePolicy, a command.local.Command for a key that is not given,
    and in `set_up` and `restore` one command.remote.Command each, which run the host agent. With 0 days there is the
    key, and the command that stops the server's timers.

    The role may add files below its own prefix, read them and list the bucket. It may delete nothing and change no
    rule of the bucket, which is versioned: whoever takes the server over cannot take its backups away.
    """

    bucket: pulumi.Output[str | None]
    """The bucket's name; None without backups."""
    prefix: pulumi.Output[str | None]
    """What all names of the server's files begin with."""
    days: int | None
    """How far back a restore can go; None without backups."""
    key: pulumi.Output[str]
    """What the files are encrypted with, a secret. Without it they are of no use."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register bucket, role and key."""
        self.refuse(name, [*args_faults(BackupsArgs, args), *_faults(args)])
        key = args.get("key")
        # As properties too, so that a preview shows that the retention or the key changes.
        shown = {"retentionDays": args["retention_days"], **({} if key is None else {"key": pulumi.Output.secret(key)})}
        super().__init__(name, opts, shown)
        self._args = args
        self._is_protected: bool = args.get("termination_protection", False)
        self.days = args["retention_days"] or None
        self._is_on = self.days is not None
        self._allowed: list[pulumi.Resource] = []
        self.key = (
            pulumi.Output.secret(key) if key is not None else generated(f"{name}-key", self, protect=self._is_protected)
        )
        self.bucket = self.prefix = pulumi.Output.from_input(None)
        self.instance_profile: pulumi.Input[str] | None = args.get("instance_profile")
        """The name of the instance profile that the server is to have; None for none."""
        if self._is_on:
            self._make(name)
        self.end()

    def set_up(self, server: MySqlServer, after: Sequence[pulumi.Resource] = ()) -> remote.Command:
        """Register the command that makes the server begin with backups, or end them; `after` what is to be in them."""
        self.refuse(self.name, _setting_faults(server) if self._is_on else ())
        spec: pulumi.Output[SetUpSpec] = pulumi.Output.secret(SetUpSpec())
        if self._is_on:
            args = self._args
            spec = self._own.apply(
                lambda own: SetUpSpec(
                    BackupSpec(
                        **vars(own),
                        base_schedule=args.get("schedule", DAILY),
                        drill_schedule=args.get("drill_schedule", WEEKLY),
                        retention_days=args["retention_days"],
                    )
                )
            )
        name, before = f"{server.name}-backups", [*server.ready, *self._allowed, *after]
        return server.agent.run(name, "backup set-up", spec, SET_UP_SECONDS, self, before)

    def restore(self, server: MySqlServer) -> list[remote.Command]:
        """Register the command that restores the data of a new server, if that was asked for.

        It refuses any data but those of a new volume's snapshot, of a server that is made with `replay`.
        """
        args = self._args.get("restore")
        if args is None:
            return []
        source = self._own
        if "bucket" in args:
            region = self._bucket_facts(args["bucket"]).bucket_region
            key = pulumi.Output.secret(self._args["restore_key"])
            source = _repository(key, args["bucket"], args.get("prefix", ""), region)
        end = args.get("base", NEWEST), args.get("at", ""), args.get("gtid", "")
        spec = source.apply(lambda known: RestoreSpec(known, *end, server.replay_over))
        name, before = f"{server.name}-restored", [*server.ready, *self._allowed]
        return [server.agent.run(name, "backup restore", spec, RESTORE_SECONDS, self, before)]

    def _make(self, name: str) -> None:
        args = self._args
        arn: pulumi.Output[str]
        if given := args.get("bucket"):
            facts = self._bucket_facts(given)
            bucket, arn, region = pulumi.Output.from_input(given), facts.arn, facts.bucket_region
        else:
            own = BackupBucket(name, self._bucket_args(), self.child())
            bucket, arn = own.bucket, own.arn
            region = aws.get_region_output(opts=self._invoke()).region
        prefix = f"{pulumi.get_project()}-{pulumi.get_stack()}"
        self._own = _repository(self.key, bucket, prefix, region)
        self.bucket, self.prefix = bucket.apply(lambda known: known), pulumi.Output.from_input(prefix)
        source = args.get("restore", {})
        other = self._bucket_facts(source["bucket"]).arn if "bucket" in source else None
        policy = pulumi.Output.all(arn, other).apply(
            lambda arns: role_policy(arns[0], prefix, arns[1], source.get("prefix", ""))
        )
        role = self._role(name)
        self._allowed = [aws.iam.RolePolicy(f"{name}-policy", name=name, role=role, policy=policy, opts=self.child())]

    def _bucket_args(self) -> BackupBucketArgs:
        args = self._args
        days = args["retention_days"]
        return {
            # The base for the first of these days is older than they are; a day more for one that failed.
            "keep_days": days + schedules.longest_gap(args.get("schedule", DAILY)) + 1,
            "former_days": days,
            "keep": args.get("keep", True),
            "protect": self._is_protected,
            "tags": args.get("tags", {}),
        }

    def _role(self, name: str) -> pulumi.Output[str]:
        """Return the name of the server's role: that of its instance profile, or one of its own with a profile."""
        if given := self._args.get("instance_profile"):
            return aws.iam.get_instance_profile_output(name=given, opts=self._invoke()).role_name
        named, prefix = tags(name, self._args.get("tags")), role_prefix(name)
        role = aws.iam.Role(
            f"{name}-role", name_prefix=prefix, assume_role_policy=trust("ec2"), tags=named, opts=self.child()
        )
        profile = aws.iam.InstanceProfile(
            f"{name}-profile", name_prefix=prefix, role=role.name, tags=named, opts=self.child()
        )
        self.instance_profile = profile.name
        return role.name

    def _bucket_facts(self, bucket: str) -> pulumi.Output[aws.s3.GetBucketResult]:
        return aws.s3.get_bucket_output(bucket=bucket, opts=self._invoke())

    def _invoke(self) -> pulumi.InvokeOutputOptions:
        return pulumi.InvokeOutputOptions(parent=self)


def _repository(
    key: pulumi.Output[str], bucket: pulumi.Input[str], prefix: str, region: pulumi.Input[str]
) -> pulumi.Output[RepositorySpec]:
    parts = pulumi.Output.all(key, bucket, region)
    return pulumi.Output.secret(
        parts.apply(lambda known: RepositorySpec(key=known[0], bucket=known[1], prefix=prefix, region=known[2]))
    )


def _setting_faults(server: MySqlServer) -> Iterator[SpecFault]:
    for fault in log_faults(server.mysqld_settings):
        yield SpecFault(f"server.settings.{fault.names[0]}", fault.wrong, fault.hint)


def _faults(args: BackupsArgs) -> Iterator[SpecFault]:
    restore = args.get("restore")
    if restore is None:
        return
    if not args["retention_days"]:
        yield SpecFault("restore", "needs backups, whose role may read them", "Set retention_days")
    if ("bucket" in restore) != ("prefix" in restore):
        yield SpecFault("restore", "has one of bucket and prefix", "Give both, or neither for the server's own backups")
    if "bucket" in restore and args.get("restore_key") is None:
        yield SpecFault("restore_key", "is missing", "It is the output backup_key of the other stack")
    if "at" in restore and "gtid" in restore:
        yield SpecFault("restore", "has both at and gtid", "Give one: where to stop")


def role_policy(arn: str, prefix: str, source_arn: str | None = None, source_prefix: str = "") -> str:
    """Return the policy (JSON) by which files below a prefix of a bucket can be added and read, and none be deleted.

    Args:
        arn: the bucket's.
        prefix: of the files.
        source_arn: of another bucket, whose files can be read; None for no other.
        source_prefix: of those.
    """
    statements = [
        {
            "Sid": "Write",
            "Effect": "Allow",
            # The second and the last for rclone 1.60, Ubuntu 24.04's: it says whose a file is that it puts, and asks
            # S3 for the version that it has put (Amazon S3 API Reference, "PutObject", "HeadObject").
            "Action": ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject", "s3:GetObjectVersion"],
            "Resource": f"{arn}/{prefix}/*",
        },
        _list("List", arn, prefix),
    ]
    if source_arn:
        read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{source_arn}/{source_prefix}/*"}
        statements += [{"Sid": "ReadSource", **read}, _list("ListSource", source_arn, source_prefix)]
    return policy(*statements)


def _list(name: str, arn: str, prefix: str) -> dict[str, Any]:
    # IfExists: S3 asks for the same right where a file is not there, to tell so; there is no prefix in such a request.
    condition = {"StringLikeIfExists": {"s3:prefix": [prefix, f"{prefix}/*"]}}
    return {"Sid": name, "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn, "Condition": condition}
