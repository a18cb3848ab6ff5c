"""What policies decide, and which of them are refused because a lab does not know how to decide by them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.cloud import policies
from lab.cloud.policies import Decision
from lab.cloud.rules import AwsError
from lab.settings import LabError

KEY = "arn:aws:s3:::backups/mine/a"
ME, ACCOUNT = "arn:aws:iam::000000000000:role/me", "arn:aws:iam::000000000000:root"
ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def decided(*statements: dict[str, Any], context: dict[str, list[str]] | None = None) -> Decision:
    return policies.decide([{"Statement": list(statements)}], "s3:GetObject", KEY, context or {}, [ME])


def text(**changes: Any) -> str:
    statement = {name: value for name, value in {**ALLOW, **changes}.items() if value is not None}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("changes", "decision"),
    [
        ({}, "allow"),
        ({"Action": ["s3:PutObject", "S3:get*"]}, "allow"),
        ({"Action": "s3:PutObject"}, "no_match"),
        ({"Action": None, "NotAction": "s3:Put*"}, "allow"),
        ({"Action": None, "NotAction": "s3:Get*"}, "no_match"),
        ({"Resource": "arn:aws:s3:::backups/*"}, "allow"),
        ({"Resource": "arn:aws:s3:::backups/m?ne/a"}, "allow"),
        ({"Resource": "arn:aws:s3:::backups"}, "no_match"),
        ({"Resource": "arn:aws:s3:::backups/MINE/a"}, "no_match"),
        ({"Resource": None, "NotResource": "arn:aws:s3:::backups/mine/*"}, "no_match"),
        ({"Principal": {"AWS": ME}}, "allow"),
        ({"Principal": {"AWS": [ACCOUNT]}}, "no_match"),  # it leaves it to the role's own policies
        ({"Principal": {"AWS": [ACCOUNT]}, "Effect": "Deny"}, "deny"),
        ({"Principal": {"AWS": "arn:aws:iam::000000000000:role/other"}}, "no_match"),
    ],
)
def test_a_statement_is_for_its_actions_resources_and_principals(changes: dict[str, Any], decision: Decision) -> None:
    assert decided({name: value for name, value in {**ALLOW, **changes}.items() if value is not None}) == decision


def test_a_deny_beats_every_allow() -> None:
    assert decided(ALLOW, {**ALLOW, "Effect": "Deny"}, ALLOW) == "deny"
    assert decided() == "no_match"


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": False}}, False),
        ({"StringEquals": {"s3:prefix": ["a/", "b/"]}}, True),
        ({"StringEquals": {"s3:Prefix": "a/"}}, False),
        ({"StringLike": {"s3:prefix": "b*"}}, True),
        ({"StringNotEquals": {"s3:prefix": ["a/", "b/"]}}, False),
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, True),  # it came by none
        ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
        ({"Null": {"aws:SourceVpce": "true"}}, True),
        ({"Null": {"aws:SourceVpce": "false"}}, False),
        ({"IpAddress": {"aws:SourceIp": "198.18.0.0/24"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": ["198.18.0.0/24"]}}, False),
        ({"NumericLessThan": {"s3:max-keys": "11"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"s3:prefix": "a/"}}, False),
    ],
)
def test_a_statement_holds_under_its_conditions(condition: dict[str, Any], holds: bool) -> None:
    keys = {"aws:securetransport": "true", "s3:prefix": "b/", "aws:sourceip": "198.18.0.9", "s3:max-keys": "10"}
    context = {key: [value] for key, value in keys.items()}
    assert decided({**ALLOW, "Condition": condition}, context=context) == ("allow" if holds else "no_match")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Effect": "Perhaps"}, "MalformedPolicyDocument: .*Effect"),
        ({"Action": None}, "MalformedPolicyDocument: .*actions"),
        ({"Resource": None}, "MalformedPolicyDocument: .*resources"),
        ({"Action": "GetObject"}, "MalformedPolicyDocument: .*vendor"),
        ({"Principal": "*"}, "MalformedPolicyDocument: .*principal"),
        ({"NotPrincipal": "*"}, "NotPrincipal: the lab's IAM does not support it"),
        ({"Condition": {"ForAllValues:StringLike": {"s3:prefix": "a"}}}, "ForAllValues:StringLike: .*not support"),
        ({"Condition": {"StringEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}}, "does not have it"),
        ({"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.3"}}}, "above 1.2"),
    ],
)
def test_what_aws_refuses_or_a_lab_cannot_decide_by_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(LabError, match=told):
        policies.check(text(**changes), principals=False)


def test_a_policy_that_is_no_policy_is_refused() -> None:
    for strange in ("{", "[]", '{"Version": "2012-10-17"}'):
        with pytest.raises(AwsError, match="MalformedPolicyDocument"):
            policies.check(strange, principals=False)


def test_a_buckets_policy_says_for_whom() -> None:
    with pytest.raises(AwsError, match="must contain"):
        policies.check(text(), principals=True)
    with pytest.raises(LabError, match="knows \\* and AWS principals"):
        policies.check(text(Principal={"Service": "logging.s3.amazonaws.com"}), principals=True)
    assert policies.check(text(Principal={"AWS": ME}), principals=True)


def test_a_policy_is_public_if_nothing_narrows_it() -> None:
    narrow = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    tls = {"Bool": {"aws:SecureTransport": "true"}}
    assert policies.is_public(policies.read(text(Principal="*")))
    assert policies.is_public(policies.read(text(Principal={"AWS": "*"}, Condition=tls)))
    assert not policies.is_public(policies.read(text(Principal="*", Condition=narrow)))
    assert not policies.is_public(policies.read(text(Principal="*", Effect="Deny")))
    assert not policies.is_public(policies.read(text(Principal={"AWS": ME})))


def test_a_trust_policy_names_who_may_take_the_role() -> None:
    trust = text(Principal={"Service": ["ec2.amazonaws.com"]}, Action="sts:AssumeRole", Resource=None)
    assert policies.check_trust(trust)
    assert policies.trusts(trust, "ec2.amazonaws.com") and not policies.trusts(trust, "lambda.amazonaws.com")
    with pytest.raises(AwsError, match="prohibited field Resource"):
        policies.check_trust(text(Principal={"Service": "ec2.amazonaws.com"}))
