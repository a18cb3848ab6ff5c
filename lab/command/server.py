"""The gRPC server the engine talks to. An error reaches the user as its bare text, as the official provider's does."""

from __future__ import annotations

import argparse
import asyncio
import traceback
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]

from lab.command.capture import CommandError
from lab.command.diff import compare
from lab.command.provider import VERSION, CommandProvider
from lab.command.values import from_struct, to_struct
from lab.plugin_process import end_with_the_engine
from lab.protocol import engine_pb2_grpc, plugin_pb2, provider_pb2, provider_pb2_grpc

_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


def answered(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Turn a CommandError into the call's error, in its own words; all else is a fault of the stand-in's own."""

    @wraps(method)
    async def call(self: Servicer, request: Any, context: Any) -> Any:
        try:
            return await method(self, request)
        except CommandError as error:
            return await _abort(context, str(error))
        except Exception:  # nobody could find it without its traceback
            return await _abort(context, traceback.format_exc())

    return call


class Servicer(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]  # generated
    """The engine's calls, of which the provider sees values and no messages."""

    def __init__(self, provider: CommandProvider) -> None:
        """Serve a provider."""
        self.provider = provider

    @answered
    async def Attach(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Let a running provider be used, as PULUMI_DEBUG_PROVIDERS does."""
        return Empty()

    @answered
    async def GetPluginInfo(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Give the version of the official provider."""
        return plugin_pb2.PluginInfo(version=VERSION)

    @answered
    async def CheckConfig(self, request: Any) -> Any:  # noqa: N802
        """Take any configuration: there is none to be had."""
        return provider_pb2.CheckResponse(inputs=request.news)

    @answered
    async def DiffConfig(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Leave the question to the engine."""
        return provider_pb2.DiffResponse()

    @answered
    async def Configure(self, request: Any) -> Any:  # noqa: ARG002, N802
        """Say what the provider takes."""
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    @answered
    async def Cancel(self, request: Any) -> Any:  # noqa: ARG002, N802
        """End every command that runs."""
        self.provider.cancel()
        return Empty()

    @answered
    async def Invoke(self, request: Any) -> Any:  # noqa: N802
        """Refuse a function."""
        self.provider.invoke(request.tok)

    @answered
    async def Check(self, request: Any) -> Any:  # noqa: N802
        """Check a resource's inputs."""
        inputs, problems = self.provider.check(request.urn, from_struct(request.news))
        failures = [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in problems]
        return provider_pb2.CheckResponse(inputs=to_struct(inputs), failures=failures)

    @answered
    async def Diff(self, request: Any) -> Any:  # noqa: N802
        """Compare old inputs with new ones."""
        old, new = from_struct(request.old_inputs), from_struct(request.news)
        diff = compare(old, {**new, **{name: old[name] for name in request.ignoreChanges if name in old}})
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME if diff.detailed else provider_pb2.DiffResponse.DIFF_NONE,
            replaces=diff.replaces,
            diffs=diff.properties,
            detailedDiff={path: provider_pb2.PropertyDiff(kind=kind) for path, kind in diff.detailed.items()},
            hasDetailedDiff=True,
        )

    @answered
    async def Create(self, request: Any) -> Any:  # noqa: N802
        """Run a new command."""
        properties = from_struct(request.properties)
        identity, state = await self.provider.create(request.urn, properties, request.timeout, request.preview)
        return provider_pb2.CreateResponse(id=identity, properties=to_struct(state))

    @answered
    async def Read(self, request: Any) -> Any:  # noqa: N802
        """Tell what the state tells: a command cannot be read."""
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    @answered
    async def Update(self, request: Any) -> Any:  # noqa: N802
        """Run a changed command."""
        olds, news = from_struct(request.olds), from_struct(request.news)
        state = await self.provider.update(request.urn, olds, news, request.timeout, request.preview)
        return provider_pb2.UpdateResponse(properties=to_struct(state))

    @answered
    async def Delete(self, request: Any) -> Any:  # noqa: N802
        """Run a command's end."""
        await self.provider.delete(request.urn, from_struct(request.properties), request.timeout)
        return Empty()


async def _abort(context: Any, text: str) -> NoReturn:
    await context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort() always raises")


async def serve(engine_address: str) -> None:
    """Serve the provider to the engine at this address until the process ends; the port goes to standard output."""
    async with grpc.aio.insecure_channel(engine_address, options=_NO_LIMIT) as channel:
        server = grpc.aio.server(options=_NO_LIMIT)
        servicer = Servicer(CommandProvider(engine_pb2_grpc.EngineStub(channel)))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(port, flush=True)
        await server.wait_for_termination()


def main(arguments: list[str]) -> None:
    """Run the provider for the engine whose address the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m lab.command_provider", description="The command stand-in.")
    parser.add_argument("engine", help="the engine's address, host:port")
    parser.add_argument("--lab-folder", help="given to every plugin of the lab; not used by this one")
    known, _ = parser.parse_known_args(arguments)
    end_with_the_engine()
    asyncio.run(serve(known.engine))
