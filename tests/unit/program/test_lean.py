"""What a run does without: the SDK gives the same by less, and says what --debug shows where it is asked to."""

from __future__ import annotations

import gc
import re
import subprocess
import sys

import pytest
from pulumi import log

from components import lean
from components.lean import DEBUG, _module_of
from tests.unit.program.program_run import PROGRAM

BEGIN = "import sys, pulumi_aws as aws; from components import lean; lean.begin(); "


def ran(code: str) -> str:
    """Return what a Python of its own prints, which begins as the program does."""
    argv = [sys.executable, "-W", "ignore", "-c", BEGIN + code]
    return subprocess.run(argv, cwd=PROGRAM.parent, env={}, capture_output=True, text=True, check=True).stdout


def test_the_program_loads_of_the_sdk_what_it_uses() -> None:
    printed = ran("import stack_config, components.outputs; print(*(n for n in sys.modules if n.count('.') == 2))")
    loaded = {name for name in printed.split() if name.startswith("pulumi_aws.")}
    assert "pulumi_aws.ec2.security_group" in loaded and len(loaded) < 40


NAMES = "ec2.Instance ec2.InstanceArgs ec2.get_instance_type_output s3.BucketVersioning ec2.GetAmiFilterArgs"
TOLD = f"print(*((aws.{NAMES.replace(' ', ', aws.')})), type(aws.ec2).__name__, hasattr(aws.ec2, 'Instnace'))"


def test_what_is_used_is_the_same_as_of_the_whole_package_which_a_name_without_a_module_loads() -> None:
    lean = ran(f"{TOLD}; {TOLD}; aws.ec2.AwaitableGetVpcsResult; aws.s3.BucketLoggingInitArgs; {TOLD}").splitlines()
    bare = [re.sub(" at 0x[0-9a-f]+", "", line) for line in lean]
    assert (
        bare[0]
        == bare[1].replace("module False", "_Package False")
        == bare[2].replace("module False", "_Package False")
    )
    assert "BucketVersioning" in bare[0] and "outputs" not in bare[0]


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("Vpc", "vpc"),
        ("BucketServerSideEncryptionConfiguration", "bucket_server_side_encryption_configuration"),
        ("SubnetArgs", "subnet"),
        ("GetBucketResult", "get_bucket"),
        ("get_parameter_output", "get_parameter"),
    ],
)
def test_the_module_of_a_name(name: str, module: str) -> None:
    assert _module_of(name) == module


@pytest.mark.parametrize(("asked", "shown"), [("", False), ("true", True)])
def test_messages_of_debug_are_sent_where_they_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, asked: str, shown: bool
) -> None:
    monkeypatch.setenv(DEBUG, asked)
    monkeypatch.setattr(log, "debug", sent := lambda _: None)
    lean.begin()
    gc.enable()
    assert (log.debug is sent) is shown
