"""The operators' ssh key changes without a host being replaced: the agent holds both for one `up`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.testing.ssh_agent import agent
from tests.lab.pair import Pair


def public(key: Path) -> str:
    """Return the public half of a key file."""
    return key.with_suffix(".pub").read_text().strip()


def test_a_new_key_takes_the_old_ones_place_on_every_host_and_an_agent_without_it_is_told_at_once(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pair.outputs()
    old, new = pair.lab.folder / "operator-key", tmp_path / "new-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", new], check=True, timeout=30)
    (tmp_path / "other").mkdir()
    with agent(tmp_path / "other", new) as without, agent(tmp_path, old, new) as both:
        monkeypatch.setenv("SSH_AUTH_SOCK", both)
        # The agent's way first: so the key that comes last on the way back is the old one again.
        with pair.configured(sshPrivateKey=""):
            monkeypatch.setenv("SSH_AUTH_SOCK", without)
            said = pair.failing_up()
            assert "does not hold" in said and "ssh-add" in said, "before anything is dialled"
            monkeypatch.setenv("SSH_AUTH_SOCK", both)
            with pair.configured(sshPublicKey=public(new), sshPrivateKey=""):
                planned = pair.planned()
                assert planned["operators"] == "replace"
                assert not [name for name in planned if name.endswith("-instance")]
                pair.up()
                for host in ("server", "client-1"):
                    keys = pair.scripts_ssh(host, "cat .ssh/authorized_keys").stdout
                    assert keys == public(new) + "\n"
                assert pair.unchanged()
    assert pair.outputs() == before
    assert pair.scripts_ssh("server", "true").returncode == 0
    assert pair.unchanged()
