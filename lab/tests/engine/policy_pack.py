"""A policy pack without Pulumi's policy SDK, which is no dependency here: it refuses every resource."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

PACK = "policies-of-the-test"


class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    """What the engine asks of a policy pack."""

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802, names of the protocol
        return plugin_pb2.PluginInfo(version="1.0.0")

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        policy = pb.PolicyInfo(name="refuse", description="Refuses.", enforcementLevel=pb.MANDATORY)
        return pb.AnalyzerInfo(name=PACK, displayName=PACK, version="1.0.0", policies=[policy])

    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return Empty()

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        return pb.AnalyzeResponse()

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
        print("the pack speaks from", Path.cwd().name)
        time.sleep(2)  # at the verdict the engine ends, and what has not come by then is shown nowhere
        diagnostic = pb.AnalyzeDiagnostic(
            policyName="refuse",
            policyPackName=PACK,
            policyPackVersion="1.0.0",
            description="Refuses.",
            message="no stack is good enough",
            enforcementLevel=pb.MANDATORY,
            urn=request.resources[0].urn,
        )
        return pb.AnalyzeResponse(diagnostics=[diagnostic])


def main() -> None:
    """Serve until the language host ends this process; the port is the first line."""
    server = grpc.server(ThreadPoolExecutor())
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
