"""Downtime: what stops, and what may."""

from collections.abc import Iterable, Iterator

from scripts.preview.digest import Op, Step
from scripts.preview.findings import DONE, SERVER, Finding, change, code, host, table_of, turn

SETTINGS = "settings."
WAYS_OUT = ("NatGateway", "Route", "RouteTableAssociation")


def assess(steps: Iterable[Step]) -> list[Finding]:
    """Return what is to be expected; what is certain is severe, and comes first."""
    return sorted((finding for step in steps for finding in _of(step)), key=lambda finding: not finding.severe)


def _of(step: Step) -> Iterator[Finding]:
    if step.kind == "Instance" and step.op is Op.REPLACE:
        yield Finding(f"{host(step)} is **down until its successor is set up**, minutes later.", severe=True)
        if step.is_part_of(SERVER) and "privateIp" in step.changed:
            yield Finding("MySQL's address changes, and with it every connection string.", severe=True)
    elif step.kind == "Instance" and step.op is Op.DELETE:
        yield Finding(f"{host(step)} is deleted, with whatever is on it.", severe=True)
    elif step.kind == "Instance" and step.op is Op.UPDATE and "instanceType" in step.changed:
        yield Finding(f"{host(step)} is **stopped and started**: {change(step, 'instanceType')}.", severe=True)
    elif step.kind == SERVER and step.op is Op.UPDATE:
        yield from _settings(step)
    elif step.kind in WAYS_OUT and step.op in (Op.REPLACE, Op.DELETE):
        yield Finding(f"{code(step.name)} is {DONE[step.op]}: hosts may lose their way out.")


def _settings(step: Step) -> Iterator[Finding]:
    before, after = table_of(step.old, "settings"), table_of(step.new, "settings")
    changed = [path.removeprefix(SETTINGS) for path in step.paths if path.startswith(SETTINGS)]
    if changed:
        settings = ", ".join(f"{code(name)} {turn(before.get(name), after.get(name))}" for name in changed)
        # Which settings are dynamic is known to the mysqld of that version alone: the host agent asks it.
        yield Finding(f"**One restart of mysqld at most**, none if MySQL can change this live: {settings}.")
