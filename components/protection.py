"""A protected stack: a destroy is refused before it deletes anything."""

from collections.abc import Sequence

import pulumi
from pulumi.resource import DependencyResource

from components.component import Component


class TerminationProtection(Component):
    """What a destroy comes to first, because it depends on everything else.

    Type: mysql-pair:index:TerminationProtection. Makes nothing.
    The engine asks whether a resource is protected when its turn comes, and then leaves alone what that resource
    depends on. Of a protected instance alone, the commands that depend on it and the hosts beside it would be gone by
    then, unless a preview was made first. Seen with Pulumi 3.259; reported as pulumi/pulumi#6191.
    """

    def __init__(self, name: str, protect: bool, resources: Sequence[pulumi.Resource]) -> None:
        """Register it, protected or not; it is always there, since a protected one could not be taken out."""
        # To depend on a component is to depend on its children: of a user, say, who has none, on nothing.
        components = [resource for resource in resources if isinstance(resource, pulumi.ComponentResource)]
        themselves = [component.urn.apply(DependencyResource) for component in components]
        super().__init__(name, pulumi.ResourceOptions(protect=protect, depends_on=[*resources, *themselves]))
        self.end()
