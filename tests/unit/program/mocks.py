"""The engine's part in unit tests: it records what is registered and makes up what AWS would answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any, cast
from zlib import crc32

import pulumi
from pulumi.runtime import resource
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKey"
PUBLIC_IP = "198.51.100.7"
CA_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
GENERATED = "s3cret-made-here"
"""How a generated password begins."""
SAID = {
    "-host-key": f"{HOST_KEY}\n",
    "-ready": f"{HOST_KEY} a comment\n",
    "-converged": json.dumps({"mysql_version": "9.7.4", "warnings": []}),
    "-applied": json.dumps({"users": {}, "pending": []}),
    "-authority": json.dumps({"pem": f"{CA_CERTIFICATE}{GENERATED}-authority"}),
    "-certificate": json.dumps({"ca_certificate": CA_CERTIFICATE}),
}
"""What commands print, by the end of their names."""
resource._get_stack_trace = StackTrace
"""The engine is told each resource's stack, pytest's forty frames among it: a third of a run's time."""

STACK = "pulumi:pulumi:Stack"
REGION = "eu-central-1"
AMI = "ami-0a1b2c3d4e5f60718"

VOLUMES = "aws:ebs/getEbsVolumes:getEbsVolumes"


@dataclass
class Recorder(Mocks):
    """Remembers every resource and invoke, in the order they came."""

    resources: list[MockResourceArgs] = field(default_factory=list)
    calls: list[MockCallArgs] = field(default_factory=list)
    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    """The name of each resource's parent, by its type and name; STACK of what lies at the top."""
    protected: set[str] = field(default_factory=set)
    """The names of the resources that the engine is told to protect."""
    retained: set[str] = field(default_factory=set)
    """The names of those that it is told to leave in AWS when they go."""
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    """The names of the resources that each depends on, by its name."""
    said: dict[str, str] = field(default_factory=lambda: dict(SAID))
    """What commands print, and as "private-dns" the name that the VPC gives every instance, empty for none."""
    volumes: frozenset[str] | None = frozenset()
    """The names, as their tags have them, of the stack's volumes that there are; None where AWS refuses to tell."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Answer a registration as AWS or a host would."""
        self.resources.append(args)
        made: dict[str, Any] = {**args.inputs}
        if args.typ == "aws:ec2/instance:Instance":
            private_dns = self.said.get("private-dns", f"{args.name}.internal")
            private_ip = str(IPv4Address("10.20.16.0") + crc32(args.name.encode()) % 4096)
            made = {"privateIp": private_ip, "privateDns": private_dns} | made
        if args.typ == "aws:ec2/eip:Eip":
            made |= {"publicIp": PUBLIC_IP, "allocationId": f"eipalloc-{args.name}"}
        if args.typ == "aws:lb/loadBalancer:LoadBalancer":
            made |= {"arn": f"{args.name}-arn", "dnsName": f"{args.name}-1a2b3c.elb.{REGION}.amazonaws.com"}
        if args.typ == "aws:lb/targetGroup:TargetGroup":
            made |= {"arn": f"{args.name}-arn"}
        if args.typ == "aws:s3/bucket:Bucket":
            made |= {"bucket": f"{args.inputs['bucketPrefix']}1a2b3c"}
            made["arn"] = f"arn:aws:s3:::{made['bucket']}"
        if args.typ in ("aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile"):
            made |= {"name": f"{args.inputs['namePrefix']}1a2b3c", "arn": f"arn:aws:iam::123456789012:{args.name}"}
        if args.typ == "command:remote:Command":
            made["stdout"] = next((said for end, said in self.said.items() if args.name.endswith(end)), "")
        if args.typ == "command:local:Command":
            made["stdout"] = f"{GENERATED}-{args.name}-{int(args.inputs['triggers'][0])}"
        return f"{args.name}-id", made

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """Answer a function as AWS would."""
        self.calls.append(args)
        if self.volumes is None and args.token == VOLUMES:
            return {}, [("", "UnauthorizedOperation: You are not authorized to perform this operation.")]
        answers: dict[str, dict[str, Any]] = {
            "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": ["zone-a", "zone-b", "zone-c"]},
            "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": {"locations": ["zone-c", "zone-b", "zone-a"]},
            "aws:ec2/getEips:getEips": {"allocationIds": []},
            "aws:servicequotas/getServiceQuota:getServiceQuota": {"value": 1000},
            "aws:ec2/getInstanceType:getInstanceType": {
                "supportedArchitectures": ["x86_64"],
                "memorySize": 2048,
                "defaultVcpus": 2,
            },
            "aws:ec2/getInstances:getInstances": {"ids": []},
            "aws:ec2/getVpc:getVpc": {"id": args.args.get("id"), "cidrBlock": "10.20.0.0/16"},
            "aws:ec2/getSubnet:getSubnet": {
                "vpcId": "vpc-0a1b2c3d",
                "cidrBlock": "10.20.7.0/24",
                "availabilityZone": "zone-a",
            },
            "aws:ec2/getAmi:getAmi": {"architecture": "x86_64"},
            "aws:ebs/getSnapshot:getSnapshot": {"volumeSize": 16},
            VOLUMES: {"ids": sorted((self.volumes or set()) & _filtered_names(args.args))},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:s3/getBucket:getBucket": {
                "bucket": args.args.get("bucket"),
                "arn": f"arn:aws:s3:::{args.args.get('bucket')}",
                "bucketRegion": "eu-west-1",
            },
            "aws:iam/getInstanceProfile:getInstanceProfile": {"roleName": f"role-of-{args.args.get('name')}"},
            "aws:ssm/getParameter:getParameter": {"value": AMI, "insecureValue": AMI},
        }
        return answers[args.token], []

    def of_type(self, typ: str) -> dict[str, dict[str, Any]]:
        """Return the inputs of every resource of a type, by name."""
        return {seen.name: seen.inputs for seen in self.resources if seen.typ == typ}


