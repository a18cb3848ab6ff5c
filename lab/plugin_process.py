"""How a plugin's process ends: at once, and without a word, when the engine asks, or when the engine is gone."""

from __future__ import annotations

import os
import signal
import threading
import time


def end_with_the_engine() -> None:
    """End this process at the engine's SIGINT, which comes last: after the Cancel call, when nothing is under way.

    An engine that is killed sends none: its plugins end within a second of it, and the next `up` finds what they made.

    A user's Ctrl-C does not come here (the engine starts plugins in process groups of their own). A plugin that takes
    its time holds up the engine's Cancel of the next one, which it then reports as a crash.
    Source: pulumi/pulumi, sdk/go/common/util/cmdutil/term.go; pkg/host/host.go, Close.
    """
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    threading.Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()


def _end_after(engine: int) -> None:
    while os.getppid() == engine:
        time.sleep(1)
    os._exit(0)
