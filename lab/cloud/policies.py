"""Policy documents of IAM, buckets and endpoints: what a lab understands of them, and what they decide.

Pure. Whatever of a document this module does not know is refused when the document is written, and never ignored.
Source: IAM User Guide, "IAM JSON policy elements reference" and "Policy evaluation logic".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal

from lab.cloud.rules import ACCOUNT_ID, AwsError
from lab.settings import LabError

Document = dict[str, Any]
Statement = dict[str, Any]
Decision = Literal["allow", "deny", "no_match"]
Context = Mapping[str, Collection[str]]
"""A request's condition keys, in lower case, with their values; a key that the request has not is not there."""

EVERYONE = "*"
_ACCOUNT = (f"arn:aws:iam::{ACCOUNT_ID}:root", ACCOUNT_ID)
"""The account itself: a Deny for it is for all of its roles, an Allow leaves it to their own policies."""
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "Condition"}
_KEYS = {
    "aws:currenttime", "aws:epochtime", "aws:principalaccount", "aws:principalarn", "aws:resourceaccount",
    "aws:securetransport", "aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:useragent", "aws:userid",
    "s3:delimiter", "s3:max-keys", "s3:prefix", "s3:resourceaccount", "s3:tlsversion", "s3:versionid",
    "s3:x-amz-acl",
}  # fmt: skip
"""Condition keys that a request to a lab's S3 has."""
FULL_ACCESS = json.dumps(
    {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
)
"""The policy of an endpoint that was given none."""
SERVED_TLS = 1.2
"""The lowest version of TLS that the gateway takes part in."""


def _equal(value: str, wanted: str) -> bool:
    return value == wanted


def _equal_in_any_case(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


def like(value: str, pattern: str) -> bool:
    """Tell whether a value is like a pattern, in which `*` stands for any text and `?` for one character."""
    parts = ("[^\0]*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def _within(value: str, block: str) -> bool:
    return IPv4Address(value) in IPv4Network(block, strict=False)


def _number(compare: Callable[[float, float], bool]) -> Callable[[str, str], bool]:
    return lambda value, wanted: compare(float(value), float(wanted))


_OPERATORS: dict[str, tuple[Callable[[str, str], bool], bool]] = {
    "StringEquals": (_equal, False),
    "StringNotEquals": (_equal, True),
    "StringEqualsIgnoreCase": (_equal_in_any_case, False),
    "StringNotEqualsIgnoreCase": (_equal_in_any_case, True),
    "StringLike": (like, False),
    "StringNotLike": (like, True),
    "ArnEquals": (like, False),
    "ArnNotEquals": (like, True),
    "ArnLike": (like, False),
    "ArnNotLike": (like, True),
    "Bool": (_equal_in_any_case, False),
    "IpAddress": (_within, False),
    "NotIpAddress": (_within, True),
    "NumericEquals": (_number(lambda value, wanted: value == wanted), False),
    "NumericLessThan": (_number(lambda value, wanted: value < wanted), False),
    "NumericLessThanEquals": (_number(lambda value, wanted: value <= wanted), False),
    "NumericGreaterThan": (_number(lambda value, wanted: value > wanted), False),
    "NumericGreaterThanEquals": (_number(lambda value, wanted: value >= wanted), False),
}
"""How a value is compared, and whether the operator is a negation: then none of the policy's values may match."""


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read(text: str) -> Document:
    """Return a policy's text as a document.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _malformed(f"This policy contains invalid Json: {error}") from None
    if not isinstance(document, dict) or "Statement" not in document:
        raise _malformed("Syntax errors in policy: a policy is an object with a Statement.")
    return document


def check(text: str, principals: bool) -> Document:
    """Return a policy as a document, or refuse it.

    Args:
        text: the policy.
        principals: whether its statements name principals, as those of a bucket and an endpoint do, and a role's not.

    Raises:
        AwsError: MalformedPolicyDocument, in AWS's words.
        LabError: AWS has it, and a lab does not know how to decide by it.
    """
    document = read(text)
    if strange := sorted(set(document) - {"Version", "Id", "Statement"}):
        raise _malformed(f"Syntax errors in policy: {', '.join(strange)}")
    if document.get("Version", "2012-10-17") not in ("2012-10-17", "2008-10-17"):
        raise _malformed("Syntax errors in policy: the Version is 2012-10-17.")
    for statement in _listed(document["Statement"]):
        _check_statement(statement, principals)
    return document


def check_trust(text: str) -> Document:
    """Return a role's trust policy as a document, or refuse it.

    Raises:
        AwsError: MalformedPolicyDocument.
    """
    document = read(text)
    for statement in _listed(document["Statement"]):
        if not isinstance(statement, dict) or not {"Effect", "Principal", "Action"} <= set(statement):
            raise _malformed("Syntax errors in policy: a trust policy's statement has Effect, Principal and Action.")
        if {"Resource", "NotResource"} & set(statement):
            raise _malformed("Has prohibited field Resource")
    return document


def trusts(text: str, service: str) -> bool:
    """Tell whether a trust policy lets a service of AWS's take its role."""
    return any(
        statement["Effect"] == "Allow"
        and isinstance(statement["Principal"], dict)
        and service in _listed(statement["Principal"].get("Service", []))
        and "sts:AssumeRole" in _named(statement, "Action")
        for statement in _listed(read(text)["Statement"])
    )


def _check_statement(statement: Any, principals: bool) -> None:
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise _malformed("Syntax errors in policy: a statement's Effect is Allow or Deny.")
    if strange := sorted(set(statement) - _ELEMENTS):
        raise LabError(f"policy element {', '.join(strange)}: the lab's IAM does not support it")
    for pair in (("Action", "NotAction"), ("Resource", "NotResource")):
        if sum(name in statement for name in pair) != 1:
            raise _malformed(f"Policy statement must contain {'s or '.join(pair).lower()}s.")
    if principals != ("Principal" in statement):
        wanted = "must contain" if principals else "cannot contain"
        raise _malformed(f"Policy document should not specify a principal: a statement {wanted} one here.")
    if any(
        ":" not in str(action) and action != "*"
        for name in ("Action", "NotAction")
        for action in _named(statement, name)
    ):
        raise _malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
    if principals:
        _check_principal(statement["Principal"])
    for operator, conditions in statement.get("Condition", {}).items():
        _check_condition(operator, conditions)


def _check_principal(principal: Any) -> None:
    if principal == EVERYONE:
        return
    if not isinstance(principal, dict) or set(principal) != {"AWS"}:
        raise LabError(f"principal {json.dumps(principal)}: the lab's S3 knows * and AWS principals")


def _check_condition(operator: str, conditions: Mapping[str, Any]) -> None:
    if operator != "Null" and operator.removesuffix("IfExists") not in _OPERATORS:
        raise LabError(f"condition operator {operator}: the lab's IAM does not support it")
    for key, values in conditions.items():
        if key.lower() not in _KEYS:
            raise LabError(f"condition key {key}: a request to the lab's S3 does not have it")
        if key.lower() == "s3:tlsversion" and any(float(value) > SERVED_TLS for value in _listed(values)):
            raise LabError(f"condition key {key}: the lab's S3 does not tell versions above {SERVED_TLS} apart")


def _malformed(text: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", text)


def _named(statement: Statement, element: str) -> list[str]:
    return [str(item) for item in _listed(statement.get(element, []))]


def is_public(document: Document) -> bool:
    """Tell whether a bucket's policy lets in everyone, as S3 judges it: no condition narrows an Allow for `*`."""
    narrowing = {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:principalarn", "aws:principalaccount"}
    for statement in _listed(document["Statement"]):
        conditions = (key.lower() for block in statement.get("Condition", {}).values() for key in block)
        if statement["Effect"] == "Allow" and EVERYONE in _principals(statement) and not narrowing & set(conditions):
            return True
    return False


def _principals(statement: Statement) -> list[str]:
    principal = statement.get("Principal", EVERYONE)
    return [EVERYONE] if principal == EVERYONE else [str(item) for item in _listed(principal["AWS"])]


def decide(
    documents: Iterable[Document], action: str, resource: str, context: Context, names: Collection[str]
) -> Decision:
    """Return what policies say to a request: a Deny beats every Allow.

    Args:
        documents: the policies.
        action: such as s3:GetObject.
        resource: an ARN.
        context: the request's condition keys.
        names: the ARNs by which a statement may name who asks, beside `*`.
    """
    decision: Decision = "no_match"
    for statement in (item for document in documents for item in _listed(document["Statement"])):
        if _applies(statement, action, resource, context, names):
            if statement["Effect"] == "Deny":
                return "deny"
            decision = "allow"
    return decision


def _applies(statement: Statement, action: str, resource: str, context: Context, names: Collection[str]) -> bool:
    actions = any(like(action.lower(), pattern.lower()) for pattern in _named(statement, "Action"))
    if "NotAction" in statement:
        actions = not any(like(action.lower(), pattern.lower()) for pattern in _named(statement, "NotAction"))
    resources = any(like(resource, pattern) for pattern in _named(statement, "Resource"))
    if "NotResource" in statement:
        resources = not any(like(resource, pattern) for pattern in _named(statement, "NotResource"))
    known = {EVERYONE, *names, *(_ACCOUNT if statement["Effect"] == "Deny" else ())}
    named = bool(known & set(_principals(statement)))
    return actions and resources and named and _holds(statement.get("Condition", {}), context)


def _holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    return all(
        _condition_holds(operator, [_text(value) for value in _listed(values)], context.get(key.lower(), ()))
        for operator, block in conditions.items()
        for key, values in block.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition_holds(operator: str, wanted: list[str], values: Collection[str]) -> bool:
    if operator == "Null":
        return bool(values) != (wanted[0].lower() == "true")
    compare, negated = _OPERATORS[operator.removesuffix("IfExists")]
    if not values:  # a negation holds of what is not there
        return negated or operator.endswith("IfExists")
    return any(compare(value, item) for value in values for item in wanted) != negated
