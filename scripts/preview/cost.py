"""Which way the cost goes. No prices: they are AWS's, by region and by the day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, change, code, table_of

SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
"""Of an instance type, each twice the one before it (EC2 User Guide, "Instance types"); then 2xlarge, 3xlarge, …"""
BY_THE_HOUR = {"Instance": "host", "NatGateway": "NAT gateway", "Eip": "Elastic IP", "Volume": "volume"}


class Way(StrEnum):
    """Which way a cost goes."""

    UP = "up"
    DOWN = "down"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Turn:
    """One cost that changes."""

    way: Way
    words: str


def assess(steps: Sequence[Step]) -> list[Finding]:
    """Return what changes the cost."""
    return [Finding(f"{turn.way.capitalize()}: {turn.words}.") for turn in _turns(steps)]


def direction(steps: Sequence[Step]) -> Way | None:
    """Return which way the whole cost goes; None if it stays."""
    ways = {turn.way for turn in _turns(steps)}
    return ways.pop() if len(ways) == 1 else Way.UNCLEAR if ways else None


def _turns(steps: Sequence[Step]) -> list[Turn]:
    return [turn for step in steps for turn in _of(step)]


def _of(step: Step) -> Iterator[Turn]:
    thing = BY_THE_HOUR.get(step.type)
    if thing and step.op is Op.CREATE:
        yield Turn(Way.UP, f"one more {thing}, {code(step.name)}")
    elif thing and step.op is Op.DELETE:
        yield Turn(Way.DOWN, f"one {thing} less, {code(step.name)}")
    elif step.type == "Instance" and step.op in (Op.UPDATE, Op.REPLACE):
        yield from _instance(step)


def _instance(step: Step) -> Iterator[Turn]:
    old, new = step.old.get("instanceType"), step.new.get("instanceType")
    if old != new:
        yield Turn(of_types(str(old), str(new)), f"{code(step.name)}, {change(step, 'instanceType')}")
    before, after = (table_of(side, "rootBlockDevice") for side in (step.old, step.new))
    for key in ("volumeSize", "volumeType", "iops", "throughput"):
        if before.get(key) != after.get(key):
            way = of_numbers(before.get(key), after.get(key))
            yield Turn(way, f"volume of {code(step.name)}, {change(step, f'rootBlockDevice.{key}')}")


def of_numbers(old: object, new: object) -> Way:
    """Return the way from one size to another."""
    if isinstance(old, int | float) and isinstance(new, int | float):
        return Way.UP if new > old else Way.DOWN
    return Way.UNCLEAR


def of_types(old: str, new: str) -> Way:
    """Return the way from one instance type to another: clear within a family alone."""
    sizes = [_size(instance_type) for instance_type in (old, new)]
    if old.split(".")[0] != new.split(".")[0] or None in sizes:
        return Way.UNCLEAR
    return of_numbers(*sizes)


def _size(instance_type: str) -> int | None:
    size = instance_type.partition(".")[2]
    if size in SIZES:
        return SIZES.index(size)
    many = re.fullmatch(r"(\d+)xlarge", size)
    return len(SIZES) + int(many[1]) if many else None
