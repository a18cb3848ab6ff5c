"""The verb `backup`: set-up, diff, restore and extract read a spec; run, log, list, status and drill read nothing.

Each prints its answer as JSON. What takes long holds locks of this room's, and leaves the agent's to other verbs; a
restore and a set-up hold that one too.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from scripts.host.backups import base, drill, extract, listing, own, restore, set_up, status, watch
from scripts.host.backups.spec import ExtractSpec, RestoreSpec, SetUpSpec
from scripts.host.common import codec, process, stdin
from scripts.host.common.errors import HostError

NICE = 19
FAULT = 2
"""Exit code of a word that is not of the verb."""


def _extract() -> Any:
    spec = stdin.read(ExtractSpec)
    _check(spec)
    return extract.extract(spec)


def _restore(spec: RestoreSpec) -> Any:
    _check(spec)
    return restore.restore(spec)


def _check(spec: Any) -> None:
    if faults := [str(fault) for fault in codec.faults_of(spec)]:
        raise HostError("\n".join(["the spec has faults, and nothing was changed:", *faults]))


QUERIES_FIRST: dict[str, Callable[[], Any]] = {
    "run": base.run,
    "log": watch.log,
    "drill": drill.drill,
    "extract": _extract,
}
"""Those that run beside the server's work, with the lowest priority."""
OTHERS: dict[str, Callable[[], Any]] = {
    "status": status.load,
    "list": lambda: listing.listed(own.spec().repository),
    "diff": lambda: set_up.differences(stdin.read(SetUpSpec)),
}
LOCKED: dict[str, Callable[[Sequence[str]], int]] = {
    "set-up": stdin.verb(SetUpSpec, set_up.set_up),
    "restore": stdin.verb(RestoreSpec, _restore),
}


def main(words: Sequence[str]) -> int:
    """Do what the word says and return the exit code."""
    word = words[0] if len(words) == 1 else ""
    if word in LOCKED:
        return LOCKED[word](words)
    act = QUERIES_FIRST.get(word) or OTHERS.get(word)
    if act is None:
        known = ", ".join([*LOCKED, *QUERIES_FIRST, *OTHERS])
        print(f"`backup` takes one of the words {known}", file=sys.stderr)
        return FAULT
    try:
        if word in QUERIES_FIRST:
            _yield_to_queries()
        print(stdin.as_json(act()))
    except (HostError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _yield_to_queries() -> None:
    """Have the lowest priority, and programs that are started from now on too. When told to stop, clean up first."""
    # Where memory runs out, these end and not the server.
    Path("/proc/self/oom_score_adj").write_text("1000")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    os.nice(NICE)
    process.must(["ionice", "--class", "idle", "--pid", str(os.getpid())])
