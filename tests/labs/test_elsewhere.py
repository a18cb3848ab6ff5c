"""The components in another team's program, and the pair in that team's VPC, with its server public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
from pulumi import automation as auto

from components.firewall import Firewall
from components.mysql_client import MySqlClient
from components.mysql_server import MySqlServer
from components.network import Network
from lab.engine import environment
from lab.machine import slots
from lab.settings import Lab
from tests.lab.conftest import Pair, lab_command
from tests.lab.test_reach import from_machine

NAME = "given"


def program(lab: Lab) -> None:
    """Make a network, and a server and a client of that team's own in it."""
    slot = slots.claim(lab)
    prefix = slot.vpc_cidr.rsplit(".", 2)[0]
    network = Network(
        "net",
        {
            "vpc_cidr": slot.vpc_cidr,
            "server_subnet_cidr": f"{prefix}.0.0/24",
            "public_subnet_cidrs": [f"{prefix}.1.0/24", f"{prefix}.2.0/24"],
            "private_subnet_cidrs": [f"{prefix}.3.0/24", f"{prefix}.4.0/24"],
            "server_public": False,
            "nat_gateway": True,
        },
    )
    operators = [f"{slot.machine_address}/32"]
    firewall = Firewall(
        "fire",
        {
            "vpc_id": network.vpc_id,
            "operator_cidrs": operators,
            "jump_to_server": True,
            "extra_egress": [{"cidr": slot.vpc_cidr, "protocol": "tcp", "from_port": 3306, "to_port": 3306}],
        },
    )
    pair = aws.ec2.KeyPair("key", public_key=lab_key(lab, ".pub"))
    first_subnet = network.public_subnet_ids.apply(lambda found: found[0])
    private_key = pulumi.Output.secret(lab_key(lab, ""))
    client = MySqlClient(
        "reader",
        {
            "instance_type": "t3.micro",
            "subnet_id": first_subnet,
            "security_group_ids": [firewall.client_group_id, firewall.jump_group_id],
            "key_name": pair.key_name,
            "public": True,
            "private_key": private_key,
            "network_ready": [network, firewall],
        },
    )
    server = MySqlServer(
        "store",
        {
            "instance_type": "t3.micro",
            "subnet_id": network.server_subnet_id,
            "security_group_ids": [firewall.server_group_id],
            "key_name": pair.key_name,
            "public": False,
            "jump": client.host,
            "private_key": private_key,
            "network_ready": [network, firewall],
            "settings": {"max_connections": 44},
        },
    )
    client.trust(server)
    pulumi.export("vpc_id", network.vpc_id)
    pulumi.export("public_subnet_ids", network.public_subnet_ids)
    pulumi.export("client_group_id", firewall.client_group_id)
    pulumi.export("mysql_host", server.mysql_host)
    pulumi.export("mysql_version", server.mysql_version)
    pulumi.export("ca_certificate", server.ca_certificate)


def lab_key(lab: Lab, suffix: str) -> str:
    """Return the lab operator's private key, or with ".pub" its public half."""
    return (lab.folder / f"operator-key{suffix}").read_text().strip() + "\n"


@dataclass(frozen=True)
class Elsewhere:
    """The other team's stack, and the pair in its VPC."""

    stack: auto.Stack
    pair: Pair

    def output(self, name: str) -> object:
        return self.stack.outputs()[name].value


@contextmanager
def other_team(lab: Lab, folder: Path) -> Iterator[auto.Stack]:
    """Bring the other team's stack up, and destroy it at the end."""
    stack = auto.create_or_select_stack(
        stack_name="elsewhere",
        project_name="elsewhere",
        program=lambda: program(lab),
        opts=auto.LocalWorkspaceOptions(
            work_dir=str(folder),
            env_vars=environment.variables(lab),
            pulumi_command=auto.PulumiCommand(str(lab.bin.parent)),
        ),
    )
    stack.set_config("aws:region", auto.ConfigValue("eu-central-1"))
    try:
        stack.up()
        yield stack
    finally:
        stack.destroy(remove=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Both stacks, up in a lab of their own."""
    assert lab_command("setup", name=NAME).returncode == 0
    pair = Pair(Lab.named(NAME))
    try:
        with other_team(pair.lab, tmp_path_factory.mktemp("elsewhere")) as stack:
            outputs = {name: output.value for name, output in stack.outputs().items()}
            one, two = outputs["public_subnet_ids"]
            config = {
                "vpcId": outputs["vpc_id"],
                "serverSubnetId": two,
                "serverPublic": True,
                "clients": [{"name": "client", "subnetId": one}],
                "admittedSecurityGroupIds": [outputs["client_group_id"]],
            }
            pair.configure(config, without=["vpcCidr"])
            pair.up()
            yield Elsewhere(stack, pair)
            pair.pulumi("destroy", "--yes", "--skip-preview")
    finally:
        lab_command("down", name=NAME)


@pytest.mark.timeout(600)
def test_the_components_make_a_server_in_another_program(elsewhere: Elsewhere) -> None:
    assert str(elsewhere.output("mysql_version"))[0].isdigit()
    assert "BEGIN CERTIFICATE" in str(elsewhere.output("ca_certificate"))


def test_the_pair_lives_in_the_vpc_that_was_there(elsewhere: Elsewhere) -> None:
    outputs = elsewhere.pair.outputs()
    prefix = str(elsewhere.output("mysql_host")).rsplit(".", 2)[0]
    assert outputs["mysql_host"] == f"{prefix}.2.10"
    assert outputs["client_private_ips"][0].startswith(f"{prefix}.1.")
    assert elsewhere.pair.connects("client-1", outputs["mysql_host"], 3306)
    assert elsewhere.pair.unchanged()


def test_a_public_servers_port_22_is_the_operators_and_3306_is_not(elsewhere: Elsewhere) -> None:
    address = elsewhere.pair.outputs()["server_public_ip"]
    assert from_machine(address, 22) == "open"
    assert from_machine(address, 3306) == "no answer"
    assert elsewhere.pair.outputs().get("jump_host") is None


def test_another_teams_clients_are_admitted_by_their_group(elsewhere: Elsewhere) -> None:
    address = elsewhere.pair.outputs()["mysql_host"]
    probe = ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{address}/3306"]
    assert lab_command("exec", "reader", "--", *probe, name=NAME).returncode == 0


def test_making_the_server_private_keeps_it(elsewhere: Elsewhere) -> None:
    """Another team's subnets have their own routes; the address alone goes, and with it the way from outside."""
    pair = elsewhere.pair
    before = pair.outputs()
    with pair.configured(serverPublic=False):
        planned = pair.planned()
        assert planned["server-address"] == "delete"
        assert "server-instance" not in planned
    assert pair.outputs() == before
