"""What a project's Pulumi.lab.yaml says: config values for its stack on any lab, with the names of facts of that lab.

config:
  aws:region: eu-central-1
  shop:vpcCidr: ${lab:vpcCidr}
  shop:sshPrivateKey: ${lab:sshPrivateKey}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lab.cloud.store import write_atomically
from lab.machine.slots import Slot
from lab.settings import Lab, LabError
from lab.yaml_file import read_yaml

Value = Any
"""A config value: what YAML can say."""

REFERENCE = re.compile(r"\$\{lab:([^}]*)\}")


@dataclass(frozen=True)
class Fact:
    """Something that differs from lab to lab."""

    value: str
    secret: bool = False


@dataclass(frozen=True)
class ProjectConfig:
    """Config values of a stack, by full key (`namespace:key`)."""

    plain: Mapping[str, Value]
    secrets: Mapping[str, str]


def facts(lab: Lab, slot: Slot) -> dict[str, Fact]:
    """Return the facts of a lab that a project may name."""
    private, public = _operator_key(lab)
    return {
        "name": Fact(lab.name),
        "operatorCidr": Fact(f"{slot.machine_address}/32"),
        "sshPrivateKey": Fact(private, secret=True),
        "sshPublicKey": Fact(public),
        "vpcCidr": Fact(slot.vpc_cidr),
    }


def read(lab: Lab, known: Mapping[str, Fact]) -> ProjectConfig:
    """Return what the project's Pulumi.lab.yaml says, with the facts filled in; nothing if it has no such file.

    Raises:
        LabError: the file is no YAML, names a fact that the lab does not have, or a secret one inside a longer value.
    """
    config: dict[str, Value] = read_yaml(lab.project_config).get("config") or {}
    plain: dict[str, Value] = {}
    secrets: dict[str, str] = {}
    for key, value in config.items():
        fact = _whole(value, known)
        if fact and fact.secret:
            secrets[key] = fact.value
        else:
            plain[key] = _filled(value, known, f"{lab.project_config.name}: {key}")
    return ProjectConfig(plain, secrets)


def _whole(value: Value, known: Mapping[str, Fact]) -> Fact | None:
    """Return the fact that a value names, if it is nothing but its name."""
    match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return known.get(match[1]) if match else None


def _filled(value: Value, known: Mapping[str, Fact], place: str) -> Value:
    """Return a value with the facts that it names in place of their names, at any depth."""
    if isinstance(value, dict):
        return {key: _filled(item, known, place) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, known, place) for item in value]
    if isinstance(value, str):
        return REFERENCE.sub(lambda match: _plain_value(match[1], known, place), value)
    return value


def _plain_value(name: str, known: Mapping[str, Fact], place: str) -> str:
    if name not in known:
        raise LabError(f"{place} names ${{lab:{name}}}, which the lab does not have. It has {', '.join(sorted(known))}")
    if known[name].secret:
        raise LabError(f"{place} has ${{lab:{name}}} inside a longer value: a secret needs a key of its own")
    return known[name].value


def _operator_key(lab: Lab) -> tuple[str, str]:
    """Return the lab's own ssh key, private and public, made at the first call and kept with its secrets."""
    private, public = lab.operator_key, lab.operator_key.with_suffix(".pub")
    if not private.exists():
        key = Ed25519PrivateKey.generate()
        write_atomically(
            private, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(), mode=0o600
        )
        line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        write_atomically(public, f"{line} {lab.name}\n")
    return private.read_text(), public.read_text().strip()
