"""What a resource type's table says of a property, and the two questions asked of it: check and diff.

Names come from the pulumi_aws SDK itself; a property that the SDK has and the table has not is a failure.
"""
# ruff: noqa: ARG002 - the types share one signature a method, whether each of them needs all of it or not

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar, cast

from lab.aws.wire import Values, unknown_in
from lab.cloud.ec2 import Ec2
from lab.cloud.model import Record, Tags
from lab.cloud.rules import ACCOUNT_ID
from lab.protocol import UNKNOWN
from lab.settings import LabError

NOT_SUPPORTED = "the lab's stand-in for aws does not support it"
_TYPES: dict[str, type[Any]] = {
    "string": str,
    "bool": bool,
    "number": int,
    "strings": list,
    "list": list,
    "map": dict,
    "object": dict,
}
R = TypeVar("R", bound=Record)


class Failure(NamedTuple):
    """One thing wrong with a resource's inputs."""

    property: str
    reason: str


@dataclass(frozen=True)
class Property:
    """One input of a resource type."""

    kind: Literal["string", "bool", "number", "strings", "list", "map", "object"] = "string"
    replaces: bool = False
    required: bool = False
    default: object = None
    computed: bool = False
    """EC2 decides if it is left out, and then it stays as it is; if given, it is compared with what there is."""
    only: tuple[object, ...] = ()
    """The values a lab can honour; empty: any."""
    fields: frozenset[str] = frozenset()
    """Of an object: the names it may have."""
    json: bool = False
    """A string of JSON, such as a policy: its text may change and its meaning stay."""
    without_effect: str = ""
    """Why the value is kept and shown but changes nothing in a lab; empty: it has its effect."""

    def problem(self, value: Any) -> str:
        """Return what is wrong with a known value; "" if nothing is."""
        if not isinstance(value, _TYPES[self.kind]) or (self.kind == "number" and isinstance(value, bool)):
            return f"expected {self.kind}, got {type(value).__name__}"
        if self.only and value not in self.only:
            honoured = " or ".join(repr(choice) for choice in self.only)
            return f"the lab's stand-in for aws supports only {honoured} here, not {value!r}"
        if self.kind == "strings" and not all(isinstance(item, str) for item in value):
            return "expected a list of strings"
        if self.kind == "map" and not all(isinstance(item, str) for item in value.values()):
            return "expected a map of strings"
        if self.kind == "object" and (strange := set(value) - self.fields):
            return f"{', '.join(sorted(strange))}: {NOT_SUPPORTED}"
        return ""


def sdk_names(urn_type: str, block: str = "") -> list[str]:
    """Return the property names, as the engine spells them, that the SDK has for a type of resource, or a block of it.

    The SDK is imported here and not before: it takes a second, and a check that refuses nothing asks for no names.
    """
    from pulumi._types import input_type_py_to_pulumi_names

    _, path, name = urn_type.split(":")
    package, _, module = path.partition("/")
    # From the module that has them: of a package the SDK looks for a name in all modules.
    own = re.sub(r"(?=[A-Z])", "_", module).lower()
    sdk = import_module(f"pulumi_aws.{package}.{'_inputs' if block else own}")
    # A resource whose own Args would have the name of a block's has `Init` in it.
    args = getattr(sdk, f"{name}{block}InitArgs", None) or getattr(sdk, f"{name}{block}Args")
    return list(input_type_py_to_pulumi_names(args).values())


@dataclass(frozen=True)
class Cloud:
    """What an operation works on: the lab's EC2, and the provider's configuration."""

    ec2: Ec2
    region: str
    default_tags: Tags

    def arn(self, resource: str) -> str:
        """Return the ARN of an EC2 resource, "vpc/vpc-123" for example."""
        return f"arn:aws:ec2:{self.region}:{ACCOUNT_ID}:{resource}"

    def zones(self) -> list[str]:
        """Return the region's availability zones: three, as most regions have."""
        return [f"{self.region}{letter}" for letter in "abc"]


