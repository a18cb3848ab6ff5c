"""Backups as the program makes them: a bucket of their own or another's, the server's rights, and what it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.backups.backups import role_policy
from components.backups.bucket import tls_only
from scripts.host.backups.spec import BackupSpec, RepositorySpec, RestoreSpec, SetUpSpec
from scripts.host.mysql.spec import ServerSpec
from tests.unit.program import mocks
from tests.unit.program.configs import BACKUP_KEY
from tests.unit.program.program_run import Run, plain, run_with, without_secrets

OWN = "mysql-pair-unit-backups-1a2b3c"
MADE = f"{mocks.GENERATED}-backups-key-1"


def only(run: Run, kind: str) -> dict[str, Any]:
    """Return the inputs of the one resource of a kind."""
    (made,) = run.inputs(kind).values()
    return made


def test_the_bucket_is_private_versioned_encrypted_and_refuses_requests_without_tls(run: Run) -> None:
    block = only(run, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert {value for key, value in block.items() if key != "bucket"} == {True} and len(block) == 5
    assert only(run, "aws:s3/bucketVersioning:BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}
    encryption = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert only(run, encryption)["rules"] == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    policy = json.loads(only(run, "aws:s3/bucketPolicy:BucketPolicy")["policy"])
    assert policy == json.loads(tls_only(f"arn:aws:s3:::{OWN}"))
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


# config, days until a file is no longer current, days that a former one is kept
RETENTION: list[tuple[dict[str, str], int, int]] = [
    ({}, 9, 7),
    ({"backupDays": "30"}, 32, 30),
    ({"backupSchedule": "weekly"}, 15, 7),
    ({"backupSchedule": "Mon,Thu 03:00"}, 12, 7),
]


@pytest.mark.parametrize(("changes", "current", "former"), RETENTION)
def test_a_base_is_kept_for_as_long_as_a_day_that_it_is_needed_for(
    changes: dict[str, str], current: int, former: int
) -> None:
    made = only(run_with(**changes), "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    (rule,) = made["rules"]
    assert rule["expiration"] == {"days": current}
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": former}
    assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_the_bucket_stays_when_the_stack_goes_unless_config_says_otherwise(run: Run, configured: Run) -> None:
    assert only(run, "aws:s3/bucket:Bucket")["forceDestroy"] is False
    kept = {name for name in run.seen.retained if name.startswith("backups-")}
    parts = ("bucket", "public-access", "versioning", "encryption", "lifecycle", "policy")
    assert kept == {f"backups-{part}" for part in parts}
    assert only(configured, "aws:s3/bucket:Bucket")["forceDestroy"] is True
    assert not any(name.startswith("backups-") for name in configured.seen.retained)


def test_the_server_may_add_and_read_its_own_files_and_list_and_nothing_else(run: Run) -> None:
    role = run.inputs("aws:iam/role:Role")["backups-role"]
    assert json.loads(role["assumeRolePolicy"])["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    policy = json.loads(run.inputs("aws:iam/rolePolicy:RolePolicy")["backups-policy"]["policy"])
    write, listing = policy["Statement"]
    assert write["Action"] == ["s3:PutObject", "s3:PutObjectAcl", "s3:GetObject", "s3:GetObjectVersion"]
    assert write["Resource"] == f"arn:aws:s3:::{OWN}/mysql-pair-unit/*"
    assert (listing["Action"], listing["Resource"]) == ("s3:ListBucket", f"arn:aws:s3:::{OWN}")
    assert listing["Condition"]["StringLikeIfExists"]["s3:prefix"] == ["mysql-pair-unit", "mysql-pair-unit/*"]
    profiles = {name: made.get("iamInstanceProfile") for name, made in run.instances.items()}
    assert profiles == {"server-instance": "mysql-pair-unit-backups-1a2b3c", "client-1-instance": None}


def test_a_profile_from_config_stays_and_its_role_gets_the_rights(configured: Run) -> None:
    run = configured
    assert "backups-role" not in run.inputs("aws:iam/role:Role")
    assert run.inputs("aws:iam/instanceProfile:InstanceProfile") == {}
    assert run.inputs("aws:iam/rolePolicy:RolePolicy")["backups-policy"]["role"] == "role-of-session-manager"
    assert run.instances["server-instance"]["iamInstanceProfile"] == "session-manager"


def test_the_server_is_told_where_to_when_and_by_which_key_by_standard_input_alone(run: Run) -> None:
    assert run.spec("server-backups", SetUpSpec) == SetUpSpec(
        BackupSpec(MADE, OWN, "mysql-pair-unit", mocks.REGION, "", "daily", "weekly", 7)
    )
    assert MADE not in json.dumps([without_secrets(seen.inputs) for seen in run.seen.resources])
    holders = {name for name, made in run.commands.items() if MADE in json.dumps(plain(made))}
    assert holders == {"server-backups"}


def test_outputs_say_where_backups_are_and_have_the_key_as_a_secret(run: Run) -> None:
    assert (run.outputs["backup_bucket"], run.outputs["backup_prefix"]) == (OWN, "mysql-pair-unit")
    assert run.outputs["backup_days"] == 7
    assert run.outputs["backup_key"] == MADE and "backup_key" in run.secret_outputs


def test_a_key_of_ones_own_is_used_and_none_is_made(configured: Run) -> None:
    run = configured
    assert "backups-key" not in run.inputs("command:local:Command")
    assert run.outputs["backup_key"] == BACKUP_KEY and "backup_key" in run.secret_outputs
    assert BACKUP_KEY not in json.dumps([without_secrets(seen.inputs) for seen in run.seen.resources])


def test_a_bucket_that_is_there_is_only_written_to() -> None:
    run = run_with(backupBucket="example-backups")
    assert [kind for kind, _ in run.seen.parents if kind.startswith("aws:s3/")] == []
    backups = run.spec("server-backups", SetUpSpec).backups
    assert backups and (backups.bucket, backups.region) == ("example-backups", "eu-west-1")
    policy = json.loads(run.inputs("aws:iam/rolePolicy:RolePolicy")["backups-policy"]["policy"])
    assert policy["Statement"][0]["Resource"] == "arn:aws:s3:::example-backups/mysql-pair-unit/*"


def test_backups_that_are_turned_off_stop_on_the_server_and_the_key_stays() -> None:
    run = run_with(backupDays="0")
    assert [kind for kind, _ in run.seen.parents if kind.startswith("aws:s3/")] == []
    assert "backups-role" not in run.inputs("aws:iam/role:Role")
    assert run.inputs("aws:ec2/vpcEndpoint:VpcEndpoint") == {}
    assert run.spec("server-backups", SetUpSpec) == SetUpSpec(None)
    assert (run.outputs["backup_bucket"], run.outputs["backup_days"], run.outputs["backup_key"]) == (None, None, MADE)
    assert run.instances["server-instance"].get("iamInstanceProfile") is None


def test_a_vpc_of_the_programs_own_reaches_s3_from_all_its_subnets(run: Run) -> None:
    endpoint = only(run, "aws:ec2/vpcEndpoint:VpcEndpoint")
    assert (endpoint["vpcEndpointType"], endpoint["serviceName"]) == ("Gateway", f"com.amazonaws.{mocks.REGION}.s3")
    tables = [f"{name}-id" for name in run.inputs("aws:ec2/routeTable:RouteTable")]
    assert sorted(endpoint["routeTableIds"]) == sorted(tables)


def test_a_new_server_is_restored_from_another_stacks_bucket_before_its_accounts_are_made() -> None:
    source = {"bucket": "example-backups", "prefix": "mysql-pair-prod", "at": "2026-01-01T10:30:00Z"}
    run = run_with(restoreFrom=json.dumps(source), restoreKey=BACKUP_KEY)
    repository = RepositorySpec(BACKUP_KEY, "example-backups", "mysql-pair-prod", "eu-west-1")
    assert run.spec("server-restored", RestoreSpec) == RestoreSpec(repository, at="2026-01-01T10:30:00Z")
    assert run.commands["server-restored"]["triggers"][0]["verb"] == "backup restore"
    assert BACKUP_KEY not in json.dumps([without_secrets(seen.inputs) for seen in run.seen.resources])
    policy = json.loads(run.inputs("aws:iam/rolePolicy:RolePolicy")["backups-policy"]["policy"])
    read = [entry for entry in policy["Statement"] if "Source" in entry["Sid"]]
    assert [entry["Action"] for entry in read] == ["s3:GetObject", "s3:ListBucket"]
    assert "server-restored" in run.seen.dependencies["accounts-applied"]
    assert run.seen.dependencies["server-backups"] >= {"accounts-applied", "backups-policy"}


def test_a_restore_from_the_stacks_own_backups_needs_no_key() -> None:
    run = run_with(restoreFrom='{"base": "20260101T033000Z"}')
    spec = run.spec("server-restored", RestoreSpec)
    assert (spec.source.key, spec.source.bucket, spec.base) == (MADE, OWN, "20260101T033000Z")


def test_beside_a_snapshot_the_log_is_replayed_over_it_and_mysql_lets_nobody_in_before() -> None:
    snapshot = "snap-0a0a0a0a"
    run = run_with(restoreFrom='{"at": "2026-01-01T10:30:00Z"}', dataVolumeSnapshot=snapshot)
    assert run.spec("server-restored", RestoreSpec).snapshot == snapshot
    data = run.spec("server-converged", ServerSpec).data
    assert data and data.replay_over == snapshot
    # As they are once restoreFrom is taken out.
    data = run_with(dataVolumeSnapshot=snapshot).spec("server-converged", ServerSpec).data
    assert data and data.replay_over == ""


def test_no_right_of_the_role_deletes_or_changes_the_buckets_rules() -> None:
    policy = json.loads(role_policy("arn:aws:s3:::a", "p", "arn:aws:s3:::b", "q"))
    actions = [entry["Action"] for entry in policy["Statement"]]
    flat = {action for each in actions for action in ([each] if isinstance(each, str) else each)}
    assert flat == {"s3:PutObject", "s3:PutObjectAcl", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}


def test_the_data_volume_is_snapshot_on_a_schedule_by_its_name(run: Run) -> None:
    made = only(run, "aws:dlm/lifecyclePolicy:LifecyclePolicy")
    details = made["policyDetails"]
    (volume,) = run.inputs("aws:ebs/volume:Volume").values()
    assert details["targetTags"] == {"Name": volume["tags"]["Name"]} and details["resourceTypes"] == ["VOLUME"]
    (schedule,) = details["schedules"]
    assert schedule["createRule"] == {"cronExpression": "cron(30 3 * * ? *)"}
    assert schedule["retainRule"] == {"count": 7}
    role = json.loads(run.inputs("aws:iam/role:Role")["snapshots-role"]["assumeRolePolicy"])
    assert role["Statement"][0]["Principal"] == {"Service": "dlm.amazonaws.com"}
    for none in ({"snapshotCount": "0"}, {"dataVolumeSize": "0"}):
        assert run_with(**none).inputs("aws:dlm/lifecyclePolicy:LifecyclePolicy") == {}
