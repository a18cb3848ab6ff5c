"""What the two resources take: the table of their properties, and the check the official provider makes of them.

Sources: pulumi-command v1.2.1 remote/command.go, remote/connection.go, remote/proxyConnection.go, local/base.go and
common/inputs.go for the tables; Pulumi's mapper (sdk/v3/go/common/util/mapper) for the wording of a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lab.command.values import PropertyMap, PropertyValue, is_unknown, property_value


@dataclass(frozen=True)
class Struct:
    """A Go struct of the official provider: its name there and its fields by property name."""

    name: str
    fields: Mapping[str, Field]

    @property
    def short_name(self) -> str:
        """The name without its package."""
        return self.name.rpartition(".")[2]


@dataclass(frozen=True)
class Field:
    """One property: the Go type it is read into, and what the check does to it."""

    type: str | Struct
    required: bool = False
    secret: bool = False
    default: Any = None


@dataclass(frozen=True)
class Problem:
    """One property the check refuses, and why."""

    property: str
    reason: str


def _login(**more: Field) -> dict[str, Field]:
    return {
        "user": Field("string", default="root"),
        "password": Field("string", secret=True),
        "host": Field("string", required=True),
        "port": Field("float64", default=22),
        "privateKey": Field("string", secret=True),
        "privateKeyPassword": Field("string", secret=True),
        "agentSocketPath": Field("string"),
        "dialErrorLimit": Field("int", default=10),
        "perDialTimeout": Field("int", default=15),  # seconds
        "hostKey": Field("string"),
        **more,
    }


_COMMON = {
    "triggers": Field("[]interface {}"),
    "create": Field("string"),
    "update": Field("string"),
    "delete": Field("string"),
    "stdin": Field("string"),
    "logging": Field("string"),
    "environment": Field("map[string]string"),
    "addPreviousOutputInEnv": Field("bool"),
}

PROXY = Struct("remote.ProxyConnection", _login())
CONNECTION = Struct("remote.Connection", _login(proxy=Field(PROXY)))
REMOTE_COMMAND = Struct(
    "remote.CommandInputs", {**_COMMON, "connection": Field(CONNECTION, required=True, secret=True)}
)
LOCAL_COMMAND = Struct(
    "local.CommandInputs",
    {
        **_COMMON,
        "interpreter": Field("[]string"),
        "dir": Field("string"),
        "assetPaths": Field("[]string"),
        "archivePaths": Field("[]string"),
    },
)

REPLACING = frozenset({"triggers"})
"""The properties whose change replaces the resource. Source: common/inputs.go:10."""


def problems(struct: Struct, values: Mapping[str, PropertyValue]) -> list[Problem]:
    """Return what is wrong with the inputs, in the official provider's words; an unknown is never wrong."""
    failures = [
        problem
        for name, spec in struct.fields.items()
        if (problem := _field_problem(struct, name, spec, values.get(name)))
    ]
    failures += [
        Problem(name, f"Unrecognized field '{name}' on '{struct.name}'") for name in values if name not in struct.fields
    ]
    return failures


def completed(struct: Struct, values: Mapping[str, PropertyValue]) -> PropertyMap:
    """Return the inputs with defaults filled in and with what the schema calls secret marked as such."""
    result = {name: _completed(struct.fields.get(name), value) for name, value in values.items()}
    for name, spec in struct.fields.items():
        given = values.get(name)
        if spec.default is not None and (given is None or given.value is None):
            result[name] = property_value(spec.default)
    return result


def _completed(spec: Field | None, value: PropertyValue) -> PropertyValue:
    if spec is None:
        return value
    if isinstance(spec.type, Struct) and isinstance(value.value, Mapping):
        value = replace(value, value=completed(spec.type, value.value))
    return property_value(value, secret=spec.secret)


def _field_problem(struct: Struct, name: str, spec: Field, value: PropertyValue | None) -> Problem | None:
    if value is None or value.value is None:
        missing = f"Missing required field '{name}' on '{struct.name}'"
        return Problem(name, missing) if spec.required else None
    reason = next(_reasons(struct, name, spec.type, value), None)
    return Problem(name, reason) if reason else None


def _reasons(struct: Struct, name: str, expected: str | Struct, value: PropertyValue) -> Iterator[str]:
    """Yield why the value does not fit the wanted type; nothing if it does."""
    if is_unknown(value):
        return
    inner = value.value
    if isinstance(expected, Struct):
        if not isinstance(inner, Mapping):
            yield _wrong_type(struct, name, expected.name, value)
        elif nested := problems(expected, inner):
            lines = "".join(f"\n\t{problem.property}: {problem.reason}" for problem in nested)
            yield f"{_decoding(struct, name)} {len(nested)} failures decoding:{lines}"
    elif expected.startswith("[]") and isinstance(inner, Sequence) and not isinstance(inner, str):
        for index, item in enumerate(inner):
            yield from _reasons(struct, f"{name}[{index}]", expected.removeprefix("[]"), item)
    elif expected.startswith("map[") and isinstance(inner, Mapping):
        for key, item in inner.items():
            yield from _reasons(struct, f"{name}[{key}] value", "string", item)
    elif isinstance(inner, Mapping) and expected != "interface {}":
        yield (
            f"{_decoding(struct, name)} Cannot decode Object{{}} to type {expected}; "
            "it isn't a struct, and no custom decoder exists"
        )
    elif not _fits(inner, expected):
        yield _wrong_type(struct, name, expected, value)


_PYTHON_TYPES: dict[str, type] = {"string": str, "float64": float, "int": float, "bool": bool}


def _fits(inner: object, expected: str) -> bool:
    return expected == "interface {}" or (expected in _PYTHON_TYPES and isinstance(inner, _PYTHON_TYPES[expected]))


def _decoding(struct: Struct, name: str) -> str:
    return f"An error occurred decoding '{struct.short_name}.{name}':"


def _wrong_type(struct: Struct, name: str, expected: str, value: PropertyValue) -> str:
    return f"Field '{name}' on '{struct.name}' must be a '{expected}'; got '{_go_type(value)}' instead"


def _go_type(value: PropertyValue) -> str:
    inner = value.value
    if isinstance(inner, Mapping):
        return "map[string]interface {}"
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return "[]interface {}"
    return next((name for name, kind in _PYTHON_TYPES.items() if isinstance(inner, kind)), type(inner).__name__)
