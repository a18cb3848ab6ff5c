"""Specs as JSON: the program encodes what a host is told, and the agent decodes it into the same dataclasses.

Every field is written and every field is required: what is misspelt or missing is an error that names it.
"""

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, Union

from scripts.host.common.checks import Check, InvalidValueError, exactly
from scripts.host.common.errors import HostError

Spec = TypeVar("Spec")
_hints: Callable[[Any], Mapping[str, Any]] = functools.cache(typing.get_type_hints)


@dataclasses.dataclass(frozen=True)
class SpecFault:
    """What is wrong with one field of a spec, and a hint how to correct it."""

    field: str
    """With the way to it: grants[1].privileges."""
    wrong: str
    hint: str
    needs: tuple[str, ...] = ()
    """Fields beside it that the fault was concluded from."""

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.field}: {self.wrong}. {self.hint}"


def encode(spec: Any) -> str:
    """Return a spec as JSON."""
    return json.dumps(as_data(spec))


def as_data(spec: Any) -> Any:
    """Return a spec as what JSON knows: objects, lists and plain values."""
    return dataclasses.asdict(spec)


def decode(kind: type[Spec], text: str) -> Spec:
    """Return the spec that a text has.

    Raises:
        HostError: the text is no JSON, or a field is missing, unknown or of another type; no value is repeated.
    """
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise HostError(f"standard input is not JSON: {error}") from error
    return from_data(kind, data)


def from_data(kind: type[Spec], data: Any) -> Spec:
    """Return the spec that decoded JSON has; see decode."""
    spec: Spec = _convert(kind, data, "")
    return spec


def faults_of(spec: Any, path: str = "") -> Iterator[SpecFault]:
    """Yield every fault of a spec: of single fields and of the specs in it; if there are none, of fields together.

    A field's value has to be of the form that its check returns.
    """
    sound, hints = True, _hints(type(spec))
    for field in dataclasses.fields(spec):
        for where, kind, value in _parts(hints[field.name], getattr(spec, field.name), f"{path}{field.name}"):
            if dataclasses.is_dataclass(kind) and isinstance(value, typing.cast("type", kind)):
                for fault in faults_of(value, f"{where}."):
                    sound = False
                    yield fault
                continue
            try:
                _check(kind, field.metadata.get("check"), value)
            except InvalidValueError as error:
                sound = False
                yield SpecFault(where, error.wrong, error.hint)
    together: Callable[[], Iterator[SpecFault]] | None = getattr(spec, "faults", None)
    if together is not None and sound:
        for fault in together():
            yield dataclasses.replace(fault, field=f"{path}{fault.field}")


def _parts(kind: Any, value: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield the value, or each entry of a tuple, with where it is and the type that it has to be of."""
    if typing.get_origin(kind) is tuple and isinstance(value, tuple):
        yield from ((f"{where}[{index}]", typing.get_args(kind)[0], part) for index, part in enumerate(value))
    else:
        yield where, kind, value


def _check(kind: Any, check: Check | None, value: Any) -> None:
    if dataclasses.is_dataclass(kind):
        raise InvalidValueError(f"is {value!r}", f"Write a {typing.cast('type', kind).__name__}")
    if typing.get_origin(kind) is tuple:
        raise InvalidValueError(f"is {value!r}", "Write a tuple")
    if check is not None and not (value is None and type(None) in typing.get_args(kind)):
        exactly(check, value)


def _convert(kind: Any, data: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _convert_fields(kind, data, where)
    if origin in (Union, types.UnionType):
        return _convert_union(arguments, data, where)
    if origin is tuple:
        if not isinstance(data, list):
            raise _mismatch(where, "a list")
        return tuple(_convert(arguments[0], entry, f"{where}[{index}]") for index, entry in enumerate(data))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(data, dict):
            raise _mismatch(where, "an object")
        return {name: _convert(arguments[1], entry, f"{where}.{name}") for name, entry in data.items()}
    # In Python true is a number too.
    if isinstance(data, kind) and isinstance(data, bool) == (kind is bool):
        return data
    raise _mismatch(where, kind.__name__)


def _convert_fields(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise _mismatch(where, "an object")
    kinds = _hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    path = f"{where}." if where else ""
    if missing := [name for name in names if name not in data]:
        raise HostError(f"the spec has no field {path}{missing[0]}: the program and the agent do not belong together")
    if unknown := sorted(data.keys() - set(names)):
        raise HostError(f"the spec's field {path}{unknown[0]} is unknown to this agent")
    return kind(**{name: _convert(kinds[name], data[name], f"{path}{name}") for name in names})


def _convert_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    plain = [kind for kind in kinds if kind is not type(None)]
    if len(plain) == 1:
        return _convert(plain[0], data, where)
    if type(data) in plain:
        return data
    raise _mismatch(where, " or ".join(kind.__name__ for kind in plain))


def _mismatch(where: str, expected: str) -> HostError:
    return HostError(f"the spec's field {where or 'at the top'} is not {expected}")
