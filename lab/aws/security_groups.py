"""Security groups, their rules, and the claim that a group has no others."""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from lab.aws.network import REGION, TAGS
from lab.aws.schema import Cloud, Failure, Property, ResourceType, attempt
from lab.aws.wire import Values
from lab.cloud import rules
from lab.cloud.model import ExclusiveRules, PrefixList, SecurityGroup, SecurityGroupRule
from lab.cloud.rules import ACCOUNT_ID, AwsError


class SecurityGroupType(ResourceType):
    """aws.ec2.SecurityGroup, its rules being resources of their own."""

    urn_type = "aws:ec2/securityGroup:SecurityGroup"
    kind = SecurityGroup
    prefix = "sg"
    auto_name = "name"
    auto_name_prefix = "namePrefix"
    properties: ClassVar = {
        "vpcId": Property(required=True, replaces=True),
        "name": Property(replaces=True),
        "namePrefix": Property(replaces=True),
        "description": Property(default="Managed by Pulumi", replaces=True),
        "revokeRulesOnDelete": Property("bool", default=False, without_effect="a group's rules go with it"),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "egress", "ingress", "ownerId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield a name or a description that AWS refuses."""
        if "name" in inputs:
            yield from attempt("name", rules.check_group_name, inputs["name"])
        if "description" in inputs:
            yield from attempt("description", rules.check_description, "GroupDescription", inputs["description"])

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> SecurityGroup:
        """Return the group that inputs ask for."""
        return SecurityGroup(record_id, inputs["vpcId"], inputs["name"], inputs["description"])

    def inputs(self, record: SecurityGroup) -> Values:
        """Return the inputs that a group tells of itself."""
        return {"vpcId": record.vpc_id, "name": record.name, "description": record.description}

    def outputs(self, cloud: Cloud, record: SecurityGroup) -> Values:
        """Return what EC2 adds to a group: its rules too, whoever made them."""
        ingress, egress = ([_block(rule) for rule in _rules(cloud, record.id, way)] for way in _WAYS)
        arn = cloud.arn(f"security-group/{record.id}")
        return {"arn": arn, "ownerId": ACCOUNT_ID, "ingress": ingress, "egress": egress}


_WAYS: tuple[Literal["ingress", "egress"], ...] = ("ingress", "egress")


def _rules(cloud: Cloud, group_id: str, direction: str) -> list[SecurityGroupRule]:
    """Return all rules of a group in one direction."""
    rules_there = cloud.ec2.store.all(SecurityGroupRule)
    return [rule for rule in rules_there if (rule.security_group_id, rule.direction) == (group_id, direction)]


def _block(rule: SecurityGroupRule) -> Values:
    """Return a rule as the provider shows it among its group's; of all protocols the ports are 0."""
    peer = rule.referenced_security_group_id
    is_own = peer == rule.security_group_id
    return {
        "protocol": rule.ip_protocol,
        "fromPort": rule.from_port or 0,
        "toPort": rule.to_port or 0,
        "cidrBlocks": [rule.cidr_ipv4] if rule.cidr_ipv4 else [],
        "prefixListIds": [rule.prefix_list_id] if rule.prefix_list_id else [],
        "securityGroups": [peer] if peer and not is_own else [],
        "self": is_own,
        "description": rule.description,
    }


def _group_id(peer: str) -> str:
    """Return the id of a group that is written with its account before it; the lab's is the only account there is.

    Source: Amazon EC2 API Reference, "AuthorizeSecurityGroupIngress", UserIdGroupPair: a group of a peered VPC of
    another account is named with the account's number; the provider writes both as ACCOUNT/GROUP.
    """
    return peer.removeprefix(f"{ACCOUNT_ID}/")


_PEERS = ("cidrIpv4", "prefixListId", "referencedSecurityGroupId")
"""Whom a rule lets in or out: one of them."""


class _RuleType(ResourceType):
    """What ingress and egress rules have in common: one protocol, one range of ports, one peer."""

    direction: ClassVar[Literal["ingress", "egress"]]
    kind = SecurityGroupRule
    prefix = "sgr"
    properties: ClassVar = {
        "securityGroupId": Property(required=True, replaces=True),
        "ipProtocol": Property(required=True),
        "fromPort": Property("number"),
        "toPort": Property("number"),
        "cidrIpv4": Property(),
        "prefixListId": Property(),
        "referencedSecurityGroupId": Property(),
        "description": Property(),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "securityGroupRuleId")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield protocols, ports, peers and descriptions that AWS refuses."""
        if not unknown & {"ipProtocol", "fromPort", "toPort"}:
            yield from self._port_failures(inputs)
        if len(set(_PEERS) & (set(inputs) | unknown)) != 1:
            yield Failure("cidrIpv4", f"one (and only one) of {', '.join(_PEERS)} is required")
        if "cidrIpv4" in inputs:
            yield from attempt("cidrIpv4", rules.cidr, inputs["cidrIpv4"])
        if "description" in inputs:
            yield from attempt("description", rules.check_description, "description", inputs["description"])

    def _port_failures(self, inputs: Values) -> Iterator[Failure]:
        try:
            protocol = rules.protocol(inputs["ipProtocol"])
        except AwsError as refusal:
            yield Failure("ipProtocol", str(refusal))
            return
        yield from attempt("toPort", rules.check_ports, protocol, inputs.get("fromPort"), inputs.get("toPort"))

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> SecurityGroupRule:
        """Return the rule that inputs ask for."""
        return SecurityGroupRule(
            record_id,
            inputs["securityGroupId"],
            self.direction,
            rules.protocol(inputs["ipProtocol"]),
            inputs.get("fromPort"),
            inputs.get("toPort"),
            inputs.get("cidrIpv4", ""),
            _group_id(inputs.get("referencedSecurityGroupId", "")),
            inputs.get("description", ""),
            prefix_list_id=inputs.get("prefixListId", ""),
        )

    def inputs(self, record: SecurityGroupRule) -> Values:
        """Return the inputs that a rule tells of itself."""
        return {
            "securityGroupId": record.security_group_id,
            "ipProtocol": record.ip_protocol,
            "fromPort": record.from_port,
            "toPort": record.to_port,
            "cidrIpv4": record.cidr_ipv4 or None,
            "prefixListId": record.prefix_list_id or None,
            "referencedSecurityGroupId": record.referenced_security_group_id or None,
            "description": record.description or None,
        }

    def outputs(self, cloud: Cloud, record: SecurityGroupRule) -> Values:
        """Return what EC2 adds to a rule."""
        return {"arn": cloud.arn(f"security-group-rule/{record.id}"), "securityGroupRuleId": record.id}

    def replacing(self, old: Values, new: Values) -> set[str]:
        """Return the peer if its kind changes: EC2 modifies a rule's peer only within its kind."""
        changes_kind = [name for name in _PEERS if name in old] != [name for name in _PEERS if name in new]
        return set(_PEERS) if changes_kind else set()


class IngressRuleType(_RuleType):
    """aws.vpc.SecurityGroupIngressRule."""

    urn_type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    direction = "ingress"


class EgressRuleType(_RuleType):
    """aws.vpc.SecurityGroupEgressRule."""

    urn_type = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    direction = "egress"


class ExclusiveRulesType(ResourceType):
    """aws.ec2.VpcSecurityGroupRulesExclusive: a group has these rules, and no others.

    Source: terraform-provider-aws, aws_vpc_security_group_rules_exclusive: its id is the group's; read tells every
    rule of the group, create and update revoke those that are not listed, delete revokes none.
    """

    urn_type = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
    kind = ExclusiveRules
    properties: ClassVar = {
        "securityGroupId": Property(required=True, replaces=True),
        "ingressRuleIds": Property("strings", required=True),
        "egressRuleIds": Property("strings", required=True),
        "region": REGION,
    }
    computed = ()

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> ExclusiveRules:
        """Return the rules that inputs list."""
        ingress, egress = tuple(inputs["ingressRuleIds"]), tuple(inputs["egressRuleIds"])
        return ExclusiveRules(inputs["securityGroupId"], ingress, egress)

    def inputs(self, record: ExclusiveRules) -> Values:
        """Return the inputs that a group's rules amount to."""
        return {
            "securityGroupId": record.id,
            "ingressRuleIds": list(record.ingress_rule_ids),
            "egressRuleIds": list(record.egress_rule_ids),
        }

    def outputs(self, cloud: Cloud, record: ExclusiveRules) -> Values:
        """Return nothing: there is nothing but the inputs."""
        return {}

    def create(self, cloud: Cloud, record: ExclusiveRules) -> ExclusiveRules:
        """Revoke the group's rules that are not listed."""
        listed = {*record.ingress_rule_ids, *record.egress_rule_ids}
        for rule in (rule for way in _WAYS for rule in _rules(cloud, record.id, way)):
            if rule.id not in listed:
                cloud.ec2.delete(SecurityGroupRule, rule.id)
        return record

    def update(self, cloud: Cloud, record: ExclusiveRules, changed: set[str]) -> ExclusiveRules:
        """Revoke the group's rules that are not listed."""
        return self.create(cloud, record)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Leave every rule as it is."""

    def find(self, cloud: Cloud, record_id: str) -> ExclusiveRules | None:
        """Return every rule of a group, or None if the group is gone."""
        if cloud.ec2.store.find(SecurityGroup, record_id) is None:
            return None
        return ExclusiveRules(record_id, *(tuple(rule.id for rule in _rules(cloud, record_id, way)) for way in _WAYS))


class PrefixListType(ResourceType):
    """aws.ec2.ManagedPrefixList, its entries in it."""

    urn_type = "aws:ec2/managedPrefixList:ManagedPrefixList"
    kind = PrefixList
    prefix = "pl"
    auto_name = "name"
    properties: ClassVar = {
        "addressFamily": Property(required=True, only=("IPv4",), replaces=True),
        "maxEntries": Property("number", required=True),
        "name": Property(),
        "entries": Property("list", default=[], replaces=True),
        "region": REGION,
        "tags": TAGS,
    }
    computed = ("arn", "ownerId", "version")

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield entries that AWS refuses."""
        entries = inputs.get("entries", [])
        for entry in entries:
            yield from attempt("entries", rules.cidr, entry.get("cidr"))
        if len(entries) > inputs.get("maxEntries", len(entries)):
            yield Failure("entries", "You've reached the maximum number of entries for the prefix list.")

    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> PrefixList:
        """Return the list that inputs ask for."""
        entries = tuple((entry["cidr"], entry.get("description", "")) for entry in inputs.get("entries", []))
        return PrefixList(record_id, inputs["name"], inputs["maxEntries"], entries)

    def inputs(self, record: PrefixList) -> Values:
        """Return the inputs that a list tells of itself."""
        entries = [{"cidr": cidr, **({"description": text} if text else {})} for cidr, text in record.entries]
        return {
            "addressFamily": "IPv4",
            "maxEntries": record.max_entries,
            "name": record.name,
            "entries": entries,
        }

    def outputs(self, cloud: Cloud, record: PrefixList) -> Values:
        """Return what EC2 adds to a list."""
        return {"arn": cloud.arn(f"prefix-list/{record.id}"), "ownerId": ACCOUNT_ID, "version": 1}
