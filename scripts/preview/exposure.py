"""Exposure: who gains or loses reach to which port, and what gets an address that the internet routes to."""

from collections.abc import Collection, Iterator, Sequence

from policy.rules.buckets import BLOCKS
from policy.rules.security_groups import GROUPS, Direction, Rule, world
from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code, host, names
from scripts.preview.reach import Reach, groups, in_order, reach, target
from scripts.preview.servers import SERVER

BLOCK = "BucketPublicAccessBlock"
WORLD = "**the whole internet**"


def assess(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield what is opened first, then what is closed."""
    ways_in, ways_out = reach(steps, Direction.IN), reach(steps, Direction.OUT)
    for rule in ways_in.opened:
        yield Finding(f"**Opened:** {_peer(rule)} gains reach to {target(rule)}.", severe=True)
    for opened, parts in ways_in.opened_in_parts:
        yield Finding(f"**Opened:** {WORLD} gains reach to {opened}, by {names(parts)} together.", severe=True)
    for step in steps:
        yield from _inline(step, ways_in)
    for step in steps:
        yield from _address(step)
        yield from _bucket(step)
    for rule in ways_in.closed:
        yield Finding(f"Closed: {_peer(rule)} loses reach to {target(rule)}.")
    for step in steps:
        yield from _membership(step, ways_in)
    for word, rules in (("opened", ways_out.opened), ("closed", ways_out.closed)):
        for rule in rules:
            yield Finding(f"Way out {word}: {code(rule.group)} to {_peer(rule)} on {rule.label}.")


def _peer(rule: Rule) -> str:
    return f"{f'{WORLD} ' if world([rule.peer]) else ''}{code(rule.peer)}"


def _inline(step: Step, ways_in: Reach) -> Iterator[Finding]:
    """Yield that inline rules change in a way that is not seen in the rules that are read of them."""
    changed = {rule.group for rule in (*ways_in.opened, *ways_in.closed)}
    if step.type in GROUPS and Direction.IN in step.changed and step.name not in changed:
        yield Finding(f"**Changed:** the inline rules of {code(step.name)}.", severe=True)


def _address(step: Step) -> Iterator[Finding]:
    if step.kind != "Eip" or not step.is_part_of("Host"):
        return
    if step.op is Op.DELETE:
        yield Finding(f"{host(step)} loses its public address.")
    elif step.op is Op.CREATE and step.is_part_of(SERVER):
        yield Finding(f"**{host(step)} is made public:** it gets a public address.", severe=True)
    elif step.op is Op.CREATE:
        yield Finding(f"{host(step)} gets a public address.")


def _bucket(step: Step) -> Iterator[Finding]:
    """Yield that a bucket may be opened to everyone: what blocks that goes, or blocks less."""
    if step.kind != BLOCK or step.op not in (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE) or step.retained:
        return
    off = [name for name in BLOCKS if step.new.get(name) is not True]
    opened = [name for name in off if step.before is None or step.old.get(name) is True]
    if opened and not (step.op is Op.DELETE and step.before is None):
        subject = f"what blocks public access to the bucket ({code(step.name)})"
        yield Finding(f"**Opened:** {subject} no longer has {names(opened)}: it may be made public.", severe=True)


def _membership(step: Step, ways_in: Reach) -> Iterator[Finding]:
    if step.kind != "Instance":
        return
    before, after = (set(groups(state)) if state else set() for state in (step.before, step.after))
    for group in sorted(after - before):
        yield Finding(f"{host(step)} joins {code(group)}{_from(group, ways_in.after)}.")
    for group in sorted(before - after):
        yield Finding(f"{host(step)} leaves {code(group)}{_from(group, ways_in.before)}.")


def _from(group: str, rules: Collection[Rule]) -> str:
    """Return what a group reaches, in words to append, as far as the preview shows the rules."""
    targets = [target(rule) for rule in in_order(rules) if rule.peer == group]
    return f", which reaches {', '.join(targets)}" if targets else ""
