"""Downtime: what stops, and what may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.preview.data import SERVER, turn_of
from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code, turn

SETTINGS = "settings."


def judge(steps: Sequence[Step]) -> list[Finding]:
    """Return what is to be expected; what is certain is grave, and comes first."""
    return sorted((finding for step in steps for finding in _of(step)), key=lambda finding: not finding.grave)


def _of(step: Step) -> Iterator[Finding]:
    if step.type == "Instance":
        yield from _instance(step)
    elif step.type == SERVER and step.op is Op.UPDATE:
        yield from _settings(step)
    elif step.type in ("NatGateway", "Route", "RouteTableAssociation") and step.op in (Op.REPLACE, Op.DELETE):
        done = "replaced" if step.op is Op.REPLACE else "deleted"
        yield Finding(f"{code(step.name)} is {done}: hosts may lose their way out.")


def _instance(step: Step) -> Iterator[Finding]:
    server = step.inside(SERVER)
    host = f"{'The server' if server else 'Host'} {code(step.name.removesuffix('-instance'))}"
    if step.op is Op.REPLACE:
        yield Finding(f"{host} is **away until its successor is set up**, minutes later.", grave=True)
        if server and "privateIp" in step.changed:
            yield Finding("MySQL's address changes, and with it every connection string.", grave=True)
    elif step.op is Op.DELETE:
        yield Finding(f"{host} is deleted, with whatever is on it.", grave=True)
    elif "instanceType" in step.changed and step.op is Op.UPDATE:
        yield Finding(f"{host} is **stopped and started**: {turn_of(step, 'instanceType')}.", grave=True)


def _settings(step: Step) -> Iterator[Finding]:
    before, after = (_table(side) for side in (step.old, step.new))
    changed = [path.removeprefix(SETTINGS) for path in step.paths if path.startswith(SETTINGS)]
    if changed:
        shown = ", ".join(f"{code(name)} {turn(before.get(name), after.get(name))}" for name in changed)
        # Which settings are dynamic is known to the mysqld of that version: scripts/host/mysql_settings.py asks it.
        yield Finding(f"**One restart of mysqld at most**, none if MySQL can change this live: {shown}.")


def _table(inputs: Mapping[str, Any]) -> dict[str, Any]:
    found = inputs.get("settings")
    return found if isinstance(found, dict) else {}
