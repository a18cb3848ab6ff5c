"""The plugin that answers to the name `aws` in a lab: a gRPC server between the engine and lab.aws.

python -m lab.aws_provider --lab-folder .lab/NAME ENGINE_ADDRESS
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from lab.aws import config, functions, provider
from lab.aws.schema import Cloud, Difference, Failure
from lab.aws.wire import Values, from_struct, to_struct
from lab.cloud.ec2 import Ec2
from lab.cloud.machinery import Machinery
from lab.cloud.store import Store
from lab.machine.plane import Plane
from lab.plugin_process import end_with_the_engine
from lab.protocol import plugin_pb2, provider_pb2_grpc, sdk_version
from lab.protocol import provider_pb2 as proto
from lab.settings import Lab, LabError

WORKERS = 64
"""Calls served at once; a boot holds one for half a minute, and the engine sends what it can in parallel."""

_LARGEST_MESSAGE = 400 * 1024 * 1024
"""Bytes; the engine's own limit."""

_KINDS = {
    "add": (proto.PropertyDiff.ADD, proto.PropertyDiff.ADD_REPLACE),
    "delete": (proto.PropertyDiff.DELETE, proto.PropertyDiff.DELETE_REPLACE),
    "update": (proto.PropertyDiff.UPDATE, proto.PropertyDiff.UPDATE_REPLACE),
}


def answered(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a refusal into the call's error, in its own words; all else is a fault of the lab, with a traceback."""

    @wraps(method)
    def call(self: AwsProvider, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request)
        except LabError as refusal:
            context.abort(grpc.StatusCode.UNKNOWN, str(refusal))
        except Exception as fault:
            traceback.print_exc(file=sys.stderr)
            context.abort(grpc.StatusCode.INTERNAL, f"the lab's stand-in for aws failed: {fault!r}")

    return call


class AwsProvider(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]  # generated
    """The aws provider of one lab."""

    def __init__(self, lab: Lab, plane: Machinery | None = None) -> None:
        """Serve a lab; `plane` is its own unless a test gives another."""
        store = Store(lab.cloud)
        self.ec2 = Ec2(lab, store, plane or Plane(lab, store))
        self.cloud = Cloud(self.ec2, "", {})

    @answered
    def Handshake(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Say what the provider takes: neither secrets nor outputs, see lab.aws.wire."""
        return proto.ProviderHandshakeResponse()

    @answered
    def Attach(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Let a running provider be used, as PULUMI_DEBUG_PROVIDERS does."""
        return Empty()

    @answered
    def GetPluginInfo(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Give the version of the SDK whose names it speaks."""
        return plugin_pb2.PluginInfo(version=sdk_version("pulumi_aws"))

    @answered
    def CheckConfig(self, request: Any) -> Any:  # noqa: N802
        """Check the provider's configuration."""
        failures = _failures(list(config.check(from_struct(request.news))))
        return proto.CheckResponse(inputs=request.news, failures=failures)

    @answered
    def DiffConfig(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Leave the question to the engine."""
        return proto.DiffResponse()

    @answered
    def Configure(self, request: Any) -> Any:  # noqa: N802
        """Take the provider's configuration."""
        inputs = from_struct(request.args)
        self.cloud = Cloud(self.ec2, config.region(inputs), config.default_tags(inputs))
        return proto.ConfigureResponse(supportsPreview=True)

    @answered
    def Cancel(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Let what is under way end: the engine waits for it."""
        return Empty()

    @answered
    def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Answer a function."""
        answer = functions.call(self.cloud, request.tok, from_struct(request.args))
        return proto.InvokeResponse(**{"return": to_struct(answer)})

    @answered
    def Check(self, request: Any) -> Any:  # noqa: N802
        """Check a resource's inputs."""
        news, olds = from_struct(request.news), from_struct(request.olds)
        inputs, failures = provider.check(self.cloud, request.urn, news, olds, request.randomSeed)
        return proto.CheckResponse(inputs=to_struct(inputs), failures=_failures(failures))

    @answered
    def Diff(self, request: Any) -> Any:  # noqa: N802
        """Compare a resource's new inputs with those in the state."""
        old_inputs, old_state = from_struct(request.old_inputs), from_struct(request.olds)
        news = from_struct(request.news)
        diff = provider.diff(self.cloud, request.urn, old_inputs, old_state, news, request.ignoreChanges)
        return proto.DiffResponse(
            changes=proto.DiffResponse.DIFF_SOME if diff.changes else proto.DiffResponse.DIFF_NONE,
            diffs=list(diff.changes),
            replaces=[name for name, change in diff.changes.items() if change.replaces],
            detailedDiff={name: _detail(name, change) for name, change in diff.changes.items()},
            hasDetailedDiff=True,
            deleteBeforeReplace=diff.delete_before_replace,
        )

    @answered
    def Create(self, request: Any) -> Any:  # noqa: N802
        """Make a resource."""
        inputs = from_struct(request.properties)
        record_id, state = provider.create(self.cloud, request.urn, inputs, request.preview)
        return proto.CreateResponse(id=record_id, properties=to_struct(state))

    @answered
    def Read(self, request: Any) -> Any:  # noqa: N802
        """Tell how a resource is now."""
        old = from_struct(request.inputs)
        record_id, state, inputs = provider.read(self.cloud, request.urn, request.id, old)
        return proto.ReadResponse(id=record_id, properties=to_struct(state), inputs=to_struct(inputs))

    @answered
    def Update(self, request: Any) -> Any:  # noqa: N802
        """Change a resource."""
        olds: tuple[Values, Values] = from_struct(request.olds), from_struct(request.old_inputs)
        news = from_struct(request.news)
        state = provider.update(self.cloud, request.urn, request.id, *olds, news, request.preview)
        return proto.UpdateResponse(properties=to_struct(state))

    @answered
    def Delete(self, request: Any) -> Any:  # noqa: N802
        """Delete a resource."""
        provider.delete(self.cloud, request.urn, request.id, from_struct(request.old_inputs))
        return Empty()


def _failures(failures: list[Failure]) -> list[Any]:
    return [proto.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def _detail(name: str, change: Difference) -> Any:
    return proto.PropertyDiff(kind=_KINDS[change.change][change.replaces], inputDiff=name != "tagsAll")


def main() -> None:
    """Serve until the engine ends this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lab-folder", type=Path, required=True)
    parser.add_argument("engine")
    options, _ = parser.parse_known_args()
    end_with_the_engine()
    limits = [(f"grpc.max_{way}_message_length", _LARGEST_MESSAGE) for way in ("receive", "send")]
    server = grpc.server(ThreadPoolExecutor(WORKERS), options=limits)
    lab = Lab(options.lab_folder.name, options.lab_folder.resolve())
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(lab), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
