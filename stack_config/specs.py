"""Tables of config as the host agent's specs: a field is read under its name in camelCase, by the check that it has.

So an attribute that a spec gets is a key of config, without a change here.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from scripts.host.common.codec import SpecFault
from stack_config.reader import Reader, as_list, part

Spec = TypeVar("Spec")
Custom = Callable[[Reader, str, Any], Any]
"""Reads a field that is written otherwise than its spec is: takes the reader, the field's key and the raw value."""
EXAMPLES = {
    "grants": 'Write a list like [{"database": "app", "privileges": ["SELECT", "INSERT"]}]',
    "privileges": 'Write a list like ["SELECT", "INSERT"]',
}
"""Of fields that are lists or tables."""


def read_spec(
    reader: Reader,
    key: str,
    raw: object,
    kind: type[Spec],
    example: str,
    given: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    custom: Mapping[str, Custom] | None = None,
) -> Spec:
    """Return the spec that a table says, with a fault too: what is concluded from a field has to ask the reader first.

    Args:
        reader: takes the faults.
        key: the table's.
        raw: the table as it is.
        kind: the spec's class; all its fields are fields of the table that have a check or are specs themselves.
        example: how such a table is written.
        given: fields of the spec that are no fields of the table.
        defaults: of fields, in place of the spec's own.
        custom: how fields are read that are written otherwise, by their names in the table.
    """
    given, defaults, custom = given or {}, defaults or {}, custom or {}
    written = {camel(field.name): field for field in _written(kind) if field.name not in given}
    required = [name for name, field in written.items() if _is_required(field) and field.name not in defaults]
    values = {written[name].name: _blank(kind, written[name].name) for name in required} | dict(defaults)
    for name, value in reader.raw_fields(key, raw, {**written, **custom}, required, example).items():
        path = part(key, name)
        typed = (
            custom[name](reader, path, value) if name in custom else _field(reader, path, kind, written[name], value)
        )
        # An empty text, of a comment for instance, is none.
        if typed is not None and typed != "":
            values[written[name].name] = typed
    spec = kind(**given, **values)
    _add_faults(reader, key, spec)
    return spec


def camel(name: str) -> str:
    """Return a field's name as config has it."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _written(kind: Any) -> Iterator[dataclasses.Field[Any]]:
    for field in dataclasses.fields(kind):
        if "check" in field.metadata or dataclasses.is_dataclass(_entry_type(kind, field.name)):
            yield field


def _is_required(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _blank(kind: Any, name: str) -> object:
    """Return what stands for a field that has to be there and is not."""
    return () if _is_list(kind, name) else ""


def _is_list(kind: Any, name: str) -> bool:
    return typing.get_origin(_hints(kind)[name]) is tuple


def _entry_type(kind: Any, name: str) -> Any:
    """Return the type of a field, or of its entries where it is a list."""
    hint = _hints(kind)[name]
    return typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else hint


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _field(reader: Reader, key: str, kind: Any, field: dataclasses.Field[Any], raw: object) -> Any:
    """Return one field, typed; None if it has a fault."""
    entry_type, example = _entry_type(kind, field.name), EXAMPLES.get(field.name, "Write a table")
    if not _is_list(kind, field.name):
        if dataclasses.is_dataclass(entry_type):
            return read_spec(reader, key, raw, typing.cast("type[Any]", entry_type), example)
        return reader.convert(key, raw, field.metadata["check"])
    entries = reader.convert(key, raw, lambda text: as_list(text, EXAMPLES.get(field.name, "Write a list")))
    if entries is None:
        return None
    if dataclasses.is_dataclass(entry_type):
        nested = typing.cast("type[Any]", entry_type)
        return tuple(read_spec(reader, f"{key}[{at}]", entry, nested, example) for at, entry in enumerate(entries))
    return reader.entries(key, entries, field.metadata["check"])


def _add_faults(reader: Reader, key: str, spec: Any) -> None:
    """Add the faults of several fields together, where the fields that they were concluded from could be read."""
    together: Callable[[], Iterator[SpecFault]] | None = getattr(spec, "faults", None)
    for fault in together() if together else ():
        own, needs = part(key, camel(fault.field)), [part(key, camel(name)) for name in fault.needs]
        value = getattr(spec, fault.field)
        # What is said of the entries of a list that could be read holds, whatever the others are.
        has_entries = isinstance(value, tuple) and bool(value)
        if reader.is_readable(*needs) and (has_entries or reader.is_readable(own)):
            reader.add_fault(own, _in_configs_words(spec, fault.wrong), _in_configs_words(spec, fault.hint))


def _in_configs_words(spec: Any, text: str) -> str:
    names = "|".join(field.name for field in dataclasses.fields(spec) if "_" in field.name)
    return re.sub(rf"\b({names})\b", lambda match: camel(match[1]), text) if names else text
