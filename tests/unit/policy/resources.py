"""Resources as a policy is given them: inputs as the engine spells them."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from policy import rules
from policy.rules.resource import Resource
from policy.rules.rule import Rule

INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
AMI = "ami-0123456789abcdef0"

MODULES = [
    importlib.import_module(f"policy.rules.{module.name}")
    for module in pkgutil.iter_modules(rules.__path__)
    if module.name != "bridge"  # which needs the SDK
]
RULES: dict[str, Rule] = {rule.name: rule for module in MODULES for rule in getattr(module, "RULES", ())}
"""Every rule by its name."""


def urn(kind: str, name: str = "it", within: str = "") -> str:
    """Return a URN; `within` are the types of the components it is in, each with a `$` behind it."""
    return f"urn:pulumi:dev::mysql-pair::{within}{kind}::{name}"


def resource(kind: str, within: str = "", **props: Any) -> Resource:
    """Return a resource of these inputs."""
    return Resource(kind, urn(kind, within=within), props)
