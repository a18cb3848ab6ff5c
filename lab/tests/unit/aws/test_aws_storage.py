"""Buckets, roles, profiles and endpoints as the real provider has them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial

import pytest

from lab.aws import functions, provider
from lab.aws.schema import Cloud
from lab.aws.wire import Values
from lab.cloud.model import Bucket, BucketVersioning, Instance, InstanceProfile, PrefixList, Role, RouteTable
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.aws.inputs import BUCKET_POLICY, POLICY, SEED, VALUES, checked, instance_of, urn
from lab.tests.unit.ec2_world import World, code_of


def made(cloud: Cloud, kind: str, changes: Values | None = None, name: str = "name") -> tuple[str, Values]:
    """Make a resource, and return its id and properties."""
    return provider.create(cloud, urn(kind, name), checked(cloud, kind, changes), preview=False)


def failures(cloud: Cloud, kind: str, changes: Values) -> str:
    """Return what a check finds wrong with a resource's inputs."""
    found = provider.check(cloud, urn(kind), {**VALUES[kind], **changes}, {}, SEED)[1]
    return " ".join(failure.reason for failure in found)


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    return made(cloud, "Bucket", {"bucket": "backups"})[0]


@pytest.fixture
def role(cloud: Cloud) -> str:
    return made(cloud, "Role", {"name": "writer"})[0]


def test_a_bucket_has_what_the_real_provider_returns(world: World, cloud: Cloud) -> None:
    record_id, state = made(cloud, "Bucket", {"bucket": None, "tags": {"a": "b"}}, "backups")
    assert record_id == state["bucket"] == "name-0001020"
    assert state["arn"] == f"arn:aws:s3:::{record_id}"
    assert state["bucketRegionalDomainName"] == f"{record_id}.s3.eu-central-1.amazonaws.com"
    assert world.plane.calls == [("make_bucket", f"eu-central-1/{record_id}")]


def test_a_bucket_that_s3_could_not_make_leaves_no_record(world: World, cloud: Cloud) -> None:
    world.plane.refuse.add("make_bucket")
    with pytest.raises(LabError, match="refused to make_bucket"):
        made(cloud, "Bucket")
    assert world.store.all(Bucket) == []


@pytest.mark.parametrize("name", ["Backups", "ab", "a..b", "-a-b", "10.0.0.1", "a_b_c"])
def test_a_name_that_s3_refuses_is_refused(cloud: Cloud, name: str) -> None:
    assert "InvalidBucketName" in failures(cloud, "Bucket", {"bucket": name})


def test_a_second_bucket_role_or_profile_of_a_name_is_refused(cloud: Cloud) -> None:
    for kind, code in (
        ("Bucket", "BucketAlreadyOwnedByYou"),
        ("Role", "EntityAlreadyExists"),
        ("InstanceProfile", "EntityAlreadyExists"),
    ):
        made(cloud, kind)
        assert code_of(partial(made, cloud, kind, {"tags": {"x": "y"}}, "other")) == code


def test_a_bucket_that_is_not_empty_goes_only_by_force(world: World, cloud: Cloud, bucket: str) -> None:
    world.plane.buckets[bucket] = 1
    kept = checked(cloud, "Bucket", {"bucket": bucket})
    assert code_of(lambda: provider.delete(cloud, urn("Bucket"), bucket, kept)) == "BucketNotEmpty"
    assert world.store.find(Bucket, bucket)
    provider.delete(cloud, urn("Bucket"), bucket, {**kept, "forceDestroy": True})
    assert world.store.find(Bucket, bucket) is None and world.plane.buckets == {}


def test_what_is_said_of_a_bucket_needs_it_and_goes_with_it(world: World, cloud: Cloud) -> None:
    of_bucket = [kind for kind in VALUES if kind.startswith("Bucket") and kind != "Bucket"]
    for kind in of_bucket:
        assert code_of(partial(made, cloud, kind)) == "NoSuchBucket"
    made(cloud, "Bucket", {"bucket": "backups"})
    assert [made(cloud, kind)[0] for kind in of_bucket] == ["backups"] * len(of_bucket)
    provider.delete(cloud, urn("Bucket"), "backups", checked(cloud, "Bucket"))
    assert world.store.all(BucketVersioning) == []