class ResourceType(ABC):
    """A resource type as a table of properties, and how its records are made and shown."""

    urn_type: ClassVar[str]
    kind: ClassVar[type[Record]]
    prefix: ClassVar[str] = ""
    """Of the ids EC2 gives."""
    properties: ClassVar[dict[str, Property]]
    computed: ClassVar[tuple[str, ...]]
    """Outputs that are not known before the resource is made."""
    auto_name: ClassVar[str] = ""
    """The property that Pulumi fills with the resource's name and a random suffix, if it is not given."""
    auto_name_prefix: ClassVar[str] = ""
    """The property that is given instead of a name, to be the beginning of it."""

    # What a type says of itself

    @abstractmethod
    def record(self, cloud: Cloud, inputs: Values, record_id: str) -> Record:
        """Return the record that known inputs ask for."""

    @abstractmethod
    def inputs(self, record: Any) -> Values:
        """Return the inputs that a record tells of itself; None where it has none."""

    @abstractmethod
    def outputs(self, cloud: Cloud, record: Any) -> Values:
        """Return what a record has beside its inputs."""

    def validate(self, inputs: Values, unknown: set[str]) -> Iterator[Failure]:
        """Yield what AWS would refuse in the known ones of the inputs; `unknown` are the names of the others."""
        yield from ()

    def replacing(self, old: Values, new: Values) -> set[str]:
        """Return properties whose change replaces for a reason of their own."""
        return set()

    def volatile(self, cloud: Cloud, record_id: str, changed: set[str]) -> tuple[str, ...]:
        """Return outputs that an update of `changed` may change, and that a preview cannot know."""
        return ()

    # What an operation does; most types need no other

    def create(self, cloud: Cloud, record: Any) -> Record:
        """Make the record."""
        return cloud.ec2.create(cast(Record, record), self.prefix)

    def update(self, cloud: Cloud, record: Any, changed: set[str]) -> Record:
        """Change the record; `changed` are the properties that differ from the engine's state."""
        cloud.ec2.update(record)
        return cast(Record, record)

    def delete(self, cloud: Cloud, record_id: str, inputs: Values) -> None:
        """Delete the record."""
        cloud.ec2.delete(self.kind, record_id)

    def find(self, cloud: Cloud, record_id: str) -> Record | None:
        """Return the record, or None if it is gone."""
        return cast(Record | None, cloud.ec2.store.find(self.kind, record_id))


def attempt(property_name: str, check: Callable[..., object], *arguments: object) -> Iterator[Failure]:
    """Yield a rule's refusal, if it refuses, as a failure of one property."""
    try:
        check(*arguments)
    except LabError as refusal:
        yield Failure(property_name, str(refusal))


def check(kind: ResourceType, name: str, news: Values, olds: Values, seed: bytes) -> tuple[Values, list[Failure]]:
    """Return a resource's inputs with defaults and its automatic name filled in, and what is wrong with them.

    Args:
        kind: the resource's type.
        name: the resource's name in the program.
        news: the inputs as the program gave them.
        olds: the inputs of the last run; empty for a resource that is made, or made anew.
        seed: what an automatic name's suffix comes from.
    """
    inputs = {key: value for key, value in news.items() if not key.startswith("__") and value is not None}
    failures = list(_property_failures(kind, inputs))
    filled = {key: rule.default for key, rule in kind.properties.items() if rule.default is not None}
    filled = {key: value for key, value in filled.items() if key not in inputs}
    if kind.auto_name and kind.auto_name not in inputs:
        filled[kind.auto_name] = _automatic_name(kind, name, inputs, olds, seed)
    inputs |= filled
    if not failures:
        unknown = {key for key, value in inputs.items() if unknown_in(value)}
        failures = list(kind.validate({k: v for k, v in inputs.items() if k not in unknown}, unknown))
    # The real provider notes here too which inputs nobody gave; the engine does not show it.
    inputs["__defaults"] = sorted(filled)
    return inputs, failures


