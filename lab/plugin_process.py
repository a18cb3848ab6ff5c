"""How a plugin's process ends: at once, and without a word, when the engine asks."""

from __future__ import annotations

import os
import signal


def end_when_asked() -> None:
    """End this process at the engine's SIGINT, which comes last: after the Cancel call, when nothing is under way.

    A user's Ctrl-C does not come here (the engine starts plugins in process groups of their own). A plugin that takes
    its time holds up the engine's Cancel of the next one, which it then reports as a crash.
    Source: pulumi/pulumi, sdk/go/common/util/cmdutil/term.go; pkg/host/host.go, Close.
    """
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
