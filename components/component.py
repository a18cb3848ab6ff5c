"""What all components have in common."""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from scripts.host.common.codec import SpecFault


class InvalidArgsError(pulumi.RunError):
    """Every fault of what a component was made from."""

    def __init__(self, component: str, name: str, faults: list[SpecFault]) -> None:
        """Make one text of the faults."""
        self.faults = faults
        super().__init__(f"{component} {name!r} cannot be made:" + "".join(f"\n  - {fault}" for fault in faults))


class Component(pulumi.ComponentResource):
    """A component: its type is mysql-pair:index:CLASS, its outputs are those that its class is annotated with.

    What it is made from is checked before anything is registered: InvalidArgsError has every fault.
    """

    def __init__(
        self, name: str, opts: pulumi.ResourceOptions | None = None, shown: Mapping[str, Any] | None = None
    ) -> None:
        """Register the component; what is `shown` are its own properties, so that a preview names what changes."""
        super().__init__(f"mysql-pair:index:{type(self).__name__}", name, shown, opts)

    @classmethod
    def refuse(cls, name: str, faults: Iterable[SpecFault]) -> None:
        """Raise InvalidArgsError with all faults of what a component of that name is made from, if there are any."""
        if refused := list(faults):
            raise InvalidArgsError(cls.__name__, name, refused)

    @property
    def name(self) -> str:
        """The component's name."""
        return self.pulumi_resource_name

    def child(self, **more: Any) -> pulumi.ResourceOptions:
        """Return the options of a resource of this component."""
        return pulumi.ResourceOptions(parent=self, **more)

    def end(self) -> None:
        """Register the outputs that the class is annotated with; the last thing that a component does."""
        names = [name for kind in type(self).__mro__[::-1] for name in inspect.get_annotations(kind)]
        values = {name: getattr(self, name, None) for name in names}
        self.register_outputs({name: value for name, value in values.items() if isinstance(value, pulumi.Output)})


def tags(name: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the tags of the resource of that name: the operator's, then Name, and the project and stack it is of."""
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return {**(more or {}), "Name": f"{project}-{stack}-{name}", "Project": project, "Stack": stack}
