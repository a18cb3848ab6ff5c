"""Config of the volume that MySQL's data are on, and what AWS knows against it."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from components.data_volume import BASE_IOPS, DataVolumeArgs, VolumeArgs, volume_faults
from components.network import ExistingNetwork
from scripts.host.common.checks import whole
from stack_config.aws import HostFacts, Lookups, SubnetFacts
from stack_config.network import SUBNET, SUBNETS, NetworkRead
from stack_config.reader import Reader
from stack_config.servers import SERVERS, key_of
from stack_config.specs import read_args

SIZE, ID, SNAPSHOT = "dataVolumeSize", "dataVolumeId", "dataVolumeSnapshot"
KEYS = {
    "dataVolumeIops": "iops",
    "dataVolumeThroughput": "throughput",
    "dataVolumeKmsKey": "kms_key",
    "dataVolumeKeep": "keep",
    ID: "volume_id",
    SNAPSHOT: "snapshot_id",
}
"""The field of VolumeArgs that each key is, besides the size."""
FIELDS = {SIZE: "size_gib", **KEYS}


class DataRead(NamedTuple):
    """The data volume in config, and the server that there is."""

    args: VolumeArgs | None
    """None where the data are on the root volume."""
    gib: int
    """The size of what the data are on; 0 if it is not known."""

    @property
    def iops(self) -> int:
        """The IOPS of what the data are on: those in config, or what every gp3 volume has."""
        return (self.args or {}).get("iops") or BASE_IOPS


def read_data(reader: Reader, lookups: Lookups, root_gib: int, in_group: bool = False) -> DataRead:
    """Return what is said of the data volume, each fault by the key it is of; servers of a group have one each."""
    size = reader.read(SIZE, whole(0, 65536, " GiB"))
    args: dict[str, Any] = read_args(reader, VolumeArgs, KEYS)
    if size == 0:
        for key in (key for key in KEYS if key != "dataVolumeKeep" and reader.is_set(key)):
            reader.add_fault(key, f"is set, and {SIZE} is 0, so there is no data volume", f"Remove it, or set {SIZE}")
        if in_group:
            wrong = "is 0, and each of several servers keeps its data on a volume of its own"
            reader.add_fault(SIZE, wrong, f"Set it to 16 or more, or {SERVERS} to 1")
        return DataRead(None, root_gib)
    volume = cast("VolumeArgs", {**args, "size_gib": size} if size else args)
    for fault in volume_faults(volume):
        key = next(key for key, field in FIELDS.items() if field == fault.field)
        if reader.is_readable(SIZE, *KEYS):
            reader.add_fault(key, _in_configs_words(fault.wrong), _in_configs_words(fault.hint))
    if given := volume.get("volume_id"):
        facts = lookups.ask(ID, lookups.cloud.volume, given)
        if facts and not facts.encrypted:
            reader.add_warning(ID, f"{given} is not encrypted", "Copy it to one that is, by an encrypted snapshot")
        gib = facts.gib if facts else 0
        return DataRead({**volume, "size_gib": gib} if gib else volume, gib)
    if snapshot := volume.get("snapshot_id"):
        least = lookups.ask(SNAPSHOT, lookups.cloud.snapshot_gib, snapshot)
        if least and size and size < least:
            reader.add_fault(
                SIZE, f"is {size}, and {snapshot} is of a volume of {least} GiB", f"Set it to {least} or more"
            )
    return DataRead(volume, size or 0)


def place_data(
    reader: Reader, lookups: Lookups, data: DataRead, placement: NetworkRead, servers: Sequence[str]
) -> tuple[DataVolumeArgs, ...]:
    """Return what each server's data volume is made from, in the zone of the server; none if there are none.

    What is there already, a volume or a snapshot, is the first server's: the others copy its data.
    """
    volumes = []
    for place, name in enumerate(servers):
        current = lookups.ask("terminationProtection", lookups.cloud.host, name)
        if data.args is None:
            if current and current.data_volume and reader.is_readable(SIZE):
                wrong = (
                    f"is 0, and MySQL's data are on {current.data_volume}: they are not moved back to the root volume"
                )
                reader.add_fault(SIZE, wrong, "Set it to that volume's size")
            continue
        args = data.args if place == 0 else _without_origin(data.args)
        zone = _zone(lookups, placement, servers, place)
        if current and current.data_volume:
            _check_current(reader, lookups, data._replace(args=args), current.data_volume)
            if zone and not args.get("volume_id"):
                _check_zone(reader, lookups, placement, servers, place, current.data_volume, zone)
        if given := args.get("volume_id"):
            _check_given(reader, lookups, given, current, zone)
        volumes.append(cast("DataVolumeArgs", {**args, "zone": zone or ""}))
    return tuple(volumes)


def _without_origin(args: VolumeArgs) -> VolumeArgs:
    """Return what a volume is made from that is made empty."""
    kept = {field: value for field, value in args.items() if field not in (KEYS[ID], KEYS[SNAPSHOT])}
    return cast("VolumeArgs", kept)


def _zone(lookups: Lookups, placement: NetworkRead, servers: Sequence[str], place: int) -> str | None:
    """Return the zone in which a server is, or will be; None if it is not known."""
    if isinstance(placement.network, ExistingNetwork):
        subnet_id = (placement.network.server_subnet_id, *placement.network.more_subnet_ids)[place]
        subnet = lookups.ask(None, lookups.cloud.subnet, str(subnet_id))
        return subnet.zone if subnet else None
    # A subnet that is there keeps its zone, and so does one that takes its place.
    subnets = [_subnet_of(lookups, name) for name in (servers[place], *servers)]
    in_it = [subnet for subnet in subnets if subnet and subnet.cidr == placement.server_subnets[place]]
    if in_it:
        return in_it[0].zone
    if lookups.ask(None, lookups.cloud.host, servers[place]):
        return subnets[0].zone if subnets[0] else None
    zones = placement.network["zones"] if placement.network else ()
    count = 1 + len(placement.network.get("member_subnet_cidrs", ())) if placement.network else 1
    return zones[place % count] if zones else None


def _subnet_of(lookups: Lookups, name: str) -> SubnetFacts | None:
    """Return the subnet of a server that there is."""
    host = lookups.ask(None, lookups.cloud.host, name)
    return lookups.ask(None, lookups.cloud.subnet, host.subnet_id) if host else None


def _check_current(reader: Reader, lookups: Lookups, data: DataRead, current: str) -> None:
    """Refuse a smaller size than the volume has that a server has."""
    facts = lookups.ask(None, lookups.cloud.volume, current)
    if facts is None or data.args is None:
        return
    is_own = not data.args.get("volume_id") and not data.args.get("snapshot_id")
    if is_own and data.gib and data.gib < facts.gib and reader.is_readable(SIZE):
        reader.add_fault(
            SIZE,
            f"is {data.gib}, and {current} has {facts.gib} GiB: a volume does not shrink",
            f"Set it to {facts.gib} or more",
        )


def _check_zone(
    reader: Reader,
    lookups: Lookups,
    placement: NetworkRead,
    servers: Sequence[str],
    place: int,
    current: str,
    zone: str,
) -> None:
    """Refuse another zone than that of the volume that a server has."""
    facts = lookups.ask(None, lookups.cloud.volume, current)
    if facts is None or facts.zone == zone:
        return
    if place and not isinstance(placement.network, ExistingNetwork):
        wrong = f"puts {servers[place]} in {zone}, and its data volume {current} is in {facts.zone}"
        reader.add_fault("zones", wrong, "Leave it as it was when the server was made")
        return
    wrong = f"is in {zone}, and the data volume {current} is in {facts.zone}"
    reader.add_fault(key_of(SUBNET, SUBNETS, servers, place), wrong, f"Choose a subnet in {facts.zone}")


def _check_given(reader: Reader, lookups: Lookups, given: str, current: HostFacts | None, zone: str | None) -> None:
    facts = lookups.ask(None, lookups.cloud.volume, given)
    if facts and zone and facts.zone != zone:
        hint = f"Choose a volume in {zone}, or make a snapshot of this one and set {SNAPSHOT} to it"
        reader.add_fault(ID, f"{given} is in {facts.zone}, and the server is in {zone}", hint)
    own = current.data_volume if current else None
    if facts and given != own and lookups.cloud.is_attached(given):
        reader.add_fault(ID, f"{given} is attached to another instance", "Detach it there first, or choose another")


def _in_configs_words(text: str) -> str:
    for key, field in FIELDS.items():
        text = re.sub(rf"\b{field}\b", key, text)
    return text
