"""The provider itself: check, diff, create, update and delete of the two resources.

Source: pulumi-command v1.2.1 remote/commandController.go and local/commandController.go, and what pulumi-go-provider
v1.3.0 infer/resource.go adds around them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckFailure,
    CheckRequest,
    CheckResponse,
    CreateRequest,
    CreateResponse,
    DeleteRequest,
    InvokeRequest,
    InvokeResponse,
    Provider,
    UpdateRequest,
    UpdateResponse,
)
from pulumi.runtime.proto import engine_pb2_grpc

from lab.command import local
from lab.command.capture import CommandError, Job
from lab.command.engine_log import Log
from lab.command.schema import LOCAL_COMMAND, REMOTE_COMMAND, Struct, completed, problems
from lab.command.values import PropertyMap, is_unknown, plain_map, property_map, property_value, unknown

VERSION = "1.2.1"
"""The official provider whose behaviour this one has; also the version of the pulumi-command SDK."""

RESOURCES = {"command:remote:Command": REMOTE_COMMAND, "command:local:Command": LOCAL_COMMAND}

UNSUPPORTED = ("assetPaths", "archivePaths")

OUTPUTS = ("stdout", "stderr")


def no_stand_in(what: str) -> str:
    """Return the message for a part of the package this stand-in does not have."""
    return (
        f"{what} is not in the lab's stand-in for the command provider, which has remote.Command and local.Command "
        f"only. With the official plugin it works: LAB_COMMAND_PLUGIN=/path/to/pulumi-resource-command, or "
        f"LAB_COMMAND_PLUGIN=install to have `pulumi plugin install resource command {VERSION}` fetch it."
    )


@dataclass
class CommandProvider(Provider):
    """Answers the engine's calls; every one may run beside others in the same event loop."""

    engine: engine_pb2_grpc.EngineStub

    def __post_init__(self) -> None:
        """Start with nothing running."""
        self._running: set[asyncio.Task[Any]] = set()

    async def check(self, request: CheckRequest) -> CheckResponse:
        """Return the inputs with defaults and secrets, or what is wrong with them."""
        kind = _kind(request.type)
        struct = RESOURCES.get(kind)
        if struct is None:
            return CheckResponse(request.new_inputs, [CheckFailure("", no_stand_in(kind))])
        inputs = completed(struct, request.new_inputs)
        failures = [CheckFailure(problem.property, problem.reason) for problem in problems(struct, request.new_inputs)]
        failures += [CheckFailure(name, no_stand_in(f"{kind}'s {name}")) for name in UNSUPPORTED if name in inputs]
        return CheckResponse(inputs, failures)

    async def create(self, request: CreateRequest) -> CreateResponse:
        """Run `create`, if there is one."""
        struct = _struct(request.type)
        identity = f"{request.name}{secrets.token_hex(4)}"
        if request.preview:
            outputs = {name: unknown() for name in OUTPUTS}
        else:
            outputs = await self._run(request.urn, struct, "create", request.properties, {}, request.timeout)
        return CreateResponse(identity, {**request.properties, **outputs})

    async def update(self, request: UpdateRequest) -> UpdateResponse:
        """Run `update`, or `create` where there is none."""
        struct = _struct(request.type)
        if request.preview:
            return UpdateResponse({**request.news, **_previewed(struct, request.olds, request.news)})
        news = plain_map(request.news)
        verb = "update" if news.get("update") is not None else "create"
        outputs = await self._run(request.urn, struct, verb, request.news, request.olds, request.timeout)
        return UpdateResponse({**request.news, **outputs})

    async def delete(self, request: DeleteRequest) -> None:
        """Run `delete`, if there is one, with the properties and outputs of the state."""
        struct = _struct(request.type)
        properties = request.properties
        await self._run(request.urn, struct, "delete", properties, properties, request.timeout)

    async def invoke(self, request: InvokeRequest) -> InvokeResponse:
        """Refuse: the package's only function is local.run."""
        raise CommandError(no_stand_in(request.tok))

    async def cancel(self) -> None:
        """End every command that runs."""
        for task in self._running:
            task.cancel()

    async def _run(
        self,
        urn: str,
        struct: Struct,
        verb: str,
        properties: Mapping[str, PropertyValue],
        olds: Mapping[str, PropertyValue],
        timeout: float,
    ) -> PropertyMap:
        """Run the property named by the verb and return stdout and stderr; those before it if it is absent."""
        values = plain_map(properties)
        before = {name: plain_map(olds).get(name) or "" for name in OUTPUTS}
        command = values.get(verb)
        if command is None:
            return property_map(before)
        job, log = Job.of(command, values, before), Log(self.engine, urn)
        from lab.command import remote  # with it asyncssh, which a preview does without

        work = remote.run(job, values["connection"], log) if struct is REMOTE_COMMAND else local.run(job, values, log)
        outputs = await self._finished(work, timeout)
        return property_map({name: outputs[name] for name in OUTPUTS})

    async def _finished(self, work: Coroutine[Any, Any, dict[str, str]], timeout: float) -> dict[str, str]:
        """Await the work as something `cancel` can end; timeout is in seconds, 0 is none."""
        task = asyncio.ensure_future(work)
        self._running.add(task)
        try:
            async with asyncio.timeout(timeout or None):
                return await task
        except TimeoutError as error:
            raise CommandError("context deadline exceeded") from error
        except asyncio.CancelledError as error:
            raise CommandError("context canceled") from error
        finally:
            self._running.discard(task)


def _kind(urn_type: str) -> str:
    """Return the resource's own type: a URN's begins with the types of its parents."""
    return urn_type.rsplit("$", 1)[-1]


def _struct(urn_type: str) -> Struct:
    kind = _kind(urn_type)
    if kind not in RESOURCES:
        raise CommandError(no_stand_in(kind))
    return RESOURCES[kind]


def _previewed(struct: Struct, olds: Mapping[str, PropertyValue], news: Mapping[str, PropertyValue]) -> PropertyMap:
    """Return the outputs as a preview of an update shows them: unknown if an input changed, else as they were.

    An input that is new and known does not count. Source: infer/resource.go, markComputed.
    """
    changed = any(
        (name in news and is_unknown(news[name])) or (name in olds and olds[name] != news.get(name))
        for name in struct.fields
    )
    return {name: unknown() if changed else olds.get(name, property_value("")) for name in OUTPUTS}
