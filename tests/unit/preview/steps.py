"""Steps of a preview, made by hand as `pulumi preview --json --show-sames` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scripts.preview.digest import Preview, read

ROOT = "urn:pulumi:dev::mysql-pair::pulumi:pulumi:Stack::mysql-pair-dev"
OWN = "mysql-pair:index:"
HOST = f"{OWN}MySqlServer${OWN}Host$aws:ec2/"
CLIENT_HOST = f"{OWN}MySqlClient${OWN}Host$aws:ec2/"
INSTANCE, CLIENT = f"{HOST}instance:Instance", f"{CLIENT_HOST}instance:Instance"
GROUP = f"{OWN}Firewall$aws:ec2/securityGroup:SecurityGroup"
IN = f"{OWN}Firewall$aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OUT = f"{OWN}Firewall$aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
COMMAND = "command:remote:Command"
SOURCES = {"groups": GROUP, "lists": "aws:ec2/managedPrefixList:ManagedPrefixList"}

Inputs = Mapping[str, Any]


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::mysql-pair::{kind}::{name}"


def parent_of(kind: str, name: str) -> str:
    component = kind.rpartition("$")[0]
    return urn(component, name.rpartition("-")[0]) if component.endswith(":Host") else ROOT


def step(op: str, kind: str, name: str, old: Inputs | None = None, new: Inputs | None = None, **more: Any) -> Any:
    """Return a step; `old` and `new` are inputs, of which `groups` and `lists` are what others come from, by property.

    A resource of a host is a part of the component that has its name, up to the last dash.
    """
    made: dict[str, Any] = {"op": op, "urn": urn(kind, name), **more}
    for key, inputs in (("oldState", old), ("newState", new)):
        if inputs is not None:
            plain = {name: value for name, value in inputs.items() if name not in SOURCES}
            sources = {
                name: [urn(type_, source) for source in made_from]
                for key_, type_ in SOURCES.items()
                for name, made_from in inputs.get(key_, {}).items()
            }
            made[key] = {"inputs": plain, "propertyDependencies": sources, "parent": parent_of(kind, name)}
    return made


def printed(*steps: Any, **more: Any) -> str:
    """Return what a preview of these steps prints."""
    root = {"op": "same", "urn": ROOT}
    return json.dumps({"config": {}, "steps": [root, *steps], "changeSummary": {"same": 1}, **more})


def preview(*steps: Any) -> Preview:
    return read(printed(*steps))


def rule(peer: str | None, port: int = 3306, of: str = "firewall-server", **more: Any) -> dict[str, Any]:
    """Return an ingress rule's inputs; a peer without a dot is a group of the program."""
    groups = {"securityGroupId": [of]}
    inputs = {"securityGroupId": "sg-1", "fromPort": port, "toPort": port, "ipProtocol": "tcp"}
    if peer and ("." in peer or ":" in peer):
        inputs["cidrIpv6" if ":" in peer else "cidrIpv4"] = peer
    elif peer and peer.startswith("sg-"):
        inputs["referencedSecurityGroupId"] = peer
    elif peer:
        inputs["referencedSecurityGroupId"] = "sg-2"
        groups["referencedSecurityGroupId"] = [peer]
    return {**inputs, "groups": groups, **more}
