"""Data Lifecycle Manager's policies: snapshots of tagged volumes on a schedule."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from lab.aws.network import REGION, TAGS
from lab.aws.schema import NOT_SUPPORTED, Cloud, Failure, Property, ResourceType, sdk_names
from lab.aws.wire import Values, unknown_in
from lab.cloud.model import LifecyclePolicy
from lab.cloud.rules import ACCOUNT_ID

_DETAILS = frozenset({"policyType", "resourceTypes", "resourceLocations", "schedules", "targetTags"})
_SCHEDULE = frozenset({"name", "createRule", "retainRule", "copyTags", "tagsToAdd"})
_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_CRON = re.compile(r"cron\([^\n]{11,100}\)")
_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role/.+")
_DESCRIPTION = re.compile(r"[0-9A-Za-z _-]{1,500}")
_UNITS = ("DAYS", "WEEKS", "MONTHS", "YEARS")
_FIXED = {"policyType": "EBS_SNAPSHOT_MANAGEMENT", "resourceTypes": ["VOLUME"], "resourceLocations": "CLOUD"}
"""What a lab's policies can be about."""


class LifecyclePolicyType(ResourceType):
    """aws.dlm.LifecyclePolicy; `python -m lab snapshots` does what it asks for."""

    urn_type = "aws:dlm/lifecyclePolicy:LifecyclePolicy"
    kind = LifecyclePolicy
    prefix = "policy"
    properties: ClassVar = {
        "description": Property(required=True),
        "executionRoleArn": Property(required=True),
        "policyDetails": Property("object", required=True, fields=_DETAILS),
        "state": Property(default="ENABLED", only=("ENABLED", "DISABLED")),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn",)

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield what DLM, or the provider, refuses.

        Source: Terraform's aws provider, resource aws_dlm_lifecycle_policy; the Amazon Data Lifecycle Manager API
        Reference, CreateRule and RetainRule.
        """
        if not _DESCRIPTION.fullmatch(inputs.get("description", "-")):
            yield Failure("description", "description: 1 to 500 letters, digits, blanks, _ and - (^[0-9A-Za-z _-]+$)")
        if not _ROLE.fullmatch(inputs.get("executionRoleArn", f"arn:aws:iam::{ACCOUNT_ID}:role/x")):
            yield Failure("executionRoleArn", f"{inputs['executionRoleArn']!r} is no ARN of a role")
        details = inputs.get("policyDetails", {})
        if details:
            for reason in _details_problems(details):
                yield Failure("policyDetails", f"policyDetails: {reason}")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> LifecyclePolicy:
        """Return the policy that inputs ask for."""
        texts = (inputs["description"], inputs["executionRoleArn"], inputs["state"])
        return LifecyclePolicy(record_id, *texts, inputs["policyDetails"])

    def inputs(self, record: LifecyclePolicy) -> Values:
        """Return the inputs that a policy tells of itself."""
        return {
            "description": record.description,
            "executionRoleArn": record.execution_role_arn,
            "state": record.state,
            "policyDetails": record.details,
        }

    def outputs(self, cloud: Cloud, record: LifecyclePolicy) -> Values:
        """Return what DLM adds to a policy."""
        return {"arn": f"arn:aws:dlm:{cloud.region}:{ACCOUNT_ID}:policy/{record.id}"}


def _details_problems(details: Values) -> Iterator[str]:
    for name, value in _FIXED.items():
        if details.get(name, value) != value:
            yield f"{name} {details[name]!r}: {NOT_SUPPORTED}"
    for name in ("resourceTypes", "targetTags", "schedules"):
        if not details.get(name):
            yield f"{name} is missing"
    schedules = details.get("schedules") or []
    if len(schedules) > 4:
        yield "schedules: at most 4"
    for schedule in schedules:
        yield from _schedule_problems(schedule)


def _schedule_problems(schedule: Any) -> Iterator[str]:
    if unknown_in(schedule):
        return
    for strange in sorted(set(schedule) - _SCHEDULE):
        known = strange in sdk_names(LifecyclePolicyType.urn_type, "PolicyDetailsSchedule")
        yield f"schedules.{strange}: {NOT_SUPPORTED if known else 'there is no such property'}"
    for name in ("name", "createRule", "retainRule"):
        if not schedule.get(name):
            yield f"schedules.{name} is missing"
    yield from _create_rule_problems(schedule.get("createRule") or {"interval": 24, "times": "00:00"})
    yield from _retain_rule_problems(schedule.get("retainRule") or {"count": 1})


def _create_rule_problems(rule: Values) -> Iterator[str]:
    for strange in sorted(set(rule) - {"interval", "intervalUnit", "times", "cronExpression"}):
        yield f"createRule.{strange}: {NOT_SUPPORTED}"
    if "cronExpression" in rule:
        if set(rule) - {"cronExpression"}:
            yield "createRule.cronExpression conflicts with interval, intervalUnit and times"
        if not _CRON.fullmatch(rule["cronExpression"]):
            yield f"createRule.cronExpression {rule['cronExpression']!r}: expected cron(…) with six fields"
        return
    if rule.get("interval") not in _HOURS:
        yield f"expected createRule.interval to be one of {list(_HOURS)}, got {rule.get('interval')}"
    if rule.get("intervalUnit", "HOURS") != "HOURS":
        yield f"expected createRule.intervalUnit to be HOURS, got {rule['intervalUnit']}"
    if not _TIME.fullmatch(rule.get("times", "")):
        yield f"createRule.times {rule.get('times')!r}: a time of the day in UTC, as 03:00, goes with interval"


def _retain_rule_problems(rule: Values) -> Iterator[str]:
    for strange in sorted(set(rule) - {"count", "interval", "intervalUnit"}):
        yield f"retainRule.{strange}: there is no such property"
    if ("count" in rule) == ("interval" in rule):
        yield "retainRule: either count, or interval and intervalUnit"
    elif "count" in rule and not 1 <= rule["count"] <= 1000:
        yield f"expected retainRule.count to be in the range (1 - 1000), got {rule['count']}"
    elif "interval" in rule and rule.get("intervalUnit") not in _UNITS:
        yield f"expected retainRule.intervalUnit to be one of {list(_UNITS)}, got {rule.get('intervalUnit')}"
