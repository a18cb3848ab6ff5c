"""What a request to S3 may do: the role's policies, the bucket's, and that of the endpoint it came by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lab.cloud import policies
from lab.cloud.identities import role_arn
from lab.cloud.model import Bucket, BucketPolicy, Role, RolePolicy, VpcEndpoint
from lab.cloud.policies import Decision, Document
from lab.cloud.rules import ACCOUNT_ID
from lab.cloud.store import Store
from lab.s3.identities import Session

ANYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
OPERATOR_ARN = f"arn:aws:iam::{ACCOUNT_ID}:user/lab"
_ENGINES_OWN = (
    "s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucket*", "s3:PutLifecycleConfiguration",
    "s3:PutEncryptionConfiguration", "s3:PutReplicationConfiguration", "s3:DeleteBucketWebsite", "s3:PutAnalytics*",
    "s3:PutInventory*", "s3:PutMetrics*", "s3:PutAccelerate*", "s3:PutIntelligent*",
)  # fmt: skip
"""What makes and changes buckets: records say it, so nobody but the engine may, whatever the policies say."""


@dataclass(frozen=True)
class Request:
    """Who asks for what, by which way."""

    session: Session | None
    """None: the lab's operator, who may do everything that a bucket's policy does not deny."""
    condition: Mapping[str, Sequence[str]]
    """Condition keys that the gateway tells of the request."""


def decide(store: Store, request: Request, action: str, resource: str) -> Decision:
    """Return what the policies that are in force say to one action on one resource.

    Args:
        store: the lab's records.
        request: who asks, and how.
        action: such as s3:GetObject.
        resource: an ARN.
    """
    if any(policies.like(action, pattern) for pattern in _ENGINES_OWN):
        return "deny"
    bucket = resource.removeprefix("arn:aws:s3:::").partition("/")[0]
    names, own = _asker(store, request)
    context = _context(store, request, names)
    if endpoint := _endpoint(store, request):
        allowed = policies.read(endpoint.policy or policies.FULL_ACCESS)
        if policies.decide([allowed], action, resource, context, names) != "allow":
            return "deny"
    of_bucket = store.find(BucketPolicy, bucket) if store.find(Bucket, bucket) else None
    said = [
        policies.decide(own, action, resource, context, names),
        policies.decide([policies.read(of_bucket.policy)] if of_bucket else [], action, resource, context, names),
    ]
    return "deny" if "deny" in said else "allow" if "allow" in said else "no_match"


def _asker(store: Store, request: Request) -> tuple[list[str], list[Document]]:
    """Return the names of who asks, and its own policies: none where its role is gone, or another of that name."""
    session = request.session
    if session is None:
        return [OPERATOR_ARN], [ANYTHING]
    role = store.find(Role, session.role)
    if role is None or role.unique_id != session.role_id:
        return [session.arn], []
    own = [policies.read(item.policy) for item in store.all(RolePolicy) if item.role == role.id]
    return [role_arn(role), session.arn], own


def _endpoint(store: Store, request: Request) -> VpcEndpoint | None:
    """Return the endpoint that a request came by."""
    address = next(iter(request.condition.get("aws:SourceIp", ())), "")
    return next((item for item in store.all(VpcEndpoint) if item.address == address), None)


def _context(store: Store, request: Request, names: list[str]) -> dict[str, Sequence[str]]:
    context = {key.lower(): values for key, values in request.condition.items()}
    context |= {
        "aws:principalarn": names[:1],
        "aws:principalaccount": [ACCOUNT_ID],
        "aws:resourceaccount": [ACCOUNT_ID],
        "s3:resourceaccount": [ACCOUNT_ID],
        "s3:tlsversion": [str(policies.SERVED_TLS)],
    }
    if session := request.session:
        context["aws:userid"] = [f"{session.role_id}:{session.instance_id}"]
    if endpoint := _endpoint(store, request):
        del context["aws:sourceip"]  # such a request has aws:VpcSourceIp, which a lab cannot tell
        context |= {"aws:sourcevpce": [endpoint.id], "aws:sourcevpc": [endpoint.vpc_id]}
    return context
