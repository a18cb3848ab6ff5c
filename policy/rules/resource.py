"""A resource as plain data, whatever a preview or a state knows of it.

Standard library only: the preview report (scripts/preview) and the diagram (scripts/diagram) read resources so too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class Unknown(Enum):
    """The type of UNKNOWN."""

    VALUE = "not known in this preview"


UNKNOWN: Final = Unknown.VALUE
"""In place of a value that a preview cannot know. Rules let it pass: the engine asks them again, with the value, when
`up` comes to the resource and before it is made."""

Props = Mapping[str, Any]

STACK = "pulumi:pulumi:Stack"
INSTANCES = ("aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest")
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


def is_urn(value: object) -> bool:
    """Tell whether a value is a URN: urn:pulumi:STACK::PROJECT::TYPES::NAME (Pulumi, "Resource names: URNs")."""
    return isinstance(value, str) and value.startswith("urn:pulumi:") and value.count("::") >= 3


def name_of(urn: str) -> str:
    """Return the name in a URN; it may have colons itself."""
    return urn.split("::", 3)[3]


def types_of(urn: str) -> list[str]:
    """Return the types of the components that a resource is in, the outermost first, and then its own."""
    return urn.split("::", 3)[2].split("$")


@dataclass(frozen=True)
class Resource:
    """A resource; what is not known of it where it comes from is left empty."""

    type: str
    urn: str
    props: Props
    """For policies and previews its inputs, after the provider has checked them; for the diagram its outputs too."""
    ignore_changes: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    protected: bool = False
    """Whether Pulumi refuses to delete it; of policies of single resources only."""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    """Those of its provider."""
    sources: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The URNs of the resources that each property is made from; of policies only those of the whole stack are told."""
    parent: str = ""
    """The URN of the component that it is a part of, or of the stack."""
    id: str = ""

    @property
    def name(self) -> str:
        """Its name in the program."""
        return name_of(self.urn)

    @property
    def kind(self) -> str:
        """The last part of its type: Instance, MySqlUser."""
        return self.type.split(":")[-1]

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The types of the components it is in, the outermost first."""
        return tuple(types_of(self.urn)[:-1])

    @property
    def owner(self) -> str:
        """The name of the component that it is a part of, as a host's; its own if it is a part of none."""
        in_component = is_urn(self.parent) and types_of(self.parent)[-1] != STACK
        return name_of(self.parent) if in_component else self.name

    def is_part_of(self, kind: str) -> bool:
        """Tell whether it is in a component of that kind."""
        return any(type_.split(":")[-1] == kind for type_ in self.ancestors)

    def get(self, name: str) -> Any:
        """Return a property; None if it is not given."""
        return self.props.get(name)

    def blocks(self, name: str) -> Iterator[tuple[str, Props]]:
        """Yield the known ones of a property that is a list of objects, each with how to say where it is."""
        value = self.get(name)
        for index, block in enumerate(value if isinstance(value, list) else []):
            if isinstance(block, Mapping):
                yield f"{name}[{index}]", block

    def made_from(self, name: str, types: Collection[str]) -> list[str]:
        """Return the names of the program's resources of some types that a property is made from."""
        return [name_of(urn) for urn in self.sources.get(name, ()) if types_of(urn)[-1] in types]
