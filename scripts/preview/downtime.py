"""Downtime: what stops, and what may."""

from collections.abc import Iterator, Sequence

from scripts.preview.digest import Op, Step
from scripts.preview.findings import (
    DONE,
    SERVER,
    Finding,
    cause,
    change,
    code,
    data_volume,
    host,
    other_volume,
    table_of,
    turn,
    volume_goes,
)

SETTINGS = "settings."
DISTRIBUTION = "distribution"
"""The property of the server by which it shows its Ubuntu and MySQL (components/mysql/server.py)."""
REPLACED_SECONDS = 120
"""From the stop of the former host to MySQL on its successor: in a lab 60; AWS stops and launches hosts more slowly."""
COPY_SECONDS = 30
"""For a GiB that moves to a data volume of 125 MiB/s: it is written once and read twice, to be compared."""
CHANGED = (Op.UPDATE, Op.REPLACE)
WAYS_OUT = ("NatGateway", "Route", "RouteTableAssociation")


def assess(steps: Sequence[Step]) -> list[Finding]:
    """Return what is to be expected; what is certain is severe, and comes first."""
    kept = None if volume_goes(steps) or other_volume(steps) else data_volume(steps)
    found = [finding for step in steps for finding in _of(step, kept)]
    return sorted([*_move(steps), *found, *_upgrade(steps)], key=lambda finding: not finding.severe)


def _move(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that the data of a server that there is go to a volume that it did not have."""
    fresh = {step.owner for step in steps if step.kind == "Instance" and step.op in (Op.CREATE, Op.REPLACE)}
    attached = [step for step in steps if step.kind == "VolumeAttachment" and step.op is Op.CREATE]
    servers = [step for step in steps if step.kind == SERVER and step.op is not Op.CREATE and step.name not in fresh]
    converged = [step for step in steps if step.kind == "Command" and step.is_part_of(SERVER) and step.op in CHANGED]
    if attached and (servers or converged):
        yield Finding(
            f"The server's data **move to a data volume, and MySQL is stopped while they are copied**, about "
            f"{COPY_SECONDS} seconds for each GiB. The former copy is removed when MySQL answers from the volume.",
            severe=True,
        )


def _upgrade(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that the server goes to another release, or to an image of which nobody knows the release."""
    server = next((step for step in steps if step.kind == SERVER and DISTRIBUTION in step.changed), None)
    replaced = any(step.kind == "Instance" and step.op is Op.REPLACE and step.is_part_of(SERVER) for step in steps)
    snapshot = any(step.kind == "Snapshot" and step.op is Op.CREATE for step in steps)
    if not replaced or not (server or snapshot):
        return
    words = "MySQL may be of another version"
    if server and server.old.get(DISTRIBUTION):
        words = f"{server.old[DISTRIBUTION]} → {server.new.get(DISTRIBUTION)}"
    how = "a snapshot of the data is made first, and is the only way back"
    if volume_goes(steps):
        how = "its data are those of another volume"
    elif not snapshot:
        how = "**no snapshot of the data is made first, so there is no way back**"
    yield Finding(
        f"**{words}**: {how}. `python -m scripts upgrade --release` tells beforehand what would not go well.",
        severe=True,
    )


def _of(step: Step, kept: str | None) -> Iterator[Finding]:
    if step.kind == "Instance" and step.op is Op.REPLACE and step.is_part_of(SERVER) and kept:
        away = f"MySQL is down for about {REPLACED_SECONDS} seconds"
        yield Finding(
            f"{host(step)}'s **host is replaced, its data are kept** on {code(kept)}; {away}{cause(step)}.", severe=True
        )
        if "privateIp" in step.changed:
            yield Finding("MySQL's address changes, and with it every connection string.", severe=True)
    elif step.kind == "Instance" and step.op is Op.REPLACE:
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
