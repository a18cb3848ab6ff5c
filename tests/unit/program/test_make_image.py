"""`make image`: what it says is missing, what it asks Packer for, and what it says of the image."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from components.host.agent import ROOT
from tests.unit.host.stand_ins import Bench

AMI = "ami-0123456789abcdef0"
ACCOUNT = {"AWS_PROFILE": "team", "AWS_REGION": "eu-central-1"}


@pytest.fixture
def packer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Packer, of a version that has plugins, that makes an image at once."""
    bench = Bench.on_path(tmp_path / "bin", monkeypatch)
    manifest = json.dumps({"builds": [{"artifact_id": f"eu-central-1:{AMI}"}]}, indent=1)
    write = f"for word; do case $word in manifest=*) echo '{manifest}' >\"${{word#*=}}\" ;; esac; done"
    bench.stand_in("packer", f"[ $1 != version ] || echo Packer v1.11.2\n{write}")
    return bench


def make(bench: Bench, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{bench.folder}:/usr/bin:/bin", "HOME": str(bench.folder), **variables}
    argv = [str(ROOT / "tools" / "image"), *arguments]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def test_it_says_how_the_image_is_used(packer: Bench) -> None:
    done = make(packer, "ubuntu_release=26.04", **ACCOUNT)
    assert done.returncode == 0, done.stderr
    assert f"pulumi config set serverAmi {AMI}\n" in done.stdout
    *_, init, build = packer.calls()
    assert init == "packer init image/aws"
    asked = "packer build -var ubuntu_release=26.04 -var region=eu-central-1 -var manifest=/"
    assert build.startswith(asked) and build.endswith(" image/aws")


def test_a_region_in_words_wins(packer: Bench) -> None:
    assert "-var region=eu-west-1 " in make(packer, "region=eu-west-1", **ACCOUNT).stdout + packer.calls()[-1]


def test_all_that_is_missing_is_said_at_once_and_nothing_is_made(packer: Bench) -> None:
    packer.stand_in("packer", "[ $1 != version ] || echo Packer v1.6.6")
    done = make(packer)
    assert done.returncode == 1 and packer.calls() == ["packer version"]
    for word in ("this is 1.6.6", "a region", "AWS credentials"):
        assert word in done.stderr


def test_an_image_that_packer_does_not_tell_of_is_an_error(packer: Bench) -> None:
    packer.stand_in(
        "packer",
        "[ $1 != version ] || echo Packer v1.11.2\n"
        'for word; do case $word in manifest=*) echo "{}" >"${word#*=}" ;; esac; done',
    )
    done = make(packer, **ACCOUNT)
    assert (done.returncode, done.stderr) == (1, "image: Packer says of no image that it made it\n")


def test_a_build_that_fails_is_not_said_to_be_one(packer: Bench) -> None:
    packer.stand_in("packer", "case $1 in version) echo Packer v1.11.2 ;; build) exit 3 ;; esac")
    done = make(packer, **ACCOUNT)
    assert done.returncode == 3 and "The image is" not in done.stdout
