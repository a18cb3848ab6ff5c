"""The servers of a preview, and the volume that each one's data are on."""

from collections.abc import Mapping, Sequence

from scripts.preview.digest import Op, Step

SERVER = "MySqlServer"
DATA_TRIGGER = "data_volume"
"""The trigger of a server's convergence that says which volume the data are on (components/mysql/server.py)."""
GOES = (Op.REPLACE, Op.DELETE)


def names(steps: Sequence[Step]) -> list[str]:
    """Return the names of all servers, of those too that come or go."""
    return [step.name for step in steps if step.kind == SERVER]


def is_group(steps: Sequence[Step]) -> bool:
    """Return whether several servers are there and stay: one can be away while the others serve."""
    return sum(step.kind == SERVER and step.op not in (Op.CREATE, Op.DELETE) for step in steps) > 1


def of(steps: Sequence[Step], server: str) -> list[Step]:
    """Return the steps of a server's data volume: its name begins with the server's where there are several."""
    return list(steps) if len(names(steps)) < 2 else [it for it in steps if it.name.startswith(f"{server}-data")]


def data_volume(steps: Sequence[Step], server: str) -> str | None:
    """Return the id of the volume that a server's data are on, by what its host was last converged to; or None."""
    for step in steps:
        triggers = step.old.get("triggers") if step.kind == "Command" and step.is_part_of(SERVER) else None
        known = [it for it in triggers if isinstance(it, Mapping)] if isinstance(triggers, list) else []
        # The first one says which host it is; of one server that is not asked.
        if len(names(steps)) > 1 and server not in [trigger.get("host") for trigger in known]:
            continue
        for trigger in known:
            if DATA_TRIGGER in trigger:
                return str(trigger[DATA_TRIGGER])
    return None


def other_volume(steps: Sequence[Step], server: str) -> Step | None:
    """Return the attachment by which a server gets a volume that is there already, in place of its own."""
    attached = (step for step in of(steps, server) if step.kind == "VolumeAttachment" and step.op is Op.REPLACE)
    return next((it for it in attached if "volumeId" in it.changed and not volume_goes(steps, server)), None)


def volume_goes(steps: Sequence[Step], server: str) -> bool:
    """Return whether a server's own data volume is replaced or deleted."""
    return any(step.kind == "Volume" and step.op in GOES for step in of(steps, server))
