"""How a verb reads its spec and answers."""

from __future__ import annotations

import dataclasses
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
    """Print, as JSON, what a verb makes of its spec while it holds the lock; return the exit code.

    Args:
        kind: the spec's dataclass.
        act: returns a dataclass, or a list of them.
    """
    try:
        spec = read(kind)
        with lock.exclusive():
            print(as_json(act(spec)))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def as_json(value: Any) -> str:
    """Return an answer as JSON; dataclasses in it become objects."""
    return json.dumps(value, default=dataclasses.asdict)