@pytest.mark.usefixtures("bucket")
def test_versioning_once_enabled_can_only_be_suspended(world: World, cloud: Cloud) -> None:
    made(cloud, "BucketVersioning")
    assert ("set_versioning", "eu-central-1/backups Enabled") in world.plane.calls
    off = checked(cloud, "BucketVersioning", {"versioningConfiguration": {"status": "Disabled"}})
    enabled = checked(cloud, "BucketVersioning")
    with pytest.raises(LabError, match="cannot be updated from 'Enabled' to 'Disabled'"):
        provider.update(cloud, urn("BucketVersioning"), "backups", enabled, enabled, off, preview=False)
    provider.delete(cloud, urn("BucketVersioning"), "backups", enabled)
    assert ("set_versioning", "eu-central-1/backups Suspended") in world.plane.calls
    assert "expected status" in failures(cloud, "BucketVersioning", {"versioningConfiguration": {"status": "On"}})


@pytest.mark.usefixtures("bucket")
def test_a_public_policy_is_blocked_unless_the_bucket_says_otherwise(cloud: Cloud) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
    public = {"policy": json.dumps({"Statement": [statement]})}
    assert code_of(lambda: made(cloud, "BucketPolicy", public)) == "AccessDenied"
    made(cloud, "BucketPublicAccessBlock", {"blockPublicPolicy": True})
    assert code_of(lambda: made(cloud, "BucketPolicy", public)) == "AccessDenied"
    made(cloud, "BucketPublicAccessBlock")
    assert made(cloud, "BucketPolicy", public)[0] == "backups"


def test_the_same_policy_in_other_words_is_no_change(cloud: Cloud) -> None:
    old = checked(cloud, "BucketPolicy")
    new = checked(cloud, "BucketPolicy", {"policy": json.dumps(json.loads(BUCKET_POLICY), indent=4)})
    other = checked(cloud, "BucketPolicy", {"policy": BUCKET_POLICY.replace("s3:*", "s3:Get*")})
    assert not provider.diff(cloud, urn("BucketPolicy"), old, old, new).changes
    (change,) = provider.diff(cloud, urn("BucketPolicy"), old, old, other).changes.values()
    assert not change.replaces


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"expiration": {"days": 0}}, "must be a positive integer"),
        ({"transitions": [{"days": 1, "storageClass": "GLACIER"}]}, "transitions: .*does not support it"),
        ({"expiration": {"days": 1}, "filter": {"tag": {"key": "a", "value": "b"}}}, "filter: tag"),
        ({"status": "On", "expiration": {"days": 1}}, "expected status"),
        ({"filter": {"prefix": "a"}}, "At least one action"),
    ],
)
def test_a_lifecycle_rule_that_s3_refuses_or_a_lab_cannot_apply_is_refused(
    cloud: Cloud, rule: Values, told: str
) -> None:
    found = failures(cloud, "BucketLifecycleConfiguration", {"rules": [{"status": "Enabled", **rule}]})
    assert re.search(told, found), found


def test_a_role_keeps_its_identity_over_an_update_and_gets_another_when_made_anew(world: World, cloud: Cloud) -> None:
    record_id, state = made(cloud, "Role", {"path": "/app/"})
    assert record_id == "given" and state["arn"] == "arn:aws:iam::000000000000:role/app/given"
    assert state["uniqueId"].startswith("AROA")
    old = checked(cloud, "Role", {"path": "/app/"})
    new = checked(cloud, "Role", {"path": "/app/", "description": "writes"})
    updated = provider.update(cloud, urn("Role"), record_id, {**old, **state}, old, new, preview=False)
    assert (updated["uniqueId"], updated["description"]) == (state["uniqueId"], "writes")
    provider.delete(cloud, urn("Role"), record_id, old)
    assert made(cloud, "Role")[1]["uniqueId"] != state["uniqueId"]
    assert len(world.store.all(Role)) == 1


def test_a_role_goes_when_nothing_holds_on_to_it(cloud: Cloud, role: str) -> None:
    kept = checked(cloud, "Role", {"name": role})
    policy_id = made(cloud, "RolePolicy")[0]
    assert policy_id == "writer:given"
    profile = made(cloud, "InstanceProfile", {"role": role})[0]
    assert code_of(lambda: provider.delete(cloud, urn("Role"), role, kept)) == "DeleteConflict"
    provider.delete(cloud, urn("RolePolicy"), policy_id, {})
    assert code_of(lambda: provider.delete(cloud, urn("Role"), role, kept)) == "DeleteConflict"
    provider.delete(cloud, urn("InstanceProfile"), profile, {})
    provider.delete(cloud, urn("Role"), role, kept)


def test_a_policy_for_a_role_that_is_none_is_refused(cloud: Cloud) -> None:
    with pytest.raises(AwsError, match="NoSuchEntity: The role with name writer cannot be found"):
        made(cloud, "RolePolicy")
    assert "does not support it" in failures(
        cloud, "RolePolicy", {"policy": POLICY.replace('"Resource"', '"NotPrincipal": "*", "Resource"')}
    )


