"""The ssh agent is asked by a program that gets nothing of the stack's config."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack_config import agent


def test_the_agent_is_asked_without_the_programs_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "ssh-add"
    asked.write_text(f"#!/bin/sh\n/usr/bin/env >{tmp_path}/environment\necho ssh-ed25519 AAAAkey comment\n")
    asked.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", "/the/agent")
    monkeypatch.setenv("PULUMI_CONFIG", "every secret")
    assert agent.public_keys() == {"AAAAkey"}
    environment = (tmp_path / "environment").read_text()
    assert "SSH_AUTH_SOCK=/the/agent\n" in environment
    assert "PULUMI_CONFIG" not in environment