def _property_failures(kind: ResourceType, inputs: Values) -> Iterator[Failure]:
    for key, value in inputs.items():
        rule = kind.properties.get(key)
        if rule is None:
            reason = NOT_SUPPORTED if key in sdk_names(kind.urn_type) else "there is no such property"
            yield Failure(key, f"property {key}: {reason}")
        elif not unknown_in(value) and (problem := rule.problem(value)):
            yield Failure(key, f"property {key}: {problem}")
    for key, rule in kind.properties.items():
        if rule.required and key not in inputs:
            yield Failure(key, f"property {key} is missing")


def _automatic_name(kind: ResourceType, name: str, inputs: Values, olds: Values, seed: bytes) -> str:
    if kind.auto_name in olds.get("__defaults", ()):
        return str(olds[kind.auto_name])
    prefix = inputs.get(kind.auto_name_prefix, f"{name}-")
    return f"{prefix}{seed.hex()[:7] or '0000000'}"


class Difference(NamedTuple):
    """How a property changed, and whether that replaces the resource."""

    change: Literal["add", "delete", "update"]
    replaces: bool


def diff(kind: ResourceType, old: Values, state: Values, new: Values) -> dict[str, Difference]:
    """Return how each changed property of a resource changed; maps and objects by entry, as `tags.Name`.

    Args:
        kind: the resource's type.
        old: the inputs of the last run.
        state: the resource's properties since: of what is `computed` there, the inputs need not know.
        new: the inputs of this run.
    """
    replacing = kind.replacing(old, new) | {key for key, rule in kind.properties.items() if rule.replaces}
    changes = {}
    for key in sorted(set(old) | set(new)):
        rule = kind.properties.get(key, Property())
        if key.startswith("__") or (rule.computed and key not in new):
            continue
        before, after = old.get(key), new.get(key)
        if rule.computed:
            before = state.get(key, before)
        for path, former, new_value in _changes(key, rule, before, after):
            changes[path] = _difference(former, new_value, bool({key, path} & replacing))
    return changes


def _changes(key: str, rule: Property, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, old and new value of what changed in a property."""
    if rule.kind == "object" and isinstance(after, dict):
        before = before or {}
        # A block's fields are EC2's to decide where they are not given, as the block is; but tags are what is given.
        before = {name: value for name, value in before.items() if name in after or name == "tags"}
    if rule.kind in ("map", "object") and isinstance(before, dict) and isinstance(after, dict):
        for entry in sorted(set(before) | set(after)):
            if before.get(entry) != after.get(entry):
                path = f"{key}.{entry}" if entry.isidentifier() else f'{key}["{entry}"]'
                yield path, before.get(entry), after.get(entry)
    elif not _same(rule, before, after):
        yield key, before, after


def _same(rule: Property, before: Any, after: Any) -> bool:
    """Tell whether two values are one; lists of strings are sets in EC2: of groups, for example."""
    if rule.kind == "strings" and isinstance(before, list) and isinstance(after, list):
        return set(before) == set(after)
    if rule.json and isinstance(before, str) and isinstance(after, str):
        with suppress(ValueError):
            return bool(json.loads(before) == json.loads(after))
    return bool(before == after)


def _difference(before: object, after: object, replaces: bool) -> Difference:
    if before is None:
        return Difference("add", replaces)
    return Difference("delete" if after is None else "update", replaces)


def deletes_first(kind: ResourceType, old: Values, new: Values) -> bool:
    """Tell whether a replacement can only be made once the old resource is gone: both have one given name."""
    name = kind.auto_name
    given = name and name not in new.get("__defaults", ()) and new.get(name) != UNKNOWN
    return bool(given and old.get(name) == new.get(name))
