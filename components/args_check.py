"""What another program hands to a component is checked where it enters, by the same checks as config.

A value that is known only when the stack is updated (an Output) is not looked at.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from components import checks
from scripts.host.common import codec
from scripts.host.common.checks import Check, InvalidValueError, flag, nearest, whole
from scripts.host.common.codec import SpecFault

CHECKS: Mapping[str, Check] = {
    "admitted_group_ids": checks.security_group_id,
    "ami": checks.image_id,
    "cidr": checks.ipv4_range,
    "from_port": whole(0, 65535),
    "instance_profile": checks.instance_profile,
    "instance_type": checks.instance_type,
    "jump_to_clients": flag,
    "jump_to_server": flag,
    "mysql_port": checks.mysql_port,
    "mysql_ports": checks.port,
    "nat_gateway": flag,
    "operator_cidrs": checks.operator_range,
    "operator_group_ids": checks.security_group_id,
    "packages": checks.package,
    "private_ip": checks.ipv4_address,
    "private_subnet_cidrs": checks.subnet_range,
    "protocol": checks.protocol,
    "public": flag,
    "public_subnet_cidrs": checks.subnet_range,
    "require_secure_transport": flag,
    "security_group_ids": checks.security_group_id,
    "server_public": flag,
    "server_subnet_cidr": checks.subnet_range,
    "ssh_port": checks.port,
    "subnet_id": checks.subnet_id,
    "termination_protection": flag,
    "to_port": whole(0, 65535),
    "volume_gib": checks.volume_gib,
    "vpc_cidr": checks.vpc_range,
    "vpc_id": checks.vpc_id,
    "x_protocol": flag,
}
"""By field, of all args; of a list, each entry is checked."""


class InvalidArgsError(pulumi.RunError):
    """Every fault of what a component was made from."""

    def __init__(self, component: str, name: str, faults: list[SpecFault]) -> None:
        """Make one text of the faults."""
        self.faults = faults
        super().__init__(f"{component} {name!r} cannot be made:" + "".join(f"\n  - {fault}" for fault in faults))


def check_args(component: str, name: str, kind: type, args: Mapping[str, Any]) -> None:
    """Refuse args with faults.

    Args:
        component: the component's class.
        name: its name.
        kind: the TypedDict that the args are of.
        args: the args.

    Raises:
        InvalidArgsError: a field is missing, unknown or has a value that will not do; with every fault.
    """
    if faults := list(args_faults(kind, args)):
        raise InvalidArgsError(component, name, faults)


def check_spec(component: str, name: str, spec: Any) -> None:
    """Refuse a spec with faults; see check_args."""
    if faults := list(codec.faults_of(spec)):
        raise InvalidArgsError(component, name, faults)


def args_faults(kind: type, args: Mapping[str, Any], path: str = "") -> Iterator[SpecFault]:
    """Yield every fault of args and of the args in them."""
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in args:
        if field not in hints:
            hint = nearest(field, hints, f"{kind.__name__} has {', '.join(hints)}")
            yield SpecFault(f"{path}{field}", "is unknown", hint)
    for field, hint in hints.items():
        if field in args:
            yield from _value_faults(field, hint, args[field], path)
        elif typing.get_origin(hint) is not typing.NotRequired:
            yield SpecFault(f"{path}{field}", "is missing", f"{kind.__name__} needs it")


def of_kind(kind: type, args: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the args that a TypedDict has."""
    return {field: args[field] for field in typing.get_type_hints(kind) if field in args}


def _value_faults(field: str, hint: Any, value: Any, path: str) -> Iterator[SpecFault]:
    nested = _nested(hint)
    entries = enumerate(value) if isinstance(value, list | tuple) else [(None, value)]
    for index, entry in entries:
        where = f"{path}{field}" if index is None else f"{path}{field}[{index}]"
        if entry is None or isinstance(entry, pulumi.Output) or inspect.isawaitable(entry):
            continue
        if nested and isinstance(entry, Mapping):
            yield from args_faults(nested, entry, f"{where}.")
        elif field in CHECKS:
            try:
                kept = CHECKS[field](entry)
            except InvalidValueError as error:
                yield SpecFault(where, error.wrong, error.hint)
                continue
            # A check also takes what a text of config stands for; a component takes the value itself.
            if isinstance(kept, bool | int | str) and (type(kept) is not type(entry) or kept != entry):
                yield SpecFault(where, f"is {entry!r}", f"Write {kept!r}")


def _nested(hint: Any) -> type | None:
    """Return the TypedDict that a field has, or has a sequence of."""
    if typing.is_typeddict(hint):
        return typing.cast("type", hint)
    return next(filter(None, map(_nested, typing.get_args(hint))), None)
