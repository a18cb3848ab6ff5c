"""Config as specs and as components' args: a field is read by the check that it has.

So an attribute that a spec gets is a key of config, under its name in camelCase, without a change here; a field of a
component's args is one by a row that names its key.
"""

import dataclasses
import functools
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, NotRequired, TypeVar

from components.args import hints_of
from scripts.host.common.checks import Check, flag, nearest
from scripts.host.common.codec import SpecFault
from stack_config.reader import Reader, as_list, default, part

Spec = TypeVar("Spec")
Read = Callable[[Reader, str, Any], Any]
"""Reads a field: takes the reader, the field's key and the raw value; returns None if it has a fault."""
GROUPS = 'Write a list of ids, like ["sg-0123456789abcdef0"]'
PREFIX_LISTS = 'Write a list of ids, like ["pl-0123456789abcdef0"]'
EXAMPLES = {
    "admitted_cidrs": 'Write a list of ranges, like ["10.40.0.0/16"]',
    "columns": 'Write a list like ["id", "name"]',
    "admitted_group_ids": GROUPS,
    "admitted_prefix_list_ids": PREFIX_LISTS,
    "certificate_names": 'Write a list like ["db.example.org"]',
    "extra_egress": 'Write a list like [{"cidr": "10.0.0.0/8", "protocol": "tcp", "ports": "5432"}]',
    "grants": 'Write a list like [{"database": "app", "privileges": ["SELECT", "INSERT"]}]',
    "operator_cidrs": 'Write a list of ranges, like ["203.0.113.7/32"]',
    "operator_group_ids": GROUPS,
    "operator_prefix_list_ids": PREFIX_LISTS,
    "packages": 'Write a list like ["jq"]',
    "privileges": 'Write a list like ["SELECT", "INSERT"]',
}
"""Of fields that are lists or tables."""
NOT_EMPTY = {"clients": "every client group", "columns": "the whole table"}
"""Lists that mean everything where they are left out, so that an empty one is none by mistake."""


def read_args(reader: Reader, kind: type, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return fields of a component's args, which are a TypedDict: for each key of config the field that it stands for.

    A key that could not be read has its default; what is concluded from it has to ask the reader first. A field whose
    key is not set is left out.
    """
    args: dict[str, Any] = {}
    hints = hints_of(kind)
    for key, name in keys.items():
        hint = hints[name]
        read, raw = _reading(hint, EXAMPLES.get(name)), reader.raw(key)
        value = read(reader, key, raw) if read and raw is not None else None
        if value is None and read and default(key):
            value = read(reader, key, default(key))
        if value is not None:
            args[name] = value
    return args


def read_spec(
    reader: Reader,
    key: str,
    raw: object,
    kind: type[Spec],
    example: str,
    given: Mapping[str, Any] | None = None,
    defaults: Mapping[str, Any] | None = None,
    custom: Mapping[str, Read] | None = None,
) -> Spec:
    """Return the spec that a table says, with a fault too: what is concluded from a field has to ask the reader first.

    The table's fields are those of the spec that have a check or are specs themselves, but for what is `given`;
    `defaults` are in place of the spec's own; `custom` reads what is written otherwise, by its name in the table.
    """
    given, defaults = given or {}, defaults or {}
    written = {camel(field.name): field for field in _fields(kind) if field.name not in given}
    own = {name: _reading(field.hint, EXAMPLES.get(field.name), field.check) for name, field in written.items()}
    reads = {name: read for name, read in {**own, **(custom or {})}.items() if read}
    if not isinstance(raw, dict):
        reader.add_unreadable(key, "is not a table", example)
    values, table = dict(defaults), raw if isinstance(raw, dict) else {}
    for name, field in written.items():
        if name in reads and field.is_required and field.name not in defaults:
            values[field.name] = () if _entry_hint(field.hint) else ""
            if isinstance(raw, dict) and name not in raw:
                reader.add_unreadable(part(key, name), "is missing", example)
        if name not in table and field.check and defaults.get(field.name):
            reader.check(part(key, name), defaults[field.name], field.check)
    for name, value in table.items():
        if name not in reads:
            reader.add_unreadable(part(key, name), "is not a field of it", nearest(name, reads, "Remove it"))
            continue
        typed = reads[name](reader, part(key, name), value)
        if value == [] and name in NOT_EMPTY:
            reader.add_unreadable(
                part(key, name), f"is empty, which would be {NOT_EMPTY[name]}", "Name some, or leave it out"
            )
            continue
        # An empty text, of a comment for instance, is none.
        if typed is not None and typed != "":
            values[written[name].name] = typed
    spec = kind(**given, **values)
    _add_faults(reader, key, spec)
    return spec


class _Field(NamedTuple):
    """A field of a dataclass or of a TypedDict."""

    name: str
    hint: Any
    check: Check | None
    is_required: bool


def _fields_of(kind: Any) -> tuple[_Field, ...]:
    if typing.is_typeddict(kind):
        hints = hints_of(kind)
        return tuple(
            _Field(name, hint, None, typing.get_origin(hint) is not NotRequired) for name, hint in hints.items()
        )
    hints = typing.get_type_hints(kind)
    return tuple(
        _Field(field.name, hints[field.name], field.metadata.get("check"), field.default is dataclasses.MISSING)
        for field in dataclasses.fields(kind)
    )


_fields: Callable[[Any], tuple[_Field, ...]] = functools.cache(_fields_of)


@functools.cache
def camel(name: str) -> str:
    """Return a field's name as config has it."""
    return re.sub("_([a-z])", lambda match: match[1].upper(), name)


def _entry_hint(hint: Any) -> Any:
    """Return the type of a list's entries; None for what is no list."""
    return typing.get_args(hint)[0] if typing.get_origin(hint) in (tuple, Sequence) else None


@functools.cache
def _reading(hint: Any, example: str | None, check: Check | None = None) -> Read | None:
    """Return how a value of this type is read, or each entry of a list, with this check; None for one that is not."""
    if typing.get_origin(hint) is NotRequired:
        return _reading(typing.get_args(hint)[0], example)
    if entry_hint := _entry_hint(hint):
        read_entry = _reading(entry_hint, example, check)
        return read_entry and functools.partial(_read_list, read_entry, example or "Write a list")
    if dataclasses.is_dataclass(hint) or typing.is_typeddict(hint):
        return lambda reader, key, raw: read_spec(reader, key, raw, hint, example or "Write a table")
    if typing.get_origin(hint) is Annotated:
        check = typing.get_args(hint)[1]
    elif hint is bool and check is None:
        check = flag
    return check and (lambda reader, key, raw: reader.convert(key, raw, check))


def _read_list(read_entry: Read, example: str, reader: Reader, key: str, raw: object) -> tuple[Any, ...] | None:
    entries = reader.convert(key, raw, lambda text: as_list(text, example))
    if entries is None:
        return None
    typed = (read_entry(reader, f"{key}[{index}]", entry) for index, entry in enumerate(entries))
    return tuple(entry for entry in typed if entry is not None)


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
    for field in dataclasses.fields(spec):
        text = re.sub(rf"\b{field.name}\b", camel(field.name), text)
    return text
