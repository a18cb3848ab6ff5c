"""components/mysql/load_balancer.py: what `loadBalancer` puts before a group of servers."""

from __future__ import annotations

import json

import pytest

from scripts.host.mysql.spec import CertificateSpec
from tests.unit.program.program_run import Run, plain, run_with
from tests.unit.program.test_reach import EGRESS, INGRESS, rules

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
TARGET = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
NAME = "load-balancer-1a2b3c.elb.eu-central-1.amazonaws.com"
MEMBERS = {"server": "10.20.0.10", "server-2": "10.20.64.10", "server-3": "10.20.80.10"}
ADMITTED = {"admittedSecurityGroupIds": '["sg-0a1b2c3d"]', "admittedCidrs": '["10.40.0.0/16"]'}


@pytest.fixture
def balanced() -> Run:
    return run_with(servers="3", loadBalancer="true", **ADMITTED)


def test_it_is_internal_and_every_zone_of_the_servers_leads_to_every_member(balanced: Run) -> None:
    (made,) = balanced.inputs(BALANCER).values()
    assert (made["internal"], made["loadBalancerType"], made["enableCrossZoneLoadBalancing"]) == (True, "network", True)
    assert made["subnets"] == [f"network-private-{zone}-id" for zone in (1, 2, 3)], "no address of a member's subnet"
    assert made["securityGroups"] == ["firewall-balancer-id"]


@pytest.mark.parametrize(("part", "port", "path"), [("writes", 3310, "/primary"), ("reads", 3311, "/reader")])
def test_each_port_leads_to_the_members_that_say_yes_and_clients_keep_their_addresses(
    part: str, port: int, path: str
) -> None:
    balanced = run_with(servers="3", loadBalancer="true", mysqlPort="3310")
    name = f"load-balancer-{part}"
    listener, group = balanced.inputs(LISTENER)[name], balanced.inputs(GROUP)[name]
    assert (listener["port"], listener["protocol"], listener["loadBalancerArn"]) == (port, "TCP", "load-balancer-arn")
    assert listener["defaultActions"] == [{"type": "forward", "targetGroupArn": f"{name}-arn"}]
    assert (group["port"], group["protocol"], group["targetType"], group["preserveClientIp"]) == (
        3310,
        "TCP",
        "ip",
        "true",
    )
    check = group["healthCheck"]
    assert (check["protocol"], check["port"], check["path"], check["matcher"]) == ("HTTP", "33065", path, "200")
    assert group["targetHealthStates"] == [{"enableUnhealthyConnectionTermination": True}]
    targets = {made: target for made, target in balanced.inputs(TARGET).items() if made.startswith(name)}
    assert {made: (target["targetId"], target["port"]) for made, target in targets.items()} == {
        f"{name}-{member}": (address, 3310) for member, address in MEMBERS.items()
    }
    assert {target["targetGroupArn"] for target in targets.values()} == {f"{name}-arn"}


def test_its_name_is_in_every_members_certificate_and_among_the_outputs(balanced: Run) -> None:
    assert balanced.outputs["load_balancer_host"] == NAME
    for member, address in MEMBERS.items():
        told = balanced.spec(f"{member}-certificate", CertificateSpec)
        assert told.addresses == (address, "127.0.0.1") and told.names[-2:] == ("localhost", NAME)
    assert balanced.outputs["mysql_host"] == "127.0.0.1", "client hosts of the stack have their proxies"


def test_who_reaches_mysql_reaches_it_and_it_reaches_the_servers(balanced: Run) -> None:
    plain_group = run_with(servers="3", **ADMITTED)
    more = set(rules(balanced, INGRESS)) - set(rules(plain_group, INGRESS))
    clients = {("balancer", port, who) for port in (3306, 3307) for who in ("client", "sg-0a1b2c3d", "10.40.0.0/16")}
    assert more == clients | {("server", port, "balancer") for port in (3306, 33065)}
    out = set(rules(balanced, EGRESS)) - set(rules(plain_group, EGRESS))
    assert out == {
        *(("client", port, "balancer") for port in (3306, 3307)),
        *(("balancer", port, "server") for port in (3306, 33065)),
    }
    claims = balanced.inputs("aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive")
    assert len(claims["firewall-balancer-rules"]["ingressRuleIds"]) == 6


def test_without_it_a_group_has_none_of_this() -> None:
    group = run_with(servers="3")
    assert group.outputs["load_balancer_host"] is None
    assert not any(made.typ.startswith("aws:lb/") for made in group.seen.resources)
    assert group.spec("server-certificate", CertificateSpec).names[-1] == "localhost"


def test_in_a_vpc_that_is_there_it_has_one_subnet_of_the_servers_in_each_zone() -> None:
    there = {
        "vpcId": "vpc-0a1b2c3d",
        "serverSubnetIds": json.dumps([f"subnet-0a1b2c3{end}" for end in "def"]),
        "serverPrivateIps": '["10.20.7.10", "10.20.7.11", "10.20.7.12"]',
        "clients": '[{"name": "client", "subnetId": "subnet-0a1b2c3e"}]',
    }
    made = run_with(servers="3", loadBalancer="true", **there)
    (balancer,) = plain(made.inputs(BALANCER)).values()
    assert balancer["subnets"] == ["subnet-0a1b2c3d"], "the engine's stand-in has all subnets in one zone"
