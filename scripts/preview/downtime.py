"""Downtime: what stops, and what may."""

from collections.abc import Iterator, Sequence

from scripts.preview import servers
from scripts.preview.digest import Op, Step
from scripts.preview.findings import DONE, Finding, cause, change, code, host, table_of, turn
from scripts.preview.servers import SERVER

SETTINGS = "settings."
DISTRIBUTION = "distribution"
"""The property of the server by which it shows its Ubuntu and MySQL (components/mysql/server.py)."""
REPLACED_SECONDS = 120
"""From the stop of the former host to MySQL on its successor: in a lab 60; AWS stops and launches hosts more slowly."""
COPY_SECONDS = 30
"""For a GiB that moves to a data volume of 125 MiB/s: it is written once and read twice, to be compared."""
CHANGED = (Op.UPDATE, Op.REPLACE)
IN_TURN = "servers are changed one after another"
WAYS_OUT = ("NatGateway", "Route", "RouteTableAssociation")


def assess(steps: Sequence[Step]) -> list[Finding]:
    """Return what is to be expected; what is certain is severe, and comes first."""
    found = [finding for step in steps for finding in _of(step, steps)]
    found = [*_one_by_one(steps), *_of_number(steps), *_move(steps), *found, *_upgrade(steps)]
    # The servers of a group have the same settings.
    return sorted(dict.fromkeys(found), key=lambda finding: not finding.severe)


