"""Pulumi.yaml, the committed stack files, tags and keys that nobody knows."""

from __future__ import annotations

import re
import sys

import pytest
import yaml  # type: ignore[import-untyped]

import stack_config
from stack_config.reader import Reader
from tests.unit.program.configs import (
    DECLARED,
    DEFAULTS,
    EXISTING,
    GOOD,
    ROOT,
    SECRET,
    FakeCloud,
    as_text,
    assert_told,
    texts,
)

# the keys that are wrong, the one that is told, what is said of it
FAULTS: list[tuple[dict[str, object], str, str]] = [
    ({"tags": ["Team"]}, "tags", "not a table"),
    ({"tags": {"Name": "x"}}, "tags.Name", "the program's own"),
    ({"tags": {"": "x"}}, "tags.", "without a key"),
    ({"tags": "[" * 100_000}, "tags", "neither YAML's nor JSON's"),
    ({"tags": {"aws:x": "x"}}, "tags.aws:x", "AWS's own"),
    ({"tags": {"Team": "x" * 257}}, "tags.Team", "too long"),
    ({"tags": {"Team": "a<b"}}, "tags.Team", "AWS refuses"),
    ({"tags": {f"k{n}": "x" for n in range(41)}}, "tags", "41 entries"),
    ({"userPasword": "x"}, "userPasword", "Did you mean userPasswords?"),
    ({"clientInstanceType": "t3.micro"}, "clientInstanceType", "Did you mean serverInstanceType?"),
    ({"colour": "red"}, "colour", "Remove it"),
]


@pytest.mark.parametrize(("changes", "key", "said"), FAULTS)
def test_a_fault_names_its_key_and_what_is_wrong(changes: dict[str, object], key: str, said: str) -> None:
    assert_told(changes, key, said)


KEYS = ("databases", "roles", "users", "userPasswords", "passwordGenerations", "finishedGenerations", "primaryUser")


def test_keys_that_are_absent_mean_what_is_declared_as_their_default() -> None:
    without = {key: value for key, value in GOOD.items() if key not in KEYS}
    assert {*KEYS} <= DECLARED.keys()
    declared = without | {key: DEFAULTS[key] for key in KEYS}
    config, same = stack_config.parse(without, SECRET, FakeCloud()), stack_config.parse(declared, SECRET, FakeCloud())
    assert (config.accounts, config.primary_user) == (same.accounts, same.primary_user)
    assert [(user.name, user.database) for user in config.accounts.users] == [("app", "app")]
    assert config.passwords == same.passwords == {}


def test_every_key_is_declared_with_a_description() -> None:
    assert all(entry["description"].strip() for entry in DECLARED.values())
    with pytest.raises(stack_config.ConfigFaults) as caught:
        stack_config.parse(GOOD | {"stranger": "x"}, SECRET, FakeCloud())
    assert [fault.key for fault in caught.value.faults] == ["stranger"]


def test_every_key_that_is_read_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()

    class Watched(Reader):
        def _text(self, key: str) -> str:
            asked.add(key)
            return super()._text(key)

    monkeypatch.setattr(sys.modules["stack_config.load"], "Reader", Watched)
    stack_config.parse(GOOD, SECRET, FakeCloud())
    stack_config.parse(GOOD | texts(EXISTING), SECRET, FakeCloud())
    assert asked == DECLARED.keys()


@pytest.mark.parametrize("name", ["Pulumi.lab.yaml", "Pulumi.dev.yaml"])
def test_a_committed_stack_file_has_only_known_keys_and_a_region(name: str) -> None:
    config = yaml.safe_load((ROOT / name).read_text())["config"]
    own = {key.removeprefix("mysql-pair:"): value for key, value in config.items() if key.startswith("mysql-pair:")}
    assert own.keys() <= DECLARED.keys()
    # A secret is nowhere; the lab puts its own key in the place of its name.
    assert all(str(own[key]).startswith("${lab:") for key in own.keys() & SECRET)
    assert config["aws:region"]


def test_the_example_has_every_key_and_each_commented_one_parses() -> None:
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    assert set(re.findall(r"^ +#? ?mysql-pair:(\w+):", text, re.M)) == DECLARED.keys()
    example = yaml.safe_load(re.sub(r"^  # (?=mysql-pair:|  +(- \{|\w+:) ?)", "  ", text, flags=re.M))["config"]
    assert example["mysql-pair:mysqlSettings"]["innodb_buffer_pool_size"] == "640M"
    left_out = {*SECRET, "sshPublicKey", "sshHostKeys", "vpcId", "serverSubnetId", "dataVolumeId", "dataVolumeSnapshot"}
    left_out |= {"restoreFrom", "serverUbuntuRelease"}
    of_one, of_several = {"serverPrivateIp", "zones", "availabilityZones", "publicSubnetCidrs", "privateSubnetCidrs"}, {
        "servers", "memberSubnetCidrs", "serverPrivateIps", "loadBalancer",
    }  # fmt: skip
    left_out |= {"serverSubnetIds"}
    given = {key.removeprefix("mysql-pair:"): as_text(value) for key, value in example.items()}
    kept = {key: value for key, value in given.items() if key not in left_out and key != "aws:region"}
    for others in (of_one, of_several):
        stack_config.parse(GOOD | {key: value for key, value in kept.items() if key not in others}, SECRET, FakeCloud())
