"""Config of how many servers there are, and of what each of them has for itself."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeVar

from scripts.host.common.checks import InvalidValueError
from stack_config.clients import SERVER
from stack_config.reader import Convert, Reader, as_list

SERVERS = "servers"
COUNTS = (1, 3, 5)
T = TypeVar("T")


def server_count(raw: Any) -> int:
    """Return the number of servers."""
    if str(raw).strip() not in map(str, COUNTS):
        raise InvalidValueError(
            f"is {raw}",
            "Write 1, 3 or 5: a group goes on as long as more than half of its servers do, so a fourth one outlasts "
            "no more than the third does, and of five any two may fail",
        )
    return int(raw)


def read_servers(reader: Reader) -> tuple[str, ...]:
    """Return the servers' names among hosts, in the order in which they are changed; one where they are not known."""
    count = reader.read(SERVERS, server_count) or 1
    return (SERVER, *(f"{SERVER}-{number}" for number in range(2, count + 1)))


def read_each(
    reader: Reader, lone: str, listed: str, servers: Sequence[str], check: Convert[T], example: str
) -> list[T | None]:
    """Return what config has for each server: of one under a key of its own, of several in a list.

    Nothing is concluded from the one or the other where the number of servers has a fault.
    """
    alone, raw = reader.read(lone, check), reader.read(listed, lambda text: as_list(text, example)) or ()
    values = [reader.convert(f"{listed}[{place}]", entry, check) for place, entry in enumerate(raw)]
    is_listed = reader.is_set(listed) and reader.is_readable(listed)
    if len(servers) == 1:
        if is_listed and reader.is_readable(SERVERS):
            reader.add_fault(listed, "is of several servers, and there is one", f"Set {lone} in its place")
        return [alone]
    if reader.is_set(lone) and reader.is_readable(lone):
        hint = f"Write those of all servers in {listed}, and remove this: `pulumi config rm {lone}`"
        reader.add_fault(lone, f"is of one server, and there are {len(servers)}", hint)
    if is_listed and len(values) != len(servers):
        reader.add_unreadable(listed, f"has {len(values)} entries for {len(servers)} servers", example)
    return [*values, *[None] * len(servers)][: len(servers)]


def key_of(lone: str, listed: str, servers: Sequence[str], place: int) -> str:
    """Return the key under which `read_each` reads what a server has; places are counted from 0."""
    return lone if len(servers) == 1 else f"{listed}[{place}]"


def warn_of_majority(reader: Reader, key: str, servers: Sequence[str], zones: Sequence[str]) -> None:
    """Warn of a zone that has more than half of several servers; `zones` has each one's."""
    if len(servers) == 1 or len(zones) != len(servers):
        return
    zone, count = Counter(zones).most_common(1)[0]
    if count * 2 > len(servers):
        names = ", ".join(name for name, own in zip(servers, zones, strict=True) if own == zone)
        left = "there is none" if count == len(servers) else "the others are no majority"
        wrong = (
            f"puts {count} of {len(servers)} servers in {zone} ({names}): while that zone is out, {left}, and nobody "
            "writes to MySQL until an operator has stepped in"
        )
        reader.add_warning(key, wrong, "Spread them so that no zone has more than half of them")