def _one_by_one(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that the service stays where the servers of a group change."""
    stopping = [step for step in steps if step.kind == "Instance" and step.is_part_of(SERVER) and _stops(step)]
    if servers.is_group(steps) and stopping:
        yield Finding(
            "**The servers are changed one after another, and the group takes reads and writes meanwhile.** Before a "
            "primary stops, another server takes its role: connections for writing are made anew then.",
            verdict=IN_TURN,
        )


def _of_number(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that one server becomes a group, or a group one server."""
    before, after = (sum(step.kind == SERVER and step.op is not op for step in steps) for op in (Op.CREATE, Op.DELETE))
    if before == 1 and after > 1:
        words = f"**The server becomes one of a group of {after}: mysqld is restarted once**"
    elif after == 1 and before > 1:
        words = f"**The group of {before} becomes one server**"
    else:
        return
    address = "MySQL's address changes, and with it every connection string: clients reach a group by their own proxy"
    words = f"{words}. Unless `clientProxy` is set, {address}, and one server by its own address."
    yield Finding(words, severe=True)


def _stops(step: Step) -> bool:
    return step.op is Op.REPLACE or (step.op is Op.UPDATE and "instanceType" in step.changed)


def _move(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that the data of a server that there is go to a volume that it did not have."""
    several = len(servers.names(steps)) > 1
    for server in servers.names(steps) if several else [""]:
        if _moves([step for step in steps if not several or _is_of(step, server)]):
            yield Finding(
                f"The server{f' {code(server)}' if several else ''}'s data **move to a data volume, and MySQL is "
                f"stopped while they are copied**, about {COPY_SECONDS} seconds for each GiB. The former copy is "
                "removed when MySQL answers from the volume.",
                severe=True,
            )


def _is_of(step: Step, server: str) -> bool:
    return step.name == server or step.owner == server or step.name.startswith(f"{server}-data")


def _moves(steps: Sequence[Step]) -> bool:
    fresh = {step.owner for step in steps if step.kind == "Instance" and step.op in (Op.CREATE, Op.REPLACE)}
    attached = [step for step in steps if step.kind == "VolumeAttachment" and step.op is Op.CREATE]
    there = [step for step in steps if step.kind == SERVER and step.op is not Op.CREATE and step.name not in fresh]
    converged = [step for step in steps if step.kind == "Command" and step.is_part_of(SERVER) and step.op in CHANGED]
    return bool(attached and (there or converged))


def _upgrade(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that the server goes to another release, or to an image of which nobody knows the release."""
    server = next((step for step in steps if step.kind == SERVER and DISTRIBUTION in step.changed), None)
    replaced = [it.owner for it in steps if it.kind == "Instance" and it.op is Op.REPLACE and it.is_part_of(SERVER)]
    snapshots = [name for name in replaced if _has_snapshot(servers.of(steps, name))]
    if not replaced or not (server or snapshots):
        return
    words = "MySQL may be of another version"
    if server and server.old.get(DISTRIBUTION):
        words = f"{server.old[DISTRIBUTION]} → {server.new.get(DISTRIBUTION)}"
    how = "a snapshot of the data is made first, and is the only way back"
    if any(servers.volume_goes(steps, name) for name in replaced):
        how = "its data are those of another volume"
    elif len(snapshots) < len(replaced):
        how = "**no snapshot of the data is made first, so there is no way back**"
    yield Finding(
        f"**{words}**: {how}. `python -m scripts upgrade --release` tells beforehand what would not go well.",
        severe=True,
    )


def _has_snapshot(steps: Sequence[Step]) -> bool:
    return any(step.kind == "Snapshot" and step.op is Op.CREATE for step in steps)


def _of(step: Step, steps: Sequence[Step]) -> Iterator[Finding]:
    if step.kind == "Instance" and step.is_part_of(SERVER) and _stops(step):
        yield from _of_server(step, steps)
    elif step.kind == "Instance" and step.op is Op.REPLACE:
        yield Finding(f"{host(step)} is **down until its successor is set up**, minutes later.", severe=True)
    elif step.kind == "Instance" and step.op is Op.DELETE:
        yield Finding(f"{host(step)} is deleted, with whatever is on it.", severe=True)
    elif step.kind == "Instance" and _stops(step):
        yield Finding(f"{host(step)} is **stopped and started**: {change(step, 'instanceType')}.", severe=True)
    elif step.kind == SERVER and step.op is Op.UPDATE:
        yield from _settings(step, servers.is_group(steps))
    elif step.kind in WAYS_OUT and step.op in (Op.REPLACE, Op.DELETE):
        yield Finding(f"{code(step.name)} is {DONE[step.op]}: hosts may lose their way out.")


def _of_server(step: Step, steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield that a server's host stops; of a group that is no downtime."""
    server, group = step.owner, servers.is_group(steps)
    goes = servers.volume_goes(steps, server) or servers.other_volume(steps, server)
    kept = None if goes else servers.data_volume(steps, server)
    if step.op is Op.UPDATE:
        words = f"{host(step)} is **stopped and started**: {change(step, 'instanceType')}."
    elif kept:
        away = "" if group else f"; MySQL is down for about {REPLACED_SECONDS} seconds"
        words = f"{host(step)}'s **host is replaced, its data are kept** on {code(kept)}{away}{cause(step)}."
    elif group:
        words = f"{host(step)} is **away until its successor has copied the others' data**{cause(step)}."
    else:
        words = f"{host(step)} is **down until its successor is set up**, minutes later."
    yield Finding(words, severe=not group, verdict=IN_TURN if group else "")
    # Clients of a group know the servers by their own proxy, which is told.
    if step.op is Op.REPLACE and "privateIp" in step.changed and not group:
        yield Finding("MySQL's address changes, and with it every connection string.", severe=True)


def _settings(step: Step, group: bool) -> Iterator[Finding]:
    before, after = table_of(step.old, "settings"), table_of(step.new, "settings")
    changed = [path.removeprefix(SETTINGS) for path in step.paths if path.startswith(SETTINGS)]
    if changed:
        settings = ", ".join(f"{code(name)} {turn(before.get(name), after.get(name))}" for name in changed)
        # Which settings are dynamic is known to the mysqld of that version alone: the host agent asks it.
        where = " on each server, one after another" if group else ""
        yield Finding(f"**One restart of mysqld at most**{where}, none if MySQL can change this live: {settings}.")
