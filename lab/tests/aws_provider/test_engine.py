"""The aws stand-in under the real engine and the real SDK, on a machine that boots nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation as auto
from pulumi.runtime.proto import provider_pb2_grpc

from lab.aws_provider import AwsProvider
from lab.cloud.ec2 import Ec2
from lab.cloud.model import KINDS, Eip, Instance, SecurityGroup, SecurityGroupRule, Subnet
from lab.cloud.store import Store
from lab.engine.build import ensure_engine
from lab.settings import Lab
from lab.testing.fake_plane import FakePlane
from lab.testing.processes import wait_for
from lab.tests.unit.ec2_world import KEY

IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"


@dataclass
class Rig:
    """A lab on paper, and a stack on it."""

    lab: Lab
    plane: FakePlane
    variables: dict[str, str]

    def stack(self, program: Callable[[], object]) -> auto.Stack:
        """Return the stack with another program."""

        def run() -> None:
            program()

        options = auto.LocalWorkspaceOptions(env_vars=self.variables)
        stack = auto.create_or_select_stack("t", "mysql-pair", run, opts=options)
        stack.set_config("aws:region", auto.ConfigValue("eu-central-1"))
        return stack

    def records(self) -> int:
        """Count the records of every kind."""
        return sum(len(self.plane.store.all(kind)) for kind in KINDS.values())


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    lab = Lab("t", tmp_path / "t")
    lab.backend.mkdir(parents=True)
    plane = FakePlane(Store(lab.cloud))
    server = grpc.server(ThreadPoolExecutor(64))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(lab, plane), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    variables = {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{lab.backend}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": "paper",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{port}",
    }
    monkeypatch.setenv("PATH", f"{ensure_engine().path.parent}:{os.environ['PATH']}")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    yield Rig(lab, plane, variables)
    plane.before_launch.set()
    server.stop(None)


def program(
    group_description: str = "hosts",
    cidr: str = "10.1.1.0/24",
    instance_args: Mapping[str, Any] | None = None,
    ignore: Sequence[str] = (),
) -> None:
    """Register one resource of every type, as the pair does."""
    zones = aws.get_availability_zones(state="available")
    image = aws.ssm.get_parameter_output(name=IMAGE)
    vpc = aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16", enable_dns_hostnames=True, tags={"Name": "pair"})
    gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
    subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=cidr, availability_zone=zones.names[0])
    table = aws.ec2.RouteTable("table", vpc_id=vpc.id)
    aws.ec2.Route("route", route_table_id=table.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
    aws.ec2.RouteTableAssociation("associated", route_table_id=table.id, subnet_id=subnet.id)
    group = aws.ec2.SecurityGroup("hosts", vpc_id=vpc.id, description=group_description)
    ports: dict[str, Any] = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22}
    way_in = aws.vpc.SecurityGroupIngressRule("in", security_group_id=group.id, cidr_ipv4="10.0.0.0/8", **ports)
    out = aws.vpc.SecurityGroupEgressRule("out", security_group_id=group.id, ip_protocol="-1", cidr_ipv4="0.0.0.0/0")
    aws.ec2.VpcSecurityGroupRulesExclusive(
        "rules", security_group_id=group.id, ingress_rule_ids=[way_in.id], egress_rule_ids=[out.id]
    )
    key = aws.ec2.KeyPair("key", public_key=KEY)
    instance = aws.ec2.Instance(
        "host",
        instance_type="t3.micro",
        subnet_id=subnet.id,
        key_name=key.key_name,
        vpc_security_group_ids=[group.id],
        user_data=pulumi.Output.secret("#cloud-config\n"),
        **{"ami": image.insecure_value, "associate_public_ip_address": True, **(instance_args or {})},
        opts=pulumi.ResourceOptions(ignore_changes=list(ignore)),
    )
    nat_address = aws.ec2.Eip("nat-address", domain="vpc")
    nat = aws.ec2.NatGateway(
        "nat",
        allocation_id=nat_address.id,
        subnet_id=subnet.id,
        opts=pulumi.ResourceOptions(depends_on=[gateway]),
    )
    private = aws.ec2.RouteTable("private", vpc_id=vpc.id)
    aws.ec2.Route("by-nat", route_table_id=private.id, destination_cidr_block="0.0.0.0/0", nat_gateway_id=nat.id)
    address = aws.ec2.Eip("address", domain="vpc")
    aws.ec2.EipAssociation("attached", allocation_id=address.id, instance_id=instance.id)
    volume = aws.ebs.Volume("data", availability_zone=subnet.availability_zone, size=8, type="gp3", tags={"data": "db"})
    aws.ec2.VolumeAttachment("data", device_name="/dev/sdf", instance_id=instance.id, volume_id=volume.id)
    aws.ebs.Snapshot("data", volume_id=volume.id)
    aws.dlm.LifecyclePolicy(
        "daily",
        description="daily",
        execution_role_arn="arn:aws:iam::000000000000:role/dlm",
        policy_details=aws.dlm.LifecyclePolicyPolicyDetailsArgs(
            resource_types=["VOLUME"],
            target_tags={"data": "db"},
            schedules=[
                aws.dlm.LifecyclePolicyPolicyDetailsScheduleArgs(
                    name="daily",
                    create_rule=aws.dlm.LifecyclePolicyPolicyDetailsScheduleCreateRuleArgs(interval=24, times="03:00"),
                    retain_rule=aws.dlm.LifecyclePolicyPolicyDetailsScheduleRetainRuleArgs(count=7),
                )
            ],
        ),
    )
    pulumi.export("instance", instance.id)
    pulumi.export("address", address.public_ip)
    pulumi.export("nat_address", nat.public_ip)
    pulumi.export("image", image.value)
    pulumi.export("user_data", instance.user_data)


def operations(result: auto.UpResult | auto.DestroyResult | auto.RefreshResult) -> dict[str, int]:
    """Return how many resources were created, updated and so on, those that stayed left out."""
    return _named(result.summary.resource_changes or {})


def planned(result: auto.PreviewResult) -> dict[str, int]:
    """Return how many resources would be created, updated and so on."""
    return _named(result.change_summary)


def _named(changes: Mapping[Any, int]) -> dict[str, int]:
    counts = {str(getattr(name, "value", name)): count for name, count in changes.items()}
    return {name: count for name, count in counts.items() if name != "same"}


def test_a_stacks_whole_life(rig: Rig) -> None:
    stack = rig.stack(program)
    preview = stack.preview()
    assert planned(preview) == {"create": 23}
    assert rig.records() == 0
    up = stack.up()
    assert operations(up) == {"create": 23}
    assert up.outputs["address"].value in [eip.public_ip for eip in rig.plane.store.all(Eip)]
    assert up.outputs["nat_address"].value in [eip.public_ip for eip in rig.plane.store.all(Eip)]
    assert up.outputs["image"].secret
    assert up.outputs["user_data"].secret
    assert planned(stack.preview()) == {}
    assert operations(stack.refresh()) == {}
    assert operations(stack.up()) == {}
    assert operations(stack.destroy()) == {"delete": 23}
    assert rig.records() == 0
    assert rig.plane.hosts == {}


def test_a_refresh_finds_a_lost_host_and_the_next_up_makes_another(rig: Rig) -> None:
    stack = rig.stack(program)
    first = stack.up().outputs["instance"].value
    rig.plane.hosts.clear()
    assert operations(stack.refresh())["delete"] == 3  # and the associations of its address and its volume
    second = stack.up().outputs["instance"].value
    assert first != second
    assert list(rig.plane.hosts) == [second]


def test_a_group_is_replaced_while_its_members_run_on(rig: Rig) -> None:
    before = rig.stack(program).up()
    result = rig.stack(lambda: program(group_description="renamed")).up()
    assert operations(result)["replace"] == 4  # the group, its rules and the claim on them; the instance is updated
    assert result.outputs["instance"].value == before.outputs["instance"].value
    assert ("terminate", result.outputs["instance"].value) not in rig.plane.calls


def test_a_rule_added_by_hand_is_seen_by_a_refresh_and_revoked_by_the_next_up(rig: Rig) -> None:
    """Source: terraform-provider-aws, "aws_vpc_security_group_rules_exclusive"."""
    stack = rig.stack(program)
    stack.up()
    ec2 = Ec2(rig.lab, rig.plane.store, rig.plane)
    group = next(group for group in rig.plane.store.all(SecurityGroup) if group.name.startswith("hosts"))
    declared = {rule.id for rule in rig.plane.store.all(SecurityGroupRule)}
    ec2.create(SecurityGroupRule("", group.id, "ingress", "tcp", 3306, 3306, "0.0.0.0/0"), "sgr")
    ec2.create(SecurityGroupRule("", group.id, "egress", "udp", 53, 53, "0.0.0.0/0"), "sgr")
    assert planned(stack.preview()) == {}
    stack.refresh()
    assert planned(stack.preview()) == {"update": 1}
    stack.up()
    assert {rule.id for rule in rig.plane.store.all(SecurityGroupRule)} == declared


def test_what_ec2_decides_is_no_change_where_it_is_left_out(rig: Rig) -> None:
    fixed = {"private_ip": "10.1.1.50", "root_block_device": {"volume_size": 20, "tags": {"Name": "root"}}}
    rig.stack(lambda: program(instance_args=fixed)).up()
    assert planned(rig.stack(program).preview()) == {}
    grown = {**fixed, "disable_api_termination": True, "root_block_device": {"volume_size": 30}}
    rig.plane.calls.clear()
    assert operations(rig.stack(lambda: program(instance_args=grown)).up()) == {"update": 1}
    assert {verb for verb, _ in rig.plane.calls} == {"refresh"}
    with pytest.raises(auto.CommandError, match=r"OperationNotPermitted: The instance 'i-\w+' may not be terminated"):
        rig.stack(lambda: program(instance_args=grown)).destroy()


def test_an_elastic_ip_replaces_an_instance_that_refused_a_public_address(rig: Rig) -> None:
    """As on AWS, once refreshed; ignore_changes keeps the instance."""
    private = {"associate_public_ip_address": False}
    stack = rig.stack(lambda: program(instance_args=private))
    stack.up()
    assert planned(stack.preview()) == {}
    stack.refresh()
    assert planned(stack.preview())["replace"] >= 1
    kept = rig.stack(lambda: program(instance_args=private, ignore=["associatePublicIpAddress"]))
    assert planned(kept.preview()) == {}


def test_a_newer_image_is_taken_only_by_what_asks_for_the_latest(rig: Rig) -> None:
    stack = rig.stack(program)
    pinned = {"ami": stack.up().outputs["image"].value}
    Ec2(rig.lab, rig.plane.store, rig.plane).publish_images()
    assert planned(stack.preview())["replace"] >= 1
    assert planned(rig.stack(lambda: program(instance_args=pinned)).preview()) == {}
    assert planned(rig.stack(lambda: program(ignore=["ami"])).preview()) == {}


def test_a_vpc_and_its_subnet_are_found_by_the_next_stack(rig: Rig) -> None:
    cidrs = []

    def reader() -> None:
        subnet = aws.ec2.get_subnet(id=rig.plane.store.all(Subnet)[0].id)
        cidrs.extend([subnet.cidr_block, aws.ec2.get_vpc(id=subnet.vpc_id).cidr_block])

    rig.stack(program).up()
    rig.stack(reader).preview()
    assert cidrs == ["10.1.1.0/24", "10.1.0.0/16"]
    refused = rig.stack(lambda: aws.ec2.get_instance_type(instance_type="t9.huge"))
    with pytest.raises(auto.CommandError, match=r"InvalidInstanceType: .*\[t9\.huge\]"):
        refused.preview()


def test_a_refusal_is_shown_in_awss_words(rig: Rig) -> None:
    with pytest.raises(auto.CommandError, match=r"InvalidSubnet\.Range: The CIDR '10\.9\.0\.0/24' is invalid"):
        rig.stack(lambda: program(cidr="10.9.0.0/24")).up()
    with pytest.raises(auto.CommandError, match=r"ec2/vpc:Vpc resource 'v'.*property ipv6CidrBlock.*stand-in"):
        rig.stack(lambda: aws.ec2.Vpc("v", cidr_block="10.0.0.0/16", ipv6_cidr_block="::/56")).up()
    with pytest.raises(auto.CommandError, match=r"aws:sqs/queue:Queue: the lab's stand-in for aws does not"):
        rig.stack(lambda: aws.sqs.Queue("q")).up()


def children() -> list[int]:
    """Return the engines this process runs."""
    pids = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = status.read_text().partition("(")[2].partition(") ")
        except OSError:
            continue
        if name == "pulumi" and int(rest.split()[1]) == os.getpid():
            pids.append(int(status.parent.name))
    return pids


@pytest.mark.parametrize("boot_succeeds", [True, False])
def test_an_up_killed_in_a_launch_and_run_again_makes_nothing_twice(rig: Rig, boot_succeeds: bool) -> None:
    """The engine is killed; its provider sees the boot to its end with nobody to tell, or sees it fail."""
    rig.plane.before_launch.clear()
    stack = rig.stack(program)
    with ThreadPoolExecutor(1) as pool:
        up = pool.submit(stack.up)
        wait_for(lambda: rig.plane.store.all(Instance))
        for engine in children():
            os.kill(engine, signal.SIGKILL)
        assert up.exception(30) is not None
    killed = rig.plane.store.all(Instance)[0].id
    if boot_succeeds:
        rig.plane.before_launch.set()
        wait_for(lambda: rig.plane.store.all(Instance)[0].launched)
    else:
        rig.plane.refuse = {"launch"}
        rig.plane.before_launch.set()
        wait_for(lambda: ("terminate", killed) in rig.plane.calls)
        rig.plane.refuse = set()
    stack.cancel()
    again = stack.up()
    assert list(rig.plane.hosts) == [again.outputs["instance"].value]
    assert (again.outputs["instance"].value == killed) == boot_succeeds
    counted = {kind: len(rig.plane.store.all(record)) for kind, record in KINDS.items()}
    assert {kind: number for kind, number in counted.items() if number} == {
        "vpc": 1,
        "subnet": 1,
        "internet-gateway": 1,
        "route-table": 3,  # the VPC's own is one
        "route": 2,
        "route-table-association": 1,
        "security-group": 2,  # likewise
        "security-group-rule": 4,
        "key-pair": 1,
        "instance": 1,
        "eip": 2,
        "eip-association": 1,
        "nat-gateway": 1,
        "volume": 1,
        "volume-attachment": 1,
        "snapshot": 1,
        "lifecycle-policy": 1,
    }
    assert planned(stack.preview()) == {}
    stack.destroy()
    assert rig.records() == 0
