"""IAM's names: unique ids, ARNs, and which role an instance has."""

from __future__ import annotations

import secrets
import string

from lab.cloud.model import Instance, InstanceProfile, Role
from lab.cloud.rules import ACCOUNT_ID
from lab.cloud.store import Store

_LETTERS = string.ascii_uppercase + "234567"


def unique_id(prefix: str, digits: int = 16) -> str:
    """Return an id as IAM gives it: AROA… to a role, AIPA… to an instance profile, AKIA… and ASIA… to keys."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(digits))


def role_arn(role: Role) -> str:
    """Return a role's ARN."""
    return f"arn:aws:iam::{ACCOUNT_ID}:role{role.path}{role.id}"


def profile_arn(profile: InstanceProfile) -> str:
    """Return an instance profile's ARN."""
    return f"arn:aws:iam::{ACCOUNT_ID}:instance-profile{profile.path}{profile.id}"


def profile_of(store: Store, instance: Instance) -> tuple[InstanceProfile, Role | None] | None:
    """Return an instance's profile and the role in it, as they are now."""
    profile = store.find(InstanceProfile, str(instance.options.get("iamInstanceProfile") or "-"))
    return (profile, store.find(Role, profile.role) if profile.role else None) if profile else None
