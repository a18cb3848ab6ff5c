"""A config without faults, and the key pairs in it, made for tests alone."""

from __future__ import annotations

import functools
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml  # type: ignore[import-untyped]

import stack_config
from stack_config.aws import (
    VCPU_QUOTA,
    AddressFacts,
    Aws,
    CloudError,
    HostFacts,
    ImageFacts,
    SubnetFacts,
    TypeFacts,
    VolumeFacts,
)

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "s3cret-pass/word"


class FakeCloud(Aws):
    """Knows a few things, and counts how often it is asked."""

    ZONES = ("eu-central-1a", "eu-central-1b", "eu-central-1c")

    def __init__(
        self,
        only: Mapping[str, Sequence[str]] | None = None,
        zones: Sequence[str] = ZONES,
        **made: tuple[HostFacts, str],
    ) -> None:
        """Have these zones; a type that is not in `only` is offered in all of them; `made` are the hosts that are."""
        self.asked: list[str] = []
        self.addresses = AddressFacts(quota=5, others=0, is_told=True)
        self.vcpus: int | None = None
        self.gives_public_addresses = False
        self.attached: set[str] = set()
        self.volumes: dict[str, str] = {}
        self.snapshots: set[str] = set()
        self._zones, self._only = zones, only or {}
        self.made = {name.replace("_", "-"): host for name, host in made.items()}
        """The hosts that there are, each with its architecture."""

    def _answer(self, answers: dict[str, Any], name: str) -> Any:
        self.asked.append(name)
        if name not in answers:
            raise CloudError(f"InvalidParameterValue: {name}")
        return answers[name]

    def instance_type(self, name: str) -> TypeFacts:
        known = {
            "t3.nano": (512, "x86_64", 2),
            "t3.micro": (1024, "x86_64", 2),
            "t3.small": (2048, "x86_64", 2),
            "t4g.small": (2048, "arm64", 2),
            "m5.xlarge": (16384, "x86_64", 4),
        }
        return TypeFacts(*self._answer(known, name))

    def image(self, image: str) -> ImageFacts:
        known = {
            "ami-0123456789abcdef0": ("x86_64", "my-own"),
            "ami-0a0a0a0a0a0a0a0a0": ("arm64", "my-own"),
            "ami-22222222222222222": ("x86_64", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260901"),
            "ami-24242424242424242": ("x86_64", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260901"),
            "ami-26262626262626262": ("x86_64", "ubuntu/images/hvm-ssd-gp3/ubuntu-xyz-26.04-amd64-server-20260901"),
        }
        return ImageFacts(*self._answer(known, image))

    def ubuntu_image(self, release: str, architecture: str) -> str:
        name = {"22.04": "ami-22222222222222222", "24.04": "ami-24242424242424242", "26.04": "ami-26262626262626262"}
        return name[release] if architecture == "x86_64" else "ami-0a0a0a0a0a0a0a0a0"

    def hosts(self, names: Sequence[str], **filters: str) -> list[str]:
        there = {name: self.made[name] for name in names or self.made if name in self.made}
        architecture, image = filters.get("architecture"), filters.get("image_id")
        return [
            name for name, (facts, own) in there.items() if architecture in (None, own) and image in (None, facts.image)
        ]

    def host(self, name: str) -> HostFacts | None:
        return self.made[name][0] if name in self.made else None

    def vpc_ranges(self, vpc_id: str) -> tuple[IPv4Network, ...]:
        known = {
            "vpc-0a1b2c3d": ["10.30.0.0/16"],
            "vpc-02020202": ["10.30.0.0/16", "10.31.0.0/24"],
            "vpc-0c0c0c0c": ["10.30.0.0/16", "100.64.0.0/16"],
        }
        return tuple(IPv4Network(cidr) for cidr in self._answer(known, vpc_id))

    def subnet(self, subnet_id: str) -> SubnetFacts:
        known = {
            "subnet-0d0d0d0d": ("vpc-0d0d0d0d", IPv4Network("10.20.0.0/20")),
            "subnet-0a1b2c3d": ("vpc-0a1b2c3d", IPv4Network("10.30.1.0/24")),
            "subnet-0a1b2c3e": ("vpc-0a1b2c3d", IPv4Network("10.30.2.0/24")),
            "subnet-02020203": ("vpc-02020202", IPv4Network("10.30.1.0/24")),
            "subnet-02020204": ("vpc-02020202", IPv4Network("10.31.0.0/25")),
            "subnet-0c0c0c0d": ("vpc-0c0c0c0c", IPv4Network("10.30.1.0/24")),
            "subnet-0c0c0c0e": ("vpc-0c0c0c0c", IPv4Network("100.64.1.0/24")),
            "subnet-0f0f0f0f": ("vpc-0f0f0f0f", IPv4Network("10.40.1.0/24")),
            "subnet-0d0d0d0b": ("vpc-0d0d0d0d", IPv4Network("10.20.64.0/20")),
            "subnet-0d0d0d0c": ("vpc-0d0d0d0d", IPv4Network("10.20.80.0/20")),
            "subnet-0a1b2c0b": ("vpc-0a1b2c3d", IPv4Network("10.30.11.0/24")),
            "subnet-0a1b2c0c": ("vpc-0a1b2c3d", IPv4Network("10.30.12.0/24")),
        }
        vpc, cidr = self._answer(known, subnet_id)
        zone = {"0b": self.ZONES[1], "0c": self.ZONES[2]}.get(subnet_id[-2:], self.ZONES[0])
        return SubnetFacts(vpc, cidr, zone, gives_public_addresses=self.gives_public_addresses)

    def bucket(self, name: str) -> str:
        known = {"example-backups": "eu-west-1", "mysql-pair-prod-backups-0123456789": "eu-central-1"}
        return str(self._answer(known, name))

    def volume(self, volume_id: str) -> VolumeFacts:
        known = {
            "vol-0a0a0a0a": ("eu-central-1a", 20, True),
            "vol-0b0b0b0b": ("eu-central-1b", 20, True),
            "vol-0d0d0d0d": ("eu-central-1c", 20, True),
            "vol-0e0e0e0e": ("eu-central-1a", 20, False),
        }
        return VolumeFacts(*self._answer(known, volume_id))

    def own_volume(self, name: str) -> str | None:
        return self.volumes.get(name)

    def has_snapshot(self, name: str) -> bool:
        return name in self.snapshots

    def is_attached(self, volume_id: str) -> bool:
        return volume_id in self.attached

    def snapshot_gib(self, snapshot_id: str) -> int:
        gib: int = self._answer({"snap-0a0a0a0a": 100}, snapshot_id)
        return gib

    def zones(self) -> Sequence[str]:
        return self._zones

    def zones_offering(self, instance_type: str) -> Sequence[str]:
        return self._only.get(instance_type, self._zones)

    def elastic_addresses(self) -> AddressFacts:
        return self.addresses

    def quota(self, code: str) -> int | None:
        return {VCPU_QUOTA: self.vcpus}[code]


def as_text(value: object) -> str:
    """Return a value as the engine hands it to the program."""
    return value if isinstance(value, str) else json.dumps(value)


@functools.cache
def _key_pair(algorithm: str, _seed: int, passphrase: str, form: str = "RFC4716") -> tuple[str, str]:
    """Return a private key file and the line of its .pub file, made by ssh-keygen; RFC4716 is OpenSSH's own form."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "key"
        words = [
            "-t",
            algorithm,
            "-b",
            "1024",  # of RSA, the least and so the fastest; ed25519 has one size
            "-N",
            passphrase,
            "-C",
            "operator@example.org",
            "-a",
            "1",
            "-m",
            form,
            "-f",
            str(file),
        ]
        subprocess.run(["ssh-keygen", "-q", *words], check=True)
        return file.read_text(), file.with_suffix(".pub").read_text().strip()


def public_key(seed: int = 1) -> str:
    """Return the line of an ed25519 key's .pub file."""
    return _key_pair("ed25519", seed, "")[1]


def private_key(seed: int = 1, passphrase: str = "") -> str:
    """Return a private key file in OpenSSH's format."""
    return _key_pair("ed25519", seed, passphrase)[0]


def rsa_key(passphrase: str = "") -> str:
    """Return the line of an RSA key's .pub file."""
    return _key_pair("rsa", 1, passphrase, "PEM")[1]


def rsa_private_key(passphrase: str = "") -> str:
    """Return its private key file, in the older PEM format."""
    return _key_pair("rsa", 1, passphrase, "PEM")[0]


DECLARED = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
DEFAULTS = {key: as_text(entry["default"]) for key, entry in DECLARED.items()}
"""As the engine hands them to the program: lists and tables as JSON."""

GOOD = DEFAULTS | {
    "operatorCidrs": '["203.0.113.7/32", "198.51.100.0/24"]',
    "sshPublicKey": public_key(),
    "sshPrivateKey": private_key(),
    "userPasswords": json.dumps({"app": PASSWORD}),
}
BACKUP_KEY = "a-key-of-my-own-0123456789"
SECRET = {"sshPrivateKey", "userPasswords", "backupKey", "restoreKey"}


def set_config(**changes: str) -> None:
    """Give the program the good config, with these changes."""
    values = {f"mysql-pair:{key}": value for key, value in (GOOD | changes).items()}
    pulumi.runtime.set_all_config(values, [f"mysql-pair:{key}" for key in SECRET])


ALL_ON_APP = {"database": "app", "privileges": ["ALL"]}


def user(key: str = "app", **fields: object) -> dict[str, object]:
    """Return the config of a user who may do everything in app, with these fields."""
    return {"users": {key: {"grants": [ALL_ON_APP], **fields}}, "primaryUser": key}


def grant(*privileges: str, **fields: object) -> dict[str, object]:
    """Return the config of a user with this grant."""
    return user(grants=[{"privileges": list(privileges), **fields}])


PRIVILEGES, TARGET = "users.app.grants[0].privileges", "users.app.grants[0].database"
READING = {"reading": {"grants": [{"database": "app", "privileges": ["SELECT"]}]}}

TWO = [{"name": "client"}, {"name": "app"}]
EXISTING: dict[str, object] = {
    "vpcId": "vpc-0a1b2c3d",
    "serverSubnetId": "subnet-0a1b2c3d",
    "clients": [{"name": "client", "subnetId": "subnet-0a1b2c3e"}],
}

ENDPOINT = {"host": "127.0.0.1", "port": 2201}


def texts(changes: dict[str, object]) -> dict[str, str]:
    return {key: as_text(value) for key, value in changes.items()}


def messages(values: dict[str, str], secret: set[str] = SECRET, cloud: FakeCloud | None = None) -> list[str]:
    """Return the faults of a config as they are shown."""
    with pytest.raises(stack_config.ConfigFaults) as caught:
        stack_config.parse(values, secret, cloud or FakeCloud())
    return [str(fault) for fault in caught.value.faults]


def parsed(**changes: object) -> stack_config.StackConfig:
    return stack_config.parse(GOOD | texts(changes), SECRET, FakeCloud())


def assert_told(changes: dict[str, object], key: str, said: str) -> None:
    """A config with these changes has a fault of that key, of which that is said."""
    faults = messages(GOOD | texts(changes))
    assert [line for line in faults if line.startswith(f"mysql-pair:{key}: ") and said in line], faults
