"""The provider itself: check, diff, create, update and delete of the two resources.

Source: pulumi-command v1.2.1 remote/commandController.go and local/commandController.go, and what pulumi-go-provider
v1.3.0 infer/resource.go adds around them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from lab.command import local
from lab.command.capture import CommandError, Job
from lab.command.engine_log import Log
from lab.command.schema import LOCAL_COMMAND, REMOTE_COMMAND, Problem, Struct, completed, problems
from lab.command.values import (
    PropertyMap,
    PropertyValue,
    is_unknown,
    plain_map,
    property_map,
    property_value,
    unknown,
)
from lab.protocol import engine_pb2_grpc

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
class CommandProvider:
    """Answers the engine's calls; every one may run beside others in the same event loop."""

    engine: engine_pb2_grpc.EngineStub

    def __post_init__(self) -> None:
        """Start with nothing running."""
        self._running: set[asyncio.Task[Any]] = set()

    def check(self, urn: str, news: PropertyMap) -> tuple[PropertyMap, Sequence[Problem]]:
        """Return the inputs with defaults and secrets, and what is wrong with them."""
        kind = _kind(urn)
        struct = RESOURCES.get(kind)
        if struct is None:
            return news, [Problem("", no_stand_in(kind))]
        inputs = completed(struct, news)
        unsupported = [Problem(name, no_stand_in(f"{kind}'s {name}")) for name in UNSUPPORTED if name in inputs]
        return inputs, [*problems(struct, news), *unsupported]

    async def create(self, urn: str, properties: PropertyMap, timeout: float, preview: bool) -> tuple[str, PropertyMap]:
        """Run `create`, if there is one; return the new id and the state. A timeout is in seconds, 0 is none."""
        struct = _struct(urn)
        identity = f"{urn.split('::', 3)[-1]}{secrets.token_hex(4)}"
        if preview:
            outputs = {name: unknown() for name in OUTPUTS}
        else:
            outputs = await self._run(urn, struct, "create", properties, {}, timeout)
        return identity, {**properties, **outputs}

    async def update(
        self, urn: str, olds: PropertyMap, news: PropertyMap, timeout: float, preview: bool
    ) -> PropertyMap:
        """Run `update`, or `create` where there is none; return the state."""
        struct = _struct(urn)
        if preview:
            return {**news, **_previewed(struct, olds, news)}
        verb = "update" if plain_map(news).get("update") is not None else "create"
        return {**news, **await self._run(urn, struct, verb, news, olds, timeout)}

    async def delete(self, urn: str, properties: PropertyMap, timeout: float) -> None:
        """Run `delete`, if there is one, with the properties and outputs of the state."""
        await self._run(urn, _struct(urn), "delete", properties, properties, timeout)

    def invoke(self, token: str) -> NoReturn:
        """Refuse: the package's only function is local.run."""
        raise CommandError(no_stand_in(token))

    def cancel(self) -> None:
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


def _kind(urn: str) -> str:
    """Return the resource's own type: a URN's begins with the types of its parents."""
    return urn.split("::", 3)[2].rpartition("$")[2]


def _struct(urn: str) -> Struct:
    kind = _kind(urn)
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
