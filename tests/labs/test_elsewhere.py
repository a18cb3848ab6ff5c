"""The components in another team's program, and the pair in that team's VPC, with its server public."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.settings import Lab
from tests.lab.other_project import OtherProject, other_project
from tests.lab.pair import Pair, lab_command, removed
from tests.lab.reach import from_machine

NAME = "given"


@dataclass(frozen=True)
class Elsewhere:
    """The other team's project, up, and the pair in its VPC."""

    project: OtherProject
    pair: Pair


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    """Both stacks, up in a lab of their own."""
    assert lab_command("setup", name=NAME).returncode == 0
    pair = Pair(Lab.named(NAME))
    try:
        with other_project(pair.lab, tmp_path_factory.mktemp("elsewhere"), "elsewhere") as project:
            project.up()
            outputs = project.outputs()
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
            yield Elsewhere(project, pair)
            pair.pulumi("destroy", "--yes", "--skip-preview")
    finally:
        removed(NAME)


def on_store(statement: str) -> str:
    """Run a statement on the other team's server, as its root, and return the rows."""
    done = lab_command("exec", "store", "--", "mysql", "-NBe", statement, name=NAME)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(600)
def test_the_components_make_a_server_in_another_program(elsewhere: Elsewhere) -> None:
    assert elsewhere.project.outputs()["mysql_version"][0].isdigit()
    assert "BEGIN CERTIFICATE" in elsewhere.project.outputs()["ca_certificate"]


@pytest.mark.usefixtures("elsewhere")
def test_a_server_keeps_names_in_lower_case_from_its_first_start_and_has_a_name_of_its_own() -> None:
    made = "create database Shop; create table Shop.Orders (Id int); select @@lower_case_table_names, count(*)"
    assert on_store(f"{made} from SHOP.ORDERS; drop database SHOP") == "1\t0\n"
    presented = "openssl s_client -starttls mysql -connect 127.0.0.1:3306 </dev/null 2>/dev/null"
    command = f"{presented} | openssl x509 -noout -ext subjectAltName"
    shown = lab_command("exec", "store", "--", "sh", "-c", command, name=NAME)
    assert "DNS:store.example.org" in shown.stdout, shown.stderr


def test_the_pair_lives_in_the_vpc_that_was_there(elsewhere: Elsewhere) -> None:
    outputs = elsewhere.pair.outputs()
    prefix = elsewhere.project.outputs()["mysql_host"].rsplit(".", 2)[0]
    assert outputs["mysql_host"].startswith(f"{prefix}.2.")  # EC2 chooses: others may have addresses there
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


@pytest.mark.timeout(600)
def test_a_host_without_a_fixed_address_is_replaced_by_one_that_boots_beside_it_and_takes_the_volume(
    elsewhere: Elsewhere,
) -> None:
    """A volume is attached to one host only: the former one has let go of it before the new one is converged."""
    project, before = elsewhere.project, elsewhere.project.outputs()
    on_store("create database kept; create table kept.kept (n int primary key); insert into kept.kept values (7)")
    (urn,) = [word for word in project.done("stack", "--show-urns").split() if word.endswith("::store-instance")]
    project.done("up", "--yes", "--skip-preview", "--replace", urn)
    after = project.outputs()
    assert after["mysql_host"] != before["mysql_host"], "the former one had its address still"
    assert after["ca_certificate"] == before["ca_certificate"]
    assert on_store("select n from kept.kept") == "7\n"
    assert project.unchanged()
