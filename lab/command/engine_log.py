"""The engine's log: what it shows on a resource's line while a command runs, and beside the resource afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from lab.protocol import engine_pb2, engine_pb2_grpc


@dataclass(frozen=True)
class Log:
    """The log of one resource."""

    engine: engine_pb2_grpc.EngineStub
    urn: str

    async def status(self, line: str) -> None:
        """Show the line as the resource's status; a later one takes its place."""
        await self._send(engine_pb2.INFO, line, ephemeral=True)

    async def warning(self, message: str) -> None:
        """Show a warning that stays."""
        await self._send(engine_pb2.WARNING, message, ephemeral=False)

    async def error(self, message: str) -> None:
        """Show an error that stays."""
        await self._send(engine_pb2.ERROR, message, ephemeral=False)

    async def _send(self, severity: engine_pb2.LogSeverity.ValueType, message: str, *, ephemeral: bool) -> None:
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=self.urn, ephemeral=ephemeral)
        await self.engine.Log(request)
