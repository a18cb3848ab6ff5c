"""The ssh agent that `up` logs in by where config has no private key: asked before anything is made."""

from __future__ import annotations

import os
import subprocess

import pulumi

SECONDS = 10
NEEDED = ("PATH", "HOME", "SSH_AUTH_SOCK")


def public_keys() -> set[str] | None:
    """Return the keys that the agent at SSH_AUTH_SOCK holds, as base64; none if there is no agent.

    None where it does not matter or cannot be told: a preview dials nobody, and not every machine has ssh-add.
    """
    if pulumi.runtime.is_dry_run():
        return None
    try:
        done = subprocess.run(
            ["ssh-add", "-L"],
            # Not the program's own environment: Pulumi's language hosts put the config there, decrypted.
            env={name: os.environ[name] for name in NEEDED if name in os.environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return {line.split()[1] for line in done.stdout.splitlines() if len(line.split()) > 1}
