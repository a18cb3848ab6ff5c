"""Break a lab's group of servers at random, and check what clients were told: python -m tests.torture --stack LAB

The stack must be up, with `servers: 3` or 5 and a client host. Faults come one at a time, and none before all members
are there again, so that never more than a minority is broken. The same seed has the same faults. Exit code 1 if
anything was found.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial

from lab.settings import Lab, LabError
from tests import PROJECT_ROOT
from tests.lab.pair import Pair
from tests.torture.checker import findings
from tests.torture.clients import CLIENT, Clients, at_work, settings
from tests.torture.faults import FaultError, Nemesis
from tests.torture.members import Members, waited
from tests.torture.report import Broken, Report, untried
from tests.torture.schedule import KINDS, Kind, Step, steps

WHOLE_SECONDS = 300
"""How long it may take until all is as before a fault."""
LEAST = 3


def main() -> int:
    """Run, print the report, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--stack", default="lab", help="a lab's")
    parser.add_argument("--seed", type=int, help="of chance; another one each time")
    parser.add_argument("--budget", type=float, default=600, metavar="SECONDS", help="how long faults are begun")
    parser.add_argument("--only", action="append", choices=[kind.name for kind in KINDS], help="these faults alone")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if kind.name in (options.only or kind.name)]
    seed = random.randrange(10**6) if options.seed is None else options.seed  # noqa: S311  an order, no secret
    report = torture(Pair(Lab.named(options.stack), PROJECT_ROOT), seed, options.budget, kinds)
    print(f"\n{report.text()}", flush=True)
    return bool(report.findings)


def torture(pair: Pair, seed: int, budget: float, kinds: Sequence[Kind] = KINDS) -> Report:
    """Break and check the group of a lab's stack.

    Raises:
        LabError: it is no group that is whole, or its client host cannot write.
    """
    outputs = pair.outputs()
    members = Members(pair.lab, outputs)
    if len(members.instances) < LEAST or not members.is_whole():
        names = ", ".join(members.instances) or "none"
        raise LabError(f"stack {pair.lab.name} has no group of {LEAST} servers or more that is whole; it has {names}")
    told = settings(outputs, seed)
    nemesis = Nemesis(pair.lab.name, members, outputs["client_instance_ids"][0])
    with at_work(pair.lab.name, told, pair.lab.folder / "torture.jsonl") as clients:
        faults, wrong = broken(nemesis, clients, steps(seed, kinds), budget)
        end = time.monotonic()
    if not waited(lambda: members.is_whole() and members.are_level(), WHOLE_SECONDS):
        wrong.append(f"the members do not come to the same transactions in {WHOLE_SECONDS} s")
    history = clients.history()
    contents = {name: members.content(name, told["database"]) for name in members.instances}
    return Report(seed, history, faults, end, [*wrong, *untried(history, faults), *findings(history, contents)])


def broken(
    nemesis: Nemesis, clients: Clients, schedule: Iterable[Step], budget: float
) -> tuple[list[Broken], list[str]]:
    """Make one fault after another for so many seconds; return them, and what was found to be wrong meanwhile."""
    faults: list[Broken] = []
    begun = time.monotonic()
    for step in schedule:
        time.sleep(step.calm)
        if time.monotonic() > begun + budget:
            break
        try:
            target = nemesis.target(step)
            at = time.monotonic()
            held = f" for {step.seconds} s" if step.seconds else ""
            print(f"{at - begun:7.1f} s  {step.kind.name}{held} {f'({target})' if target else ''}", flush=True)
            with nemesis.made(step, target):
                time.sleep(step.seconds)
        except FaultError as error:
            return faults, [str(error)]
        taken_back = time.monotonic()
        is_whole = waited(nemesis.members.is_whole, WHOLE_SECONDS)
        faults.append(Broken(step.kind.name, target, at, taken_back, time.monotonic()))
        if not is_whole:
            return faults, [f"not all members are there {WHOLE_SECONDS} s after this: {step.kind.name}, {target}"]
        if clients.are_gone():
            return faults, [f"{CLIENT} writes no more after this: {step.kind.name}"]
        if not waited(partial(clients.have_written_since, taken_back), WHOLE_SECONDS):
            return faults, [f"no write is acknowledged {WHOLE_SECONDS} s after this: {step.kind.name}"]
    return faults, []


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LabError as error:
        sys.exit(f"torture: {error}")
