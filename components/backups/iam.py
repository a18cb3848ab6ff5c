"""Policies and roles of IAM, as text and as names."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi

LONGEST_ROLE_PREFIX = 38
"""Of a role's name, as the provider takes it: IAM's 64 characters without the 26 that it adds."""


def policy(*statements: Mapping[str, Any]) -> str:
    """Return a policy (JSON) of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    """Return the policy (JSON) by which an AWS service may take a role."""
    principal = {"Service": f"{service}.amazonaws.com"}
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def role_prefix(name: str) -> str:
    """Return how the name of a role begins: project, stack and component."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}-{name}"[: LONGEST_ROLE_PREFIX - 1] + "-"
