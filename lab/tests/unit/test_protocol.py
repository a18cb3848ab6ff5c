"""The lab's plugins speak the SDK's protocol without the SDK."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from pulumi.runtime import rpc

from lab import protocol


def test_the_words_are_the_sdks() -> None:
    marks = rpc.UNKNOWN, rpc._special_sig_key, rpc._special_secret_sig
    assert marks == (protocol.UNKNOWN, protocol.SIGNATURE, protocol.SECRET)


def test_the_versions_are_those_that_are_installed() -> None:
    assert [protocol.sdk_version(f"pulumi_{name}") for name in ("aws", "command")] == [
        version(f"pulumi-{name}") for name in ("aws", "command")
    ]


@pytest.mark.parametrize("module", ["lab.aws_provider", "lab.command.server", "lab.engine.language_host"])
def test_a_plugin_starts_without_the_sdk(module: str) -> None:
    code = (
        f"import sys, {module}; print([name for name in sys.modules if name in ('pulumi', 'pulumi_aws', 'asyncssh')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_there_is_nothing_else_in_it() -> None:
    with pytest.raises(AttributeError):
        protocol.provider  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="no package"):
        protocol.package_folder("pulumi_nothing")
