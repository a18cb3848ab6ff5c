"""How a verb reads its spec and answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from scripts.host.common import codec, lock
from scripts.host.common.errors import HostError

Spec = TypeVar("Spec")


def read(kind: type[Spec]) -> Spec:
    """Return the spec on standard input.

    Raises:
        HostError: there is none, or it is not of that kind.
    """
    return codec.decode(kind, sys.stdin.read())


def answer(kind: type[Spec], act: Callable[[Spec], Any]) -> int:
    """Print, as JSON, what a verb makes of its spec while it holds the lock; return the exit code."""
    try:
        spec = read(kind)
        with lock.exclusive():
            print(json.dumps(act(spec)))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
