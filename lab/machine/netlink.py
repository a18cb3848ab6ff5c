"""pyroute2, where it is used: what asks the kernel nothing starts without it, as a plugin for a preview does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyroute2 import IPRoute


def routes(**options: Any) -> IPRoute:
    """Return a way to speak to the kernel about links and routes: the caller's own network namespace's, as a rule."""
    from pyroute2 import IPRoute

    return IPRoute(**options)


def enter(space: str) -> None:
    """Move the calling thread into a namespace, for good."""
    from pyroute2 import netns

    netns.setns(space, flags=0, fork=False)
