"""How a host is reached by ssh: address, pinned host key, and the jump host in front of it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_command import remote

from scripts.host.constants import LOGIN_USER, SSH_PORT

DIALS = 3
"""A host that has answered before answers at once, and a wrong host key is a failed dial too: it must be reported, not
retried."""
DIALS_BEHIND_JUMP = 0
"""Behind a proxy pulumi-command tries the handshake again on the channel that the first one has closed: it can only
fail, and hides the reason."""
FIRST_DIALS = 90
"""Of a host that is still booting: about 7 minutes of refused dials (pulumi-command waits up to 5 s between two)."""
DIAL_SECONDS = 15


@dataclass(frozen=True)
class SshRoute:
    """The way to a host's sshd."""

    address: pulumi.Input[str]
    host_key: pulumi.Input[str] | None = None
    """The pinned public key; None for a host that is not known yet, to which no secret is sent."""
    private_key: pulumi.Input[str] | None = None
    """None for the agent at SSH_AUTH_SOCK. The provider finds its path itself: in the program's inputs, another path in
    another session would be a change in every preview."""
    port: int = SSH_PORT
    user: str = LOGIN_USER
    jump: SshRoute | None = None
    """The way to the host that this one is reached through."""

    def connection(self) -> remote.ConnectionArgs:
        """Return how pulumi-command reaches the host."""
        return remote.ConnectionArgs(
            host=self.address,
            port=float(self.port),
            user=self.user,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=self._dials(),
            per_dial_timeout=DIAL_SECONDS,
            proxy=self.jump.as_proxy() if self.jump else None,
        )

    def as_proxy(self) -> remote.ProxyConnectionArgs:
        """Return how pulumi-command reaches another host through this one."""
        return remote.ProxyConnectionArgs(
            host=self.address,
            port=float(self.port),
            user=self.user,
            private_key=self.private_key,
            host_key=self.host_key,
            dial_error_limit=DIALS,
            per_dial_timeout=DIAL_SECONDS,
        )

    def _dials(self) -> int:
        if self.jump:
            return DIALS_BEHIND_JUMP
        return FIRST_DIALS if self.host_key is None else DIALS
