"""The lab's stand-in for aws, which lets pass on paper what it cannot make: a policy looks at inputs, made or not."""

from __future__ import annotations

from typing import Any

from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]
from pulumi.runtime import proto

from lab.aws import provider
from lab.aws.schema import NOT_SUPPORTED
from lab.aws_provider import AwsProvider

BEYOND = (
    NOT_SUPPORTED,
    "stand-in for aws supports only",
    "one (and only one) of cidrIpv4",
    "text user data",
    "a lab knows these",
)
"""What the stand-in says of a resource type or an input that a lab cannot honour, AWS would."""


class AwsOnPaper(AwsProvider):
    """For previews alone."""

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802  language of the protocol
        """Check inputs, and let those pass that are only beyond the stand-in."""
        if not self._known(request.urn):
            return proto.CheckResponse(inputs=request.news)
        checked = super().Check(request, context)
        refused = [one for one in checked.failures if not any(words in one.reason for words in BEYOND)]
        return proto.CheckResponse(inputs=checked.inputs, failures=refused)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say what would be made."""
        assert request.preview, "nothing is made on paper"
        if not self._known(request.urn):
            properties = Struct()
            properties.CopyFrom(request.properties)
            return proto.CreateResponse(properties=properties)
        return super().Create(request, context)

    def _known(self, urn: str) -> bool:
        return urn.split("::")[2].split("$")[-1] in provider.TYPES