def _filtered_names(asked: dict[str, Any]) -> set[str]:
    """Return the names that a question to AWS is about, without project and stack."""
    named = [entry["values"] for entry in asked.get("filters", []) if entry["name"] == "tag:Name"]
    return {value.removeprefix("mysql-pair-unit-") for values in named for value in values}


class Monitor(MockMonitor):
    """Tells the recorder of parents too."""

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  the SDK's name
        """Register a resource."""
        _, _, kind, name = request.parent.split("::") if request.parent else ("", "", "", "")
        cast(Recorder, self.mocks).parents[request.type, request.name] = STACK if kind == STACK else name
        if request.protect:
            cast(Recorder, self.mocks).protected.add(request.name)
        if request.retainOnDelete:
            cast(Recorder, self.mocks).retained.add(request.name)
        needed = {urn.split("::")[3] for urn in request.dependencies}
        cast(Recorder, self.mocks).dependencies[request.name] = needed
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]


class InOneThread(asyncio.SelectorEventLoop):
    """Calls the engine at once: it answers from memory, and threads that take turns are a fifth of a run's time."""

    def run_in_executor(self, _: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """Return what came of the call."""
        answer = self.create_future()
        try:
            answer.set_result(func(*args))
        except Exception as error:
            answer.set_exception(error)
        return answer


def start(loop: asyncio.AbstractEventLoop | None = None) -> Recorder:
    """Set a fresh engine up for a test and return it; `loop` is one of the tests' own if not given."""
    recorder = Recorder()
    asyncio.set_event_loop(loop or InOneThread())
    monitor = Monitor(recorder)
    pulumi.runtime.set_mocks(recorder, project="mysql-pair", stack="unit", preview=False, monitor=monitor)
    return recorder


def tested(program: Callable[[], Any]) -> Callable[[], None]:
    """Return pulumi's own test decorator applied: what the function returns is awaited, and every resource."""
    return cast("Callable[[], None]", pulumi.runtime.test(program))  # type: ignore[no-untyped-call]


def exported() -> dict[str, Any]:
    """Return what the program has exported so far."""
    return cast(Stack, get_root_resource()).outputs
