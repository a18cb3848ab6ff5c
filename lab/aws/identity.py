"""IAM: roles, the policies in them, and the profiles that give them to instances."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import ClassVar

from lab.aws.network import TAGS
from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import policies
from lab.cloud.identities import profile_arn, role_arn
from lab.cloud.model import InstanceProfile, Role, RolePolicy
from lab.cloud.rules import AwsError
from lab.settings import LabError

_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
PATH = Property(default="/", replaces=True)


def check_name(name: str, longest: int) -> None:
    """Refuse a name that IAM refuses.

    Raises:
        AwsError: ValidationError.
    """
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise AwsError(
            "ValidationError",
            f"The specified value for name is invalid. It must contain only alphanumeric characters and/or the "
            f"following: +=,.@_- (at most {longest})",
        )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class RoleType(ResourceType):
    """aws.iam.Role, its policies being resources of their own."""

    urn_type = "aws:iam/role:Role"
    kind = Role
    auto_name = "name"
    auto_name_prefix = "namePrefix"
    properties: ClassVar = {
        "assumeRolePolicy": Property(required=True, json=True),
        "name": Property(replaces=True),
        "namePrefix": Property(replaces=True),
        "path": PATH,
        "description": Property(),
        "maxSessionDuration": Property("number", default=3600, without_effect="instances' credentials live six hours"),
        "forceDetachPolicies": Property("bool", default=False),
        "tags": TAGS,
    }
    computed = ("arn", "createDate", "uniqueId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name or a trust policy that IAM refuses."""
        if "name" in inputs:
            yield from attempt("name", check_name, inputs["name"], 64)
        if "assumeRolePolicy" in inputs:
            yield from attempt("assumeRolePolicy", policies.check_trust, inputs["assumeRolePolicy"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Role:
        """Return the role that inputs ask for."""
        existing = cloud.ec2.store.find(Role, record_id) if record_id else None
        return Role(
            inputs["name"],
            inputs["assumeRolePolicy"],
            existing.unique_id if existing else "",
            inputs["path"],
            inputs.get("description", ""),
            inputs["maxSessionDuration"],
            existing.created if existing else _now(),
        )

    def inputs(self, record: Role) -> Values:
        """Return the inputs that a role tells of itself."""
        return {
            "name": record.id,
            "assumeRolePolicy": record.assume_role_policy,
            "path": record.path,
            "description": record.description or None,
            "maxSessionDuration": record.max_session_duration,
        }

    def outputs(self, cloud: Cloud, record: Role) -> Values:
        """Return what IAM adds to a role."""
        return {"arn": role_arn(record), "createDate": record.created, "uniqueId": record.unique_id}

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Delete the role, which must have no policy unless they are to be taken off.

        Raises:
            AwsError: DeleteConflict.
        """
        left = [item for item in cloud.ec2.store.all(RolePolicy) if item.role == record_id]
        if left and not inputs.get("forceDetachPolicies"):
            raise AwsError("DeleteConflict", "Cannot delete entity, must delete policies first.")
        cloud.ec2.delete(Role, record_id)


class RolePolicyType(ResourceType):
    """aws.iam.RolePolicy."""

    urn_type = "aws:iam/rolePolicy:RolePolicy"
    kind = RolePolicy
    auto_name = "name"
    auto_name_prefix = "namePrefix"
    properties: ClassVar = {
        "policy": Property(required=True, json=True),
        "role": Property(required=True, replaces=True),
        "name": Property(replaces=True),
        "namePrefix": Property(replaces=True),
    }
    computed = ()

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a policy that IAM refuses, or that a lab cannot decide by."""
        if "name" in inputs:
            yield from attempt("name", check_name, inputs["name"], 128)
        if "policy" in inputs:
            yield from attempt("policy", policies.check, inputs["policy"], False)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> RolePolicy:
        """Return the policy that inputs ask for."""
        policies.check(inputs["policy"], False)
        return RolePolicy(f"{inputs['role']}:{inputs['name']}", inputs["role"], inputs["policy"])

    def inputs(self, record: RolePolicy) -> Values:
        """Return the inputs that a policy tells of itself."""
        return {"policy": record.policy, "role": record.role, "name": record.id.removeprefix(f"{record.role}:")}

    def outputs(self, cloud: Cloud, record: RolePolicy) -> Values:
        """Return nothing: a policy is its inputs."""
        return {}


class InstanceProfileType(ResourceType):
    """aws.iam.InstanceProfile."""

    urn_type = "aws:iam/instanceProfile:InstanceProfile"
    kind = InstanceProfile
    auto_name = "name"
    auto_name_prefix = "namePrefix"
    properties: ClassVar = {
        "name": Property(replaces=True),
        "namePrefix": Property(replaces=True),
        "path": PATH,
        "role": Property(),
        "tags": TAGS,
    }
    computed = ("arn", "createDate", "uniqueId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name that IAM refuses."""
        if "name" in inputs:
            yield from attempt("name", check_name, inputs["name"], 128)

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> InstanceProfile:
        """Return the profile that inputs ask for."""
        existing = cloud.ec2.store.find(InstanceProfile, record_id) if record_id else None
        created = existing.created if existing else _now()
        kept = existing.unique_id if existing else ""
        return InstanceProfile(inputs["name"], inputs.get("role", ""), kept, inputs["path"], created)

    def inputs(self, record: InstanceProfile) -> Values:
        """Return the inputs that a profile tells of itself."""
        return {"name": record.id, "path": record.path, "role": record.role or None}

    def outputs(self, cloud: Cloud, record: InstanceProfile) -> Values:
        """Return what IAM adds to a profile."""
        return {"arn": profile_arn(record), "createDate": record.created, "uniqueId": record.unique_id}


def get_instance_profile(cloud: Cloud, args: Values) -> Values:
    """Answer aws.iam.get_instance_profile.

    Raises:
        LabError: there is none, in the provider's words.
    """
    record = cloud.ec2.store.find(InstanceProfile, args["name"])
    if record is None:
        raise LabError(
            f"reading IAM Instance Profile ({args['name']}): NoSuchEntity: Instance Profile {args['name']} "
            "cannot be found."
        )
    role = cloud.ec2.store.find(Role, record.role) if record.role else None
    return {
        "id": record.unique_id,
        "name": record.id,
        "arn": profile_arn(record),
        "createDate": record.created,
        "path": record.path,
        "roleArn": role_arn(role) if role else "",
        "roleId": role.unique_id if role else "",
        "roleName": record.role,
    }
