"""The verb `group`, by its second word."""

import sys
from collections.abc import Callable, Mapping, Sequence

from scripts.host.common import stdin
from scripts.host.common.errors import HostError
from scripts.host.group import join, recovery, roles, status, watch

Verb = Callable[[Sequence[str]], int]


def _serve(_words: Sequence[str]) -> int:
    # Only here: the others need no event loop.
    from scripts.host.group.role_server import serve

    return serve()


def _status(_words: Sequence[str]) -> int:
    try:
        print(stdin.as_json(status.status()))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


VERBS: Mapping[str, Verb] = {
    "begin": join.begin_verb,
    "join": join.join_verb,
    "status": _status,
    "switch-over": roles.switch_verb,
    "step-down": lambda _words: roles.step_down(),
    "watch": lambda _words: watch.watch(),
    "serve": _serve,
    "start": recovery.start_verb,
    "force": recovery.force_verb,
    "rejoin": recovery.rejoin_verb,
}


def main(words: Sequence[str]) -> int:
    """Do what the word after `group` says; return the exit code."""
    verb = VERBS.get(words[0] if words else "")
    if verb is None:
        print(f"group takes one of {', '.join(VERBS)}", file=sys.stderr)
        return 2
    return verb(words[1:])
