"""What a project's Pulumi.lab.yaml becomes on a lab, and which project a lab is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.machine.slots import Slot
from lab.project_config import Fact, Value, facts, read
from lab.settings import Lab, LabError

KNOWN = {
    "operatorCidr": Fact("198.18.3.1/32"),
    "vpcCidr": Fact("10.103.0.0/16"),
    "sshPrivateKey": Fact("KEY\n", secret=True),
}


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """A lab of a project that has a Pulumi.yaml and nothing else."""
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    return Lab.named("lab", tmp_path)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a:b: ${lab:vpcCidr}", {"a:b": "10.103.0.0/16"}),
        ("a:b: [\"${lab:operatorCidr}\"]", {"a:b": ["198.18.3.1/32"]}),
        ("a:b: '[\"${lab:operatorCidr}\", \"192.0.2.0/24\"]'", {"a:b": '["198.18.3.1/32", "192.0.2.0/24"]'}),
        ("a:b: {c: [{d: \"from ${lab:vpcCidr}\"}]}", {"a:b": {"c": [{"d": "from 10.103.0.0/16"}]}}),
        ("a:b: $lab:vpcCidr ${vpcCidr} ${other:x}", {"a:b": "$lab:vpcCidr ${vpcCidr} ${other:x}"}),
        ("a:b: true\n  aws:region: eu-central-1", {"a:b": True, "aws:region": "eu-central-1"}),
    ],
)  # fmt: skip
def test_facts_stand_in_place_of_their_names(lab: Lab, text: str, plain: dict[str, Value]) -> None:
    lab.project_config.write_text(f"config:\n  {text}\n")
    config = read(lab, KNOWN)
    assert (config.plain, config.secrets) == (plain, {})


def test_a_secret_fact_makes_a_secret(lab: Lab) -> None:
    lab.project_config.write_text("config:\n  a:key: ${lab:sshPrivateKey}\n")
    config = read(lab, KNOWN)
    assert (config.plain, config.secrets) == ({}, {"a:key": "KEY\n"})


def test_a_project_without_a_file_of_values_has_none(lab: Lab) -> None:
    assert read(lab, KNOWN).plain == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "config:\n  a:b: ${lab:vpc}",
            "Pulumi.lab.yaml: a:b names ${lab:vpc}, which the lab does not have. "
            "It has operatorCidr, sshPrivateKey, vpcCidr",
        ),
        (
            "config:\n  a:b: [\"${lab:sshPrivateKey}\"]",
            "Pulumi.lab.yaml: a:b has ${lab:sshPrivateKey} inside a longer value: a secret needs a key of its own",
        ),
        ("config: [", "Pulumi.lab.yaml is no YAML: "),
        ("config", "Pulumi.lab.yaml: a mapping is expected"),
    ],
)  # fmt: skip
def test_a_fault_of_the_file_is_told(lab: Lab, text: str, told: str) -> None:
    lab.project_config.write_text(text)
    with pytest.raises(LabError) as fault:
        read(lab, KNOWN)
    assert told in str(fault.value)


def test_the_facts_of_a_lab(lab: Lab) -> None:
    known = facts(lab, Slot(3))
    assert {name: fact.value for name, fact in known.items() if not name.startswith("ssh")} == {
        "name": "lab",
        "operatorCidr": "198.18.3.1/32",
        "vpcCidr": "10.103.0.0/16",
    }
    assert known["sshPublicKey"].value.startswith("ssh-ed25519 ") and known["sshPublicKey"].value.endswith(" lab")
    assert [name for name, fact in known.items() if fact.secret] == ["sshPrivateKey"]
    assert facts(lab, Slot(3)) == known  # the key is made once
    assert lab.operator_key.stat().st_mode & 0o777 == 0o600


def test_a_lab_is_of_the_project_around_the_current_folder(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")
    assert Lab.named("lab") == lab


def test_a_folder_that_is_in_no_project_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LabError, match="is in no Pulumi project"):
        Lab.named("lab")
