"""Verb `check-group`: whether a group of servers has a primary, before anything of it is changed.

It asks each member for its role, as the proxy does.
"""

import sys
import time
from collections.abc import Mapping, Sequence

from scripts.host.client import proxy
from scripts.host.client.spec import GroupCheckSpec
from scripts.host.common import stdin
from scripts.host.common.errors import HostError

ANSWER_SECONDS = 3
FAILOVER_SECONDS = 20
"""How long a group may be choosing its primary."""
POLL_SECONDS = 1
PRIMARY = 200


def main(_words: Sequence[str]) -> int:
    """Ask the members of the spec on standard input; return the exit code."""
    try:
        spec = stdin.read(GroupCheckSpec)
        answers = ask(spec)
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    if fault := why_not(answers):
        print(fault, file=sys.stderr)
        return 1
    print(stdin.as_json({"answers": len(answers)}))
    return 0


def ask(spec: GroupCheckSpec) -> Mapping[str, tuple[int, str]]:
    """Return the status and the reason of each member that answers, as soon as one is primary or none will be."""
    deadline = time.monotonic() + FAILOVER_SECONDS
    while True:
        asked = {address: proxy.ask(address, "/primary", ANSWER_SECONDS) for address in spec.addresses}
        answers = {address: (status, reason) for address, (status, reason) in asked.items() if status}
        if not answers or any(status == PRIMARY for status, _ in answers.values()) or time.monotonic() > deadline:
            return answers
        time.sleep(POLL_SECONDS)


def why_not(answers: Mapping[str, tuple[int, str]]) -> str:
    """Return why nothing may be changed; empty if it may.

    Where no member answers, their hosts are gone, or were never there: only a change can bring them back.
    """
    if not answers or any(status == PRIMARY for status, _ in answers.values()):
        return ""
    told = "; ".join(f"{address}: {reason}" for address, (_, reason) in sorted(answers.items()))
    return (
        f"the group of servers has no primary ({told}), so nothing of it was changed. `python -m scripts status` tells "
        "what to do: start the hosts that are down; after an outage of all `python -m scripts start-group`"
    )
