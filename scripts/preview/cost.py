"""Which way the cost goes. No prices: they are AWS's, by region and by the day."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, change, code, table_of

SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
"""Of an instance type, each twice the one before it (EC2 User Guide, "Instance types"); then 2xlarge, 3xlarge, …"""
PAID = {
    "Instance": "host",
    "NatGateway": "NAT gateway",
    "LoadBalancer": "load balancer",
    "Eip": "Elastic IP",
    "Volume": "volume",
    "Bucket": "bucket",
    "LifecyclePolicy": "schedule of snapshots",
}
"""By the hour, or by what they keep. A gateway endpoint costs nothing."""


class Way(StrEnum):
    """Which way a cost goes."""

    UP = "up"
    DOWN = "down"
    UNCLEAR = "unclear"


def assess(steps: Iterable[Step]) -> list[Finding]:
    """Return what changes the cost."""
    return [Finding(f"{way.capitalize()}: {words}.") for way, words in _turns(steps)]


def direction(steps: Iterable[Step]) -> Way | None:
    """Return which way the whole cost goes; None if it stays."""
    ways = {way for way, _ in _turns(steps)}
    return ways.pop() if len(ways) == 1 else Way.UNCLEAR if ways else None


def _turns(steps: Iterable[Step]) -> Iterator[tuple[Way, str]]:
    for step in steps:
        thing = PAID.get(step.kind)
        if thing and step.op is Op.CREATE:
            yield Way.UP, f"one more {thing}, {code(step.name)}"
        elif thing and step.op is Op.DELETE:
            yield Way.DOWN, f"one {thing} less, {code(step.name)}"
        elif step.kind == "Instance" and step.op in (Op.UPDATE, Op.REPLACE):
            yield from _of_instance(step)
        elif step.kind == "Volume" and step.op is Op.UPDATE:
            for key in ("size", "iops", "throughput"):
                if step.old.get(key) != step.new.get(key):
                    way = of_numbers(step.old.get(key), step.new.get(key))
                    yield way, f"volume {code(step.name)}, {change(step, key)}"


def _of_instance(step: Step) -> Iterator[tuple[Way, str]]:
    old, new = step.old.get("instanceType"), step.new.get("instanceType")
    if old != new:
        yield of_types(str(old), str(new)), f"{code(step.name)}, {change(step, 'instanceType')}"
    before, after = table_of(step.old, "rootBlockDevice"), table_of(step.new, "rootBlockDevice")
    for key in ("volumeSize", "volumeType", "iops", "throughput"):
        if before.get(key) != after.get(key):
            way = of_numbers(before.get(key), after.get(key))
            yield way, f"volume of {code(step.name)}, {change(step, f'rootBlockDevice.{key}')}"


def of_numbers(old: object, new: object) -> Way:
    """Return the way from one size to another."""
    if isinstance(old, int | float) and isinstance(new, int | float):
        return Way.UP if new > old else Way.DOWN
    return Way.UNCLEAR


def of_types(old: str, new: str) -> Way:
    """Return the way from one instance type to another: clear within a family alone."""
    same_family = old.split(".")[0] == new.split(".")[0]
    return of_numbers(_size(old), _size(new)) if same_family else Way.UNCLEAR


def _size(instance_type: str) -> int | None:
    size = instance_type.partition(".")[2]
    if size in SIZES:
        return SIZES.index(size)
    larger = re.fullmatch(r"(\d+)xlarge", size)
    return len(SIZES) + int(larger[1]) if larger else None
