"""Buckets that backups go to: nobody else's to read, and not to be emptied by whoever may write to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .resource import UNKNOWN, Resource
from .rule import ResourceRule, Settings, is_not, strings

BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
POLICIES = ("aws:s3/bucketPolicy:BucketPolicy", *BUCKETS)
ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2", *BUCKETS)
ROLE_POLICIES = ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy", "aws:iam/userPolicy:UserPolicy")
BACKUPS = "mysql-pair:index:Backups"
PUBLIC_ACLS = ("public-read", "public-read-write", "authenticated-read")
BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
EVERYONE = ("*", {"AWS": "*"}, {"AWS": ["*"]})
DELETING = (
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "s3:BypassGovernanceRetention",
)
"""What deletes objects of a bucket, or has it delete them (Service Authorization Reference, "Actions, resources, and
condition keys for Amazon S3")."""


def public(resource: Resource, _: Settings) -> Iterator[str]:
    """Yield what lets everyone read or write a bucket, or may.

    Source: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage".
    """
    if resource.type in ACLS and resource.get("acl") in PUBLIC_ACLS:
        yield f"its acl is {resource.get('acl')}, for everyone; leave acl out"
    if resource.type == BLOCK:
        names = [name for name in BLOCKS if is_not(resource.get(name), True)]
        if names:
            yield f"does not block all public access; set {', '.join(map(_snake, names))} to true"
    if resource.type in POLICIES:
        for statement in _statements(resource.get("policy")):
            if statement.get("Effect") == "Allow" and statement.get("Principal") in EVERYONE and _open(statement):
                yield "its policy lets everyone in; name the accounts or roles in Principal"


def _open(statement: dict[str, Any]) -> bool:
    return not statement.get("Condition")


def deleting(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield rights to delete backups, of a role that a server has: whoever takes it over could delete them."""
    of_backups = bool(set(settings["components"]) & set(resource.ancestors))
    named = any(fnmatchcase(resource.name, pattern) for pattern in settings["policies"])
    if resource.type not in ROLE_POLICIES or not (of_backups or named):
        return
    for statement in _statements(resource.get("policy")):
        if statement.get("Effect") != "Allow":
            continue
        if "NotAction" in statement:
            yield "allows all but some actions; name in Action what is needed"
            continue
        listed = statement.get("Action", [])
        patterns = [listed] if isinstance(listed, str) else listed
        found = [action for action in DELETING if any(_matches(action, pattern) for pattern in patterns)]
        if found:
            yield f"may delete backups, by {', '.join(found)}; allow s3:PutObject, s3:GetObject and s3:ListBucket alone"


def _matches(action: str, pattern: object) -> bool:
    # IAM tells no case apart in actions.
    return isinstance(pattern, str) and fnmatchcase(action.lower(), pattern.lower())


def _statements(policy: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements of a policy that can be read; a policy pack is told its JSON as text."""
    if policy is None or policy is UNKNOWN:
        return
    try:
        document = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        return
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict):
            yield statement


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)


RULES = (
    ResourceRule("no-public-bucket", "No bucket is everyone's to read or write.", "mandatory", {}, public),
    ResourceRule(
        "backups-not-deletable",
        "A role that writes backups deletes none, and does not change what is kept.",
        "mandatory",
        {
            "components": strings([BACKUPS], "Types of components whose role policies are for backups."),
            "policies": strings([], "Names of other role policies that are, with * as in a shell."),
        },
        deleting,
    ),
)
