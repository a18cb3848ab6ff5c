"""How a verb reads its spec and answers."""

import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from scripts.host.common import codec, lock
from scripts.host.common.errors import HostError

Spec = TypeVar("Spec")


def read(kind: type[Spec]) -> Spec:
    """Return the spec on standard input; see codec.decode."""
    return codec.decode(kind, sys.stdin.read())


def verb(kind: type[Spec], act: Callable[[Spec], Any]) -> Callable[[Sequence[str]], int]:
    """Return a verb that prints, as JSON, what `act` makes of the spec on standard input while it holds the lock."""

    def main(_words: Sequence[str]) -> int:
        try:
            spec = read(kind)
            with lock.exclusive():
                print(as_json(act(spec)))
        except (HostError, OSError) as error:
            print(error, file=sys.stderr)
            return 1
        return 0

    return main


def as_json(value: Any) -> str:
    """Return an answer as JSON; dataclasses in it become objects."""
    return json.dumps(value, default=dataclasses.asdict)
