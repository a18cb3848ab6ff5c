"""Exposure: who gains or loses reach to which port, and what gets an address that the internet routes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from scripts.preview.data import SERVER
from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code
from scripts.preview.reach import EGRESS, INGRESS, WORLD, Reach, Rule, groups, reach


def judge(steps: Sequence[Step]) -> list[Finding]:
    """Return what is opened first, then what is closed."""
    ways_in, ways_out = reach(steps, INGRESS), reach(steps, EGRESS)
    return [
        *(Finding(f"**Opened:** {_peer(rule)} gains reach to {_target(rule)}.", grave=True) for rule in ways_in.opened),
        *(finding for step in steps for finding in _inline(step)),
        *(finding for step in steps for finding in _address(step)),
        *(Finding(f"Closed: {_peer(rule)} loses reach to {_target(rule)}.") for rule in ways_in.closed),
        *(finding for step in steps for finding in _membership(step, ways_in)),
        *(Finding(f"Way out opened: {_way_out(rule)}.") for rule in ways_out.opened),
        *(Finding(f"Way out closed: {_way_out(rule)}.") for rule in ways_out.closed),
    ]


def _peer(rule: Rule) -> str:
    return f"{'**the whole internet** ' if rule.peer in WORLD else ''}{code(rule.peer)}"


def _target(rule: Rule) -> str:
    return f"{code(rule.group)} on {rule.port}"


def _way_out(rule: Rule) -> str:
    return f"{code(rule.group)} to {_peer(rule)} on {rule.port}"


def _inline(step: Step) -> Iterator[Finding]:
    if step.type == "SecurityGroup" and "ingress" in step.changed:
        yield Finding(f"**Changed:** {code(step.name)} has rules of its own that are other ones.", grave=True)


def _address(step: Step) -> Iterator[Finding]:
    if step.type != "Eip" or not step.inside("Host") or step.op not in (Op.CREATE, Op.DELETE):
        return
    host = code(step.name.removesuffix("-address"))
    server = step.inside(SERVER)
    if step.op is Op.DELETE:
        yield Finding(f"{'The server' if server else 'Host'} {host} loses its public address.")
    elif server:
        yield Finding(f"**The server {host} is made public:** it gets a public address.", grave=True)
    else:
        yield Finding(f"Host {host} gets a public address.")


def _membership(step: Step, ways_in: Reach) -> Iterator[Finding]:
    if step.type != "Instance":
        return
    before, after = (set(groups(state)) if state else set() for state in (step.before, step.after))
    host = code(step.name.removesuffix("-instance"))
    for group in sorted(after - before):
        yield Finding(f"Host {host} joins {code(group)}{_from(group, ways_in.after)}.")
    for group in sorted(before - after):
        yield Finding(f"Host {host} leaves {code(group)}{_from(group, ways_in.before)}.")


def _from(group: str, rules: Collection[Rule]) -> str:
    """Return what a group reaches, in words to append, as far as the preview shows the rules."""
    targets = [_target(rule) for rule in sorted(rules) if rule.peer == group]
    return f", which reaches {', '.join(targets)}" if targets else ""
