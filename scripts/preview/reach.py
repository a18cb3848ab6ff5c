"""The security groups' rules before and after: who may open a connection to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.preview.digest import State, Step, name_of

INGRESS, EGRESS = "SecurityGroupIngressRule", "SecurityGroupEgressRule"
PEERS = ("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId")
WORLD = {"0.0.0.0/0", "::/0"}


@dataclass(frozen=True, order=True)
class Rule:
    """A rule, by names: the id of a group that the program makes is another in every stack."""

    group: str
    peer: str
    protocol: str
    ports: str

    @property
    def port(self) -> str:
        """Which ports, in words."""
        if self.protocol == "-1":
            return "all ports"
        return f"{self.protocol} {self.ports}"


@dataclass(frozen=True)
class Reach:
    """All rules of one direction that a preview knows, before and after."""

    before: frozenset[Rule]
    after: frozenset[Rule]

    @property
    def opened(self) -> list[Rule]:
        """The rules there will be that there are not."""
        return sorted(self.after - self.before)

    @property
    def closed(self) -> list[Rule]:
        """The rules there are that there will not be."""
        return sorted(self.before - self.after)


def reach(steps: Sequence[Step], kind: str = INGRESS) -> Reach:
    """Return the rules of one kind."""
    rules = [step for step in steps if step.type == kind]
    return Reach(
        frozenset(_rule(step.before) for step in rules if step.before),
        frozenset(_rule(step.after) for step in rules if step.after),
    )


def members(steps: Sequence[Step], after: bool) -> dict[str, list[str]]:
    """Return the hosts of each group that are known, by the group's name."""
    found: dict[str, list[str]] = {}
    for step in steps:
        state = step.after if after else step.before
        if step.type == "Instance" and state:
            for group in groups(state):
                found.setdefault(group, []).append(step.name.removesuffix("-instance"))
    return {group: sorted(hosts) for group, hosts in found.items()}


def groups(state: State) -> list[str]:
    """Return the names of an instance's security groups; the id of one that the program does not make."""
    given = state.inputs.get("vpcSecurityGroupIds")
    made = [name_of(urn) for urn in state.sources.get("vpcSecurityGroupIds", ()) if _is_group(urn)]
    if made:
        return sorted(made)
    return sorted(map(str, given)) if isinstance(given, list) else []


def _rule(state: State) -> Rule:
    inputs = state.inputs
    peer = next((key for key in PEERS if inputs.get(key) not in (None, "")), "")
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    ports = str(first) if first == last else f"{first}-{last}"
    return Rule(_group(state, "securityGroupId"), _group(state, peer), str(inputs.get("ipProtocol", "")), ports)


def _group(state: State, key: str) -> str:
    """Return the name of the group that a property comes from, or else its value."""
    made = [name_of(urn) for urn in state.sources.get(key, ()) if _is_group(urn)]
    return made[0] if made else _text(state.inputs, key)


def _is_group(urn: str) -> bool:
    return urn.split("::", 3)[2].endswith(":SecurityGroup")


def _text(inputs: Mapping[str, Any], key: str) -> str:
    return str(inputs.get(key, "unknown"))
