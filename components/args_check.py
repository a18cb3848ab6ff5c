"""What another program hands to a component is checked where it enters, by the same checks as config.

A value that is known only when the stack is updated (an Output) is not looked at.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pulumi

from components.checks import CHECKS
from scripts.host.common import codec
from scripts.host.common.checks import InvalidValueError, nearest
from scripts.host.common.codec import SpecFault


class InvalidArgsError(pulumi.RunError):
    """Every fault of what a component was made from."""

    def __init__(self, component: str, name: str, faults: list[SpecFault]) -> None:
        """Make one text of the faults."""
        self.faults = faults
        super().__init__(f"{component} {name!r} cannot be made:" + "".join(f"\n  - {fault}" for fault in faults))


def check_args(component: str, name: str, kind: type, args: Mapping[str, Any], more: Iterable[SpecFault] = ()) -> None:
    """Refuse args with faults.

    Args:
        component: the component's class.
        name: its name.
        kind: the TypedDict that the args are of.
        args: the args.
        more: faults that the component has found itself.

    Raises:
        InvalidArgsError: a field is missing, unknown or has a value that will not do; with every fault.
    """
    if faults := [*args_faults(kind, args), *more]:
        raise InvalidArgsError(component, name, faults)


def check_spec(component: str, name: str, spec: Any) -> None:
    """Refuse a spec with faults; see check_args."""
    if faults := list(codec.faults_of(spec)):
        raise InvalidArgsError(component, name, faults)


def args_faults(kind: type, args: Mapping[str, Any], path: str = "") -> Iterator[SpecFault]:
    """Yield every fault of args and of the args in them."""
    hints = _hints(kind)
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
    return {field: args[field] for field in _hints(kind) if field in args}


def _hints(kind: type) -> dict[str, Any]:
    # The SDK's Input[T] has Output[T] in it by name.
    return typing.get_type_hints(kind, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)


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
