"""The gRPC server the engine talks to: the SDK's own, with what the official provider's does and the SDK's lacks.

That is: an error reaches the user as its bare text, without the name of a Python class, and `diff` is given the old
inputs, which the SDK's DiffRequest leaves out.
"""

from __future__ import annotations

import argparse
import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc  # type: ignore[import-untyped]
import grpc.aio  # type: ignore[import-untyped]
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import PropertyDiffKind
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from lab.command.capture import CommandError
from lab.command.diff import compare
from lab.command.provider import VERSION, CommandProvider
from lab.plugin_process import end_with_the_engine

_NO_LIMIT = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

_KINDS = {
    PropertyDiffKind.ADD: provider_pb2.PropertyDiff.ADD,
    PropertyDiffKind.ADD_REPLACE: provider_pb2.PropertyDiff.ADD_REPLACE,
    PropertyDiffKind.DELETE: provider_pb2.PropertyDiff.DELETE,
    PropertyDiffKind.DELETE_REPLACE: provider_pb2.PropertyDiff.DELETE_REPLACE,
    PropertyDiffKind.UPDATE: provider_pb2.PropertyDiff.UPDATE,
    PropertyDiffKind.UPDATE_REPLACE: provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


class Servicer(ProviderServicer):
    """The SDK's servicer with a `diff` of its own."""

    async def Diff(  # noqa: N802  # the protocol's name
        self,
        request: provider_pb2.DiffRequest,
        context: object,  # noqa: ARG002  # the protocol's signature
    ) -> provider_pb2.DiffResponse:
        """Compare old inputs with new ones."""
        old = PropertyValue.unmarshal_map(request.old_inputs)
        new = PropertyValue.unmarshal_map(request.news)
        for name in request.ignoreChanges:
            if name in old:
                new[name] = old[name]
        diff = compare(old, new)
        some = provider_pb2.DiffResponse.DIFF_SOME if diff.changes else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=some,
            replaces=diff.replaces,
            diffs=diff.diffs,
            detailedDiff={
                path: provider_pb2.PropertyDiff(kind=_KINDS[change.kind]) for path, change in diff.detailed_diff.items()
            },
            hasDetailedDiff=True,
        )


class BareErrors(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Answers a CommandError with its text alone, and a fault of the stand-in's own with its traceback."""

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Wrap the method that answers this call."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        async def answer(request: Any, context: Any) -> Any:
            try:
                return await handler.unary_unary(request, context)
            except CommandError as error:
                return await _abort(context, str(error))
            except (grpc.aio.AbortError, NotImplementedError):
                raise
            except Exception:  # a fault of the stand-in's own: nobody could find it without its traceback
                return await _abort(context, traceback.format_exc())

        return grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )


async def _abort(context: Any, text: str) -> NoReturn:
    await context.abort(grpc.StatusCode.UNKNOWN, text)
    raise AssertionError("abort() always raises")


async def serve(engine_address: str) -> None:
    """Serve the provider to the engine at this address until the process ends; the port goes to standard output."""
    async with grpc.aio.insecure_channel(engine_address, options=_NO_LIMIT) as channel:
        provider = CommandProvider(engine_pb2_grpc.EngineStub(channel))
        server = grpc.aio.server(options=_NO_LIMIT, interceptors=[BareErrors()])
        servicer = Servicer([], VERSION, provider, engine_address=engine_address)
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
