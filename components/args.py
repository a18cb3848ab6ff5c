"""What another program hands to a component is checked where it enters, by the same checks as config.

A field that needs more than its type has the check beside it: Annotated[int, checks.volume_gib]. A value that is known
only when the stack is updated (an Output) is not looked at.
"""

import functools
import inspect
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import pulumi

from scripts.host.common.checks import Check, InvalidValueError, exactly, flag, nearest
from scripts.host.common.codec import SpecFault


def args_faults(kind: type, args: Mapping[str, Any], path: str = "") -> Iterator[SpecFault]:
    """Yield every fault of args, which are of this TypedDict, and of the args in them."""
    hints = hints_of(kind)
    for field in args:
        if field not in hints:
            hint = nearest(field, hints, f"{kind.__name__} has {', '.join(hints)}")
            yield SpecFault(f"{path}{field}", "is unknown", hint)
    for field, hint in hints.items():
        is_optional = typing.get_origin(hint) is typing.NotRequired
        if field in args:
            yield from _value_faults(typing.get_args(hint)[0] if is_optional else hint, args[field], f"{path}{field}")
        elif not is_optional:
            yield SpecFault(f"{path}{field}", "is missing", f"{kind.__name__} needs it")


def of_kind(kind: type, args: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the args that a TypedDict has."""
    return {field: args[field] for field in hints_of(kind) if field in args}


@functools.cache
def hints_of(kind: type) -> Mapping[str, Any]:
    """Return the annotation of each field of a TypedDict, with its check."""
    # The SDK's Input[T] has Output[T] in it by name.
    return typing.get_type_hints(kind, localns={"Output": pulumi.Output, "T": Any}, include_extras=True)


def _value_faults(hint: Any, value: Any, where: str) -> Iterator[SpecFault]:
    if value is None or isinstance(value, pulumi.Output) or inspect.isawaitable(value):
        return
    parts = typing.get_args(hint)
    if typing.get_origin(hint) is Annotated:
        yield from _checked(parts[1], value, where)
    elif hint is bool:
        yield from _checked(flag, value, where)
    elif typing.is_typeddict(hint):
        yield from args_faults(hint, value, f"{where}.")
    elif typing.get_origin(hint) is Sequence:
        if isinstance(value, str):
            yield SpecFault(where, "is a text", "Write a list")
            return
        for index, entry in enumerate(value):
            yield from _value_faults(parts[0], entry, f"{where}[{index}]")


def _checked(check: Check, value: Any, where: str) -> Iterator[SpecFault]:
    try:
        exactly(check, value)
    except InvalidValueError as error:
        yield SpecFault(where, error.wrong, error.hint)