def test_an_instance_takes_a_profile_that_is_there_also_in_place(world: World, cloud: Cloud, role: str) -> None:
    with pytest.raises(AwsError, match=r"\(nobody\) .*Invalid IAM Instance Profile name"):
        instance_of(world, cloud, iamInstanceProfile="nobody")
    record_id, state, inputs = instance_of(world, cloud)
    made(cloud, "InstanceProfile", {"name": "empty"})
    made(cloud, "InstanceProfile", {"name": "backups", "role": role}, "full")
    for name, refused in (("empty", True), ("backups", False)):
        new = {**inputs, "iamInstanceProfile": name}
        changes = provider.diff(cloud, urn("Instance"), inputs, state, new).changes
        assert {key: change.replaces for key, change in changes.items()} == {"iamInstanceProfile": False}
        if refused:
            with pytest.raises(AwsError, match="Invalid IAM Instance Profile name"):
                provider.update(cloud, urn("Instance"), record_id, state, inputs, new, preview=False)
        else:
            world.plane.calls.clear()
            updated = provider.update(cloud, urn("Instance"), record_id, state, inputs, new, preview=False)
            assert updated["iamInstanceProfile"] == name
            assert world.plane.calls[-1] == ("serve", "eu-central-1")
            assert "stop" not in {verb for verb, _ in world.plane.calls}
    world.ec2.delete(InstanceProfile, "backups")  # AWS lets it go, and other changes of the instance are none of its
    instance = world.store.get(Instance, record_id)
    assert world.ec2.modify(replace(instance, disable_api_termination=True)).disable_api_termination


def test_an_endpoint_has_what_the_real_provider_returns_and_changes_in_place(world: World, cloud: Cloud) -> None:
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    given: Values = {"vpcId": world.vpc.id, "routeTableIds": [table.id]}
    record_id, state = made(cloud, "VpcEndpoint", given)
    assert state["state"] == "available" and state["cidrBlocks"] == ["198.18.7.3/32"]
    assert json.loads(state["policy"])["Statement"][0]["Action"] == "*"
    named = functions.call(cloud, "aws:ec2/getPrefixList:getPrefixList", {"name": "com.amazonaws.eu-central-1.s3"})
    assert named["id"] == state["prefixListId"] and named["cidrBlocks"] == state["cidrBlocks"]
    assert world.store.get(PrefixList, named["id"])
    old = checked(cloud, "VpcEndpoint", given)
    new = {**old, "routeTableIds": []}
    changes = provider.diff(cloud, urn("VpcEndpoint"), old, state, new).changes
    assert not any(change.replaces for change in changes.values())
    assert provider.update(cloud, urn("VpcEndpoint"), record_id, state, old, new, preview=False)["routeTableIds"] == []
    world.ec2.delete(RouteTable, table.id)


def test_an_endpoint_that_ec2_refuses_is_refused(world: World, cloud: Cloud) -> None:
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    given: Values = {"vpcId": world.vpc.id, "routeTableIds": [table.id]}
    dynamo = {**given, "serviceName": "com.amazonaws.eu-central-1.dynamodb"}
    assert code_of(lambda: made(cloud, "VpcEndpoint", dynamo)) == "InvalidServiceName"
    assert code_of(lambda: made(cloud, "VpcEndpoint", {**given, "routeTableIds": ["rtb-0"]})) == (
        "InvalidRouteTableID.NotFound"
    )
    made(cloud, "VpcEndpoint", given)
    assert code_of(lambda: made(cloud, "VpcEndpoint", given, "twin")) == "RouteAlreadyExists"
    assert "Gateway" in failures(cloud, "VpcEndpoint", {"vpcEndpointType": "Interface"})


def test_functions_tell_of_buckets_and_profiles(cloud: Cloud, bucket: str, role: str) -> None:
    assert functions.call(cloud, "aws:s3/getBucket:getBucket", {"bucket": bucket})["arn"] == "arn:aws:s3:::backups"
    made(cloud, "InstanceProfile", {"role": role})
    told = functions.call(cloud, "aws:iam/getInstanceProfile:getInstanceProfile", {"name": "given"})
    assert told["roleName"] == "writer" and told["roleArn"].endswith(":role/writer")
    assert functions.call(cloud, "aws:index/getPartition:getPartition", {})["partition"] == "aws"
    with pytest.raises(LabError, match=r"reading S3 Bucket \(none\)"):
        functions.call(cloud, "aws:s3/getBucket:getBucket", {"bucket": "none"})
    with pytest.raises(LabError, match="Instance Profile none cannot be found"):
        functions.call(cloud, "aws:iam/getInstanceProfile:getInstanceProfile", {"name": "none"})
