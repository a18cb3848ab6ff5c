"""EC2's operations as a user meets them: addresses, refusals, deletion, kills, many calls at once."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lab.cloud import catalog
from lab.cloud.ec2 import Ec2
from lab.cloud.model import (
    KINDS,
    Eip,
    EipAssociation,
    Instance,
    InternetGateway,
    KeyPair,
    NatGateway,
    Record,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.rules import AwsError
from lab.cloud.store import Store
from lab.settings import LabError
from lab.tests.unit.ec2_world import IMAGE, KEY, World, make

CALL: dict[str, Any] = {"urn": "urn:pulumi:t::p::aws:ec2/x:X::name", "client_token": "token"}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    return make(tmp_path / "t")


def code_of(ask: Callable[[], object]) -> str:
    with pytest.raises(AwsError) as refusal:
        ask()
    return refusal.value.code


def rule(world: World, port: int = 22, cidr: str = "10.0.0.0/8") -> SecurityGroupRule:
    return SecurityGroupRule("", world.group.id, "ingress", "tcp", port, port, cidr)


# A VPC and what is in it


def test_a_vpc_is_born_with_a_main_table_and_a_default_group_and_takes_them_along(world: World) -> None:
    assert world.ec2.main_route_table(world.vpc.id)
    assert world.ec2.default_group(world.vpc.id)
    world.ec2.delete(SecurityGroup, world.group.id)
    world.ec2.delete(Subnet, world.subnet.id)
    world.ec2.delete(Vpc, world.vpc.id)
    assert [record for kind in KINDS.values() for record in world.store.all(kind)] == []
    assert world.plane.calls[-1] == ("refresh", world.vpc.id)


def test_a_subnet_does_not_overlap_another(world: World) -> None:
    wanted = Subnet("", world.vpc.id, "10.0.0.0/20", "eu-central-1a")
    assert code_of(lambda: world.ec2.create(wanted, "subnet")) == "InvalidSubnet.Conflict"


def test_names_and_rules_are_there_once(world: World) -> None:
    world.ec2.create(rule(world), "sgr")
    key = world.ec2.create(KeyPair("key", KEY, "", ""))
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    route = Route("r-1", table.id, "0.0.0.0/0", gateway.id, urn="one", client_token="one")
    world.ec2.create(route)
    group = SecurityGroup("", world.vpc.id, "hosts", "again")
    association = RouteTableAssociation("", table.id, world.subnet.id)
    world.ec2.create(association, "rtbassoc")
    assert key.key_pair_id.startswith("key-")
    assert code_of(lambda: world.ec2.create(replace(rule(world), description="2"), "sgr")) == (
        "InvalidPermission.Duplicate"
    )
    assert code_of(lambda: world.ec2.create(KeyPair("key", KEY, "", ""))) == "InvalidKeyPair.Duplicate"
    assert code_of(lambda: world.ec2.create(replace(route, urn="two"))) == "RouteAlreadyExists"
    assert code_of(lambda: world.ec2.create(group, "sg")) == "InvalidGroup.Duplicate"
    assert code_of(lambda: world.ec2.create(association, "rtbassoc")) == "Resource.AlreadyAssociated"


def test_what_a_record_names_must_exist(world: World) -> None:
    asked: list[tuple[Record, str]] = [
        (Subnet("", "vpc-0", "10.0.9.0/24", "a"), "InvalidVpcID.NotFound"),
        (Route("r", world.ec2.main_route_table(world.vpc.id), "0.0.0.0/0", "igw-0"),
         "InvalidInternetGatewayID.NotFound"),
        (replace(rule(world), security_group_id="sg-0"), "InvalidGroup.NotFound"),
        (replace(rule(world), cidr_ipv4="", referenced_security_group_id="sg-0"), "InvalidGroup.NotFound"),
        (EipAssociation("", "eipalloc-0", "i-0"), "InvalidAllocationID.NotFound"),
        (Route("r", world.ec2.main_route_table(world.vpc.id), "0.0.0.0/0"), "MissingParameter"),
    ]  # fmt: skip
    for record, code in asked:
        assert code_of(lambda record=record: world.ec2.create(record, "x")) == code  # type: ignore[misc]
    assert code_of(lambda: world.run(key_name="nobody")) == "InvalidKeyPair.NotFound"
    assert code_of(lambda: world.run(subnet_id="subnet-0")) == "InvalidSubnetID.NotFound"


def test_a_group_of_another_vpc_is_refused(world: World) -> None:
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    stranger = world.ec2.default_group(other.id)
    assert code_of(lambda: world.run(security_group_ids=(stranger,))) == "InvalidParameter"


def test_nothing_that_is_in_use_is_deleted(world: World) -> None:
    world.run()
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    world.ec2.create(RouteTableAssociation("", table.id, world.subnet.id), "rtbassoc")
    for kind, record_id in (
        (SecurityGroup, world.group.id),
        (Subnet, world.subnet.id),
        (Vpc, world.vpc.id),
        (InternetGateway, gateway.id),
        (RouteTable, table.id),
    ):
        assert code_of(lambda k=kind, i=record_id: world.ec2.delete(k, i)) == "DependencyViolation"  # type: ignore[misc]


def test_a_group_that_another_groups_rule_names_is_not_deleted(world: World) -> None:
    clients = world.ec2.create(SecurityGroup("", world.vpc.id, "clients", "clients"), "sg")
    reach = replace(rule(world), cidr_ipv4="", referenced_security_group_id=clients.id)
    reach = world.ec2.create(reach, "sgr")
    assert code_of(lambda: world.ec2.delete(SecurityGroup, clients.id)) == "DependencyViolation"
    world.ec2.delete(SecurityGroup, world.group.id)  # its own rules go with it
    world.ec2.delete(SecurityGroup, clients.id)
    assert world.store.find(SecurityGroupRule, reach.id) is None


def test_what_is_gone_is_deleted_again_without_complaint(world: World) -> None:
    world.ec2.delete(Subnet, "subnet-0")
    world.ec2.terminate("i-0")


def test_every_change_is_in_force_when_the_call_returns(world: World) -> None:
    instance = world.run()
    address = world.ec2.create(Eip("", ""), "eipalloc")
    changes: list[Callable[[], object]] = [
        lambda: world.ec2.create(rule(world), "sgr"),
        lambda: world.ec2.update(replace(world.store.all(SecurityGroupRule)[0], description="new")),
        lambda: world.ec2.create(InternetGateway("", world.vpc.id), "igw"),
        lambda: world.ec2.create(EipAssociation("", address.id, instance.id), "eipassoc"),
        lambda: world.ec2.modify(replace(world.again(instance), security_group_ids=())),
        lambda: world.ec2.terminate(instance.id),
    ]
    for change in changes:
        world.plane.calls.clear()
        change()
        assert ("refresh", world.vpc.id) in world.plane.calls


def test_a_moved_gateway_is_out_of_force_where_it_was(world: World) -> None:
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    world.plane.calls.clear()
    world.ec2.update(replace(gateway, vpc_id=other.id))
    assert set(world.plane.calls) == {("refresh", world.vpc.id), ("refresh", other.id)}


def test_what_the_machine_refuses_leaves_no_record(world: World) -> None:
    world.plane.refuse = {"refresh"}
    with pytest.raises(LabError, match="the machine refused to refresh"):
        world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    with pytest.raises(LabError):
        world.ec2.delete(SecurityGroup, world.group.id)
    assert world.store.all(Vpc) == [world.vpc]
    assert world.store.find(SecurityGroup, world.group.id) == world.group
    assert len(world.store.all(RouteTable)) == 1


# NAT gateways


def nat_gateway(world: World) -> tuple[NatGateway, InternetGateway, Eip]:
    """Make a NAT gateway in the subnet, and what it needs."""
    gateway = world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    address = world.ec2.create(Eip("", ""), "eipalloc")
    return world.ec2.create(NatGateway("", world.subnet.id, address.id), "nat"), gateway, address


def test_a_nat_gateway_takes_an_address_of_its_subnet(world: World) -> None:
    nat, _, _ = nat_gateway(world)
    assert nat.private_ip == "10.0.1.4"
    assert world.run().private_ip == "10.0.1.5"
    assert code_of(lambda: world.run(private_ip=nat.private_ip)) == "InvalidIPAddress.InUse"
    address = world.ec2.create(Eip("", ""), "eipalloc")
    asked = NatGateway("", world.subnet.id, address.id, "10.0.1.5")
    assert code_of(lambda: world.ec2.create(asked, "nat")) == "InvalidIPAddress.InUse"
    assert world.ec2.create(replace(asked, private_ip="10.0.1.9"), "nat").private_ip == "10.0.1.9"


def test_what_a_nat_gateway_asks_for_must_be_there_and_free(world: World) -> None:
    address = world.ec2.create(Eip("", ""), "eipalloc")
    wanted = NatGateway("", world.subnet.id, address.id)
    assert code_of(lambda: world.ec2.create(wanted, "nat")) == "Gateway.NotAttached"
    world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    assert code_of(lambda: world.ec2.create(replace(wanted, subnet_id="subnet-0"), "nat")) == "InvalidSubnetID.NotFound"
    assert code_of(lambda: world.ec2.create(replace(wanted, allocation_id="eipalloc-0"), "nat")) == (
        "InvalidAllocationID.NotFound"
    )
    association = world.ec2.create(EipAssociation("", address.id, world.run().id), "eipassoc")
    assert code_of(lambda: world.ec2.create(wanted, "nat")) == "Resource.AlreadyAssociated"
    world.ec2.delete(EipAssociation, association.id)
    nat = world.ec2.create(wanted, "nat")
    assert code_of(lambda: world.ec2.create(wanted, "nat")) == "Resource.AlreadyAssociated"
    taken = EipAssociation("", address.id, world.run().id)
    assert code_of(lambda: world.ec2.create(taken, "eipassoc")) == "Resource.AlreadyAssociated"
    world.ec2.update(replace(nat, tags={"a": "b"}))  # it does not stand in its own way


def test_what_a_nat_gateway_holds_on_to_is_not_deleted_before_it(world: World) -> None:
    nat, gateway, address = nat_gateway(world)
    assert code_of(lambda: world.ec2.delete(Eip, address.id)) == "InvalidIPAddress.InUse"
    assert code_of(lambda: world.ec2.delete(Subnet, world.subnet.id)) == "DependencyViolation"
    assert code_of(lambda: world.ec2.delete(InternetGateway, gateway.id)) == "DependencyViolation"
    world.ec2.delete(NatGateway, nat.id)
    world.ec2.delete(Eip, address.id)
    world.ec2.delete(Subnet, world.subnet.id)
    world.ec2.delete(InternetGateway, gateway.id)


def test_a_route_to_a_nat_gateway_stays_when_it_is_gone(world: World) -> None:
    nat, _, _ = nat_gateway(world)
    table = world.ec2.create(RouteTable("", world.vpc.id), "rtb")
    route = world.ec2.create(Route("r-1", table.id, "0.0.0.0/0", nat_gateway_id=nat.id))
    world.plane.calls.clear()
    world.ec2.delete(NatGateway, nat.id)
    assert world.plane.calls == [("refresh", world.vpc.id)]
    assert world.store.find(Route, route.id) == route
    gone = replace(route, id="r-2", destination_cidr_block="192.0.2.0/24")
    assert code_of(lambda: world.ec2.create(gone)) == "InvalidNatGatewayID.NotFound"


def test_a_route_does_not_lead_to_another_vpcs_gateway(world: World) -> None:
    nat, gateway, _ = nat_gateway(world)
    other = world.ec2.create(Vpc("", "10.9.0.0/16"), "vpc")
    table = world.ec2.main_route_table(other.id)
    for route in (
        Route("r-1", table, "0.0.0.0/0", gateway.id),
        Route("r-1", table, "0.0.0.0/0", nat_gateway_id=nat.id),
        Route("r-1", table, "0.0.0.0/0", world.ec2.create(InternetGateway(""), "igw").id),
    ):
        with pytest.raises(AwsError, match="belong to different networks"):
            world.ec2.create(route)


def test_a_route_leads_from_one_gateway_to_another_in_place(world: World) -> None:
    nat, gateway, _ = nat_gateway(world)
    table = world.ec2.main_route_table(world.vpc.id)
    route = world.ec2.create(Route("r-1", table, "0.0.0.0/0", gateway.id, **CALL))
    world.plane.calls.clear()
    world.ec2.update(replace(route, gateway_id="", nat_gateway_id=nat.id))
    assert world.plane.calls == [("refresh", world.vpc.id)]


def test_a_subnet_changes_its_route_table_in_place(world: World) -> None:
    first, second = (world.ec2.create(RouteTable("", world.vpc.id), "rtb") for _ in range(2))
    association = world.ec2.create(RouteTableAssociation("", first.id, world.subnet.id), "rtbassoc")
    world.plane.calls.clear()
    world.ec2.update(replace(association, route_table_id=second.id))
    assert world.plane.calls == [("refresh", world.vpc.id)]
    world.ec2.delete(RouteTable, first.id)
    assert code_of(lambda: world.ec2.delete(RouteTable, second.id)) == "DependencyViolation"


# Images


def test_a_newer_image_is_beside_the_older_ones_and_boots_too(world: World) -> None:
    machine = catalog.machine_architecture()
    assert world.ec2.images(machine) == [IMAGE]
    unpublished = catalog.image_id(machine, 1)
    assert code_of(lambda: world.run(ami=unpublished)) == "InvalidAMIID.NotFound"
    first, second = (world.ec2.publish_images() for _ in range(2))
    assert len({*first, *second}) == 4
    for architecture in catalog.IMAGES:
        ids = world.ec2.images(architecture)
        assert ids == sorted(ids)
        assert [catalog.image_architecture(one) for one in ids] == [architecture] * 3
    for image in world.ec2.images(machine):
        assert world.again(world.run(ami=image)).ami == image


# Instances and their addresses


def test_a_fixed_private_address_is_given_once(world: World) -> None:
    world.run(private_ip="10.0.1.50")
    assert code_of(lambda: world.run(private_ip="10.0.1.50")) == "InvalidIPAddress.InUse"
    assert code_of(lambda: world.run(private_ip="10.0.1.3")) == "InvalidParameterValue"


def test_an_instance_without_groups_is_in_the_default_one(world: World) -> None:
    assert world.run(security_group_ids=()).security_group_ids == (world.ec2.default_group(world.vpc.id),)


def test_a_public_address_changes_with_stop_and_start_and_the_private_one_stays(world: World) -> None:
    before = world.run()
    world.ec2.stop(before.id)
    assert world.again(before).auto_public_ip == ""
    world.ec2.start(before.id)
    after = world.again(before)
    assert after.auto_public_ip not in ("", before.auto_public_ip)
    assert after.private_ip == before.private_ip


def test_addresses_stay_over_a_reboot(world: World) -> None:
    before = world.run()
    world.ec2.reboot(before.id)
    assert world.again(before) == before


def test_an_elastic_ip_stays_and_takes_the_place_of_the_automatic_address(world: World) -> None:
    instance = world.run()
    address = world.ec2.create(Eip("", ""), "eipalloc")
    association = world.ec2.create(EipAssociation("", address.id, instance.id), "eipassoc")
    assert world.again(instance).auto_public_ip == ""
    assert world.ec2.public_ip(world.again(instance)) == address.public_ip
    world.ec2.stop(instance.id)
    world.ec2.start(instance.id)
    assert world.ec2.public_ip(world.again(instance)) == address.public_ip
    assert code_of(lambda: world.ec2.delete(Eip, address.id)) == "InvalidIPAddress.InUse"
    world.ec2.delete(EipAssociation, association.id)
    assert world.again(instance).auto_public_ip not in ("", instance.auto_public_ip, address.public_ip)


def test_an_elastic_ip_moves_to_the_instance_that_asks_last(world: World) -> None:
    first, second = world.run(), world.run()
    address = world.ec2.create(Eip("", ""), "eipalloc")
    old = world.ec2.create(EipAssociation("", address.id, first.id), "eipassoc")
    new = world.ec2.create(EipAssociation("", address.id, second.id), "eipassoc")
    assert world.store.all(EipAssociation) == [new]
    assert world.ec2.public_ip(world.again(second)) == address.public_ip
    assert world.again(first).auto_public_ip not in ("", address.public_ip)
    world.ec2.delete(EipAssociation, old.id)  # the engine deletes the replaced one last
    assert world.ec2.public_ip(world.again(second)) == address.public_ip


def test_new_user_data_stops_and_starts_and_a_tag_does_not(world: World) -> None:
    instance = world.run()
    world.plane.calls.clear()
    tagged = world.ec2.modify(replace(instance, tags={"a": "b"}))
    assert {verb for verb, _ in world.plane.calls} == {"refresh"}
    assert tagged.auto_public_ip == instance.auto_public_ip
    changed = world.ec2.modify(replace(tagged, user_data="#cloud-config\n"), restart=True)
    assert [verb for verb, _ in world.plane.calls if verb != "refresh"] == ["stop", "start"]
    assert changed.auto_public_ip not in ("", instance.auto_public_ip)
    assert world.again(instance).user_data == "#cloud-config\n"


def test_an_instance_outlives_its_key_pair_and_can_still_be_changed(world: World) -> None:
    world.ec2.create(KeyPair("key", KEY, "", ""))
    instance = world.run(key_name="key")
    world.ec2.delete(KeyPair, "key")
    changed = world.ec2.modify(replace(instance, tags={"a": "b"}))
    assert (changed.key_name, changed.tags) == ("key", {"a": "b"})


def test_an_update_killed_between_stop_and_start_ends_running_when_repeated(world: World) -> None:
    instance = world.run()
    wanted = replace(instance, user_data="#cloud-config\n")
    world.plane.refuse = {"start"}
    with pytest.raises(LabError):
        world.ec2.modify(wanted, restart=True)
    world.plane.refuse = set()
    world.ec2.modify(wanted, restart=True)
    assert world.plane.state(instance.id) == "running"


def test_termination_protection_holds_until_it_is_taken_away(world: World) -> None:
    instance = world.run(disable_api_termination=True)
    assert code_of(lambda: world.ec2.terminate(instance.id)) == "OperationNotPermitted"
    assert world.plane.state(instance.id) == "running"
    world.ec2.modify(replace(instance, disable_api_termination=False))
    world.ec2.terminate(instance.id)
    assert world.plane.state(instance.id) == "gone"


def test_a_host_leaves_its_network_while_nobody_else_makes_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = world.run()
    detached: list[str] = []

    def detach(instance_id: str) -> None:
        with (world.store.folder / "lock").open() as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        detached.append(instance_id)

    monkeypatch.setattr(world.plane, "detach", detach)
    world.ec2.terminate(instance.id)
    assert detached == [instance.id]


def test_stop_protection_holds(world: World) -> None:
    instance = world.run(options={"disableApiStop": True})
    assert code_of(lambda: world.ec2.stop(instance.id)) == "OperationNotPermitted"
    assert world.plane.state(instance.id) == "running"


def test_a_host_that_does_not_boot_leaves_neither_host_nor_record(world: World) -> None:
    world.plane.refuse = {"launch"}
    with pytest.raises(LabError, match="refused to launch"):
        world.run(private_ip="10.0.1.50")
    assert world.store.all(Instance) == []
    world.plane.refuse = set()
    assert world.run(private_ip="10.0.1.50").private_ip == "10.0.1.50"


def test_a_host_taken_away_behind_the_engines_back_gives_its_address_back(world: World) -> None:
    lost = world.run(private_ip="10.0.1.50", **CALL)
    del world.plane.hosts[lost.id]
    assert world.ec2.find_instance(lost.id) is None
    world.engine_writes_down()  # as after a refresh
    successor = world.run(private_ip="10.0.1.50", **CALL)
    assert successor.id != lost.id  # else nothing would provision the new host


def test_a_lost_hosts_fixed_address_is_free_for_the_next_that_asks(world: World) -> None:
    lost = world.run(private_ip="10.0.1.50")
    del world.plane.hosts[lost.id]
    assert world.run(private_ip="10.0.1.50").private_ip == "10.0.1.50"


def test_a_fixed_address_written_down_by_a_killed_run_is_free_for_its_successor(world: World) -> None:
    world.engine_writes_down()
    killed = replace(world.run(private_ip="10.0.1.50", **CALL), launched=False)
    world.store.put(killed)
    del world.plane.hosts[killed.id]
    successor = world.run(private_ip="10.0.1.50", urn=CALL["urn"], client_token="edited since")
    assert [one.id for one in world.store.all(Instance)] == [successor.id]


def test_an_instance_that_is_about_to_boot_keeps_its_address(world: World) -> None:
    booting = replace(world.run(private_ip="10.0.1.50", urn="other"), launched=False)
    world.store.put(booting)
    del world.plane.hosts[booting.id]
    assert code_of(lambda: world.run(private_ip="10.0.1.50", **CALL)) == "InvalidIPAddress.InUse"


# A run that was killed


def test_a_create_repeated_after_a_kill_makes_nothing_twice(world: World) -> None:
    world.engine_writes_down()
    vpc = world.ec2.create(Vpc("", "10.9.0.0/16", **CALL), "vpc")
    assert world.ec2.create(Vpc("", "10.9.0.0/16", **CALL), "vpc") == vpc
    address = world.ec2.create(Eip("", "", **CALL), "eipalloc")
    assert world.ec2.create(Eip("", "", **CALL), "eipalloc") == address
    instance = world.run(**CALL)
    assert world.run(**CALL).id == instance.id
    world.ec2.create(InternetGateway("", world.vpc.id), "igw")
    nat = world.ec2.create(NatGateway("", world.subnet.id, address.id, **CALL), "nat")
    assert world.ec2.create(NatGateway("", world.subnet.id, address.id, **CALL), "nat") == nat
    assert len(world.plane.hosts) == 1
    assert len(world.store.all(RouteTable)) == 2


def test_a_name_that_pulumi_made_up_anew_takes_the_old_ones_place(world: World) -> None:
    world.engine_writes_down()
    group = world.ec2.create(SecurityGroup("", world.vpc.id, "app-1111111", "d", **CALL), "sg")
    again = world.ec2.create(SecurityGroup("", world.vpc.id, "app-2222222", "d", **CALL), "sg")
    world.ec2.create(KeyPair("key-1111111", KEY, "", "", **CALL))
    world.ec2.create(KeyPair("key-2222222", KEY, "", "", **CALL))
    assert (again.id, again.name) == (group.id, "app-2222222")
    assert [key.id for key in world.store.all(KeyPair)] == ["key-2222222"]


def test_a_launch_killed_before_the_boot_is_seen_to_its_end(world: World) -> None:
    world.engine_writes_down()
    killed = replace(world.run(**CALL), launched=False)
    world.store.put(killed)
    del world.plane.hosts[killed.id]
    survivor = world.run(**CALL)
    assert list(world.plane.hosts) == [survivor.id]
    assert [instance.id for instance in world.store.all(Instance)] == [survivor.id]


def test_a_replacement_is_a_second_one_even_with_equal_inputs(world: World) -> None:
    first = world.run(**CALL)
    world.engine_writes_down(first.id)
    assert world.run(**CALL).id != first.id  # pulumi up --target-replace


def test_a_record_left_with_other_inputs_is_let_be(world: World) -> None:
    world.engine_writes_down()
    retained = world.run(**CALL)
    other = world.run(urn=CALL["urn"], client_token="other")
    assert set(world.plane.hosts) == {retained.id, other.id}


def test_a_backend_that_cannot_be_read_is_taken_to_know_everything(world: World) -> None:
    first = world.run(**CALL)  # no checkpoint was ever written
    assert world.run(**CALL).id != first.id


# Many calls at once


def test_parallel_calls_never_give_one_address_twice(world: World) -> None:
    """Two provider processes, eight calls each at once: their locks are each other's."""
    others = Ec2(world.lab, Store(world.lab.cloud), world.plane)
    with ThreadPoolExecutor(16) as pool:
        done = [
            pool.submit((world.ec2 if turn % 2 else others).run, world.instance(tags={"n": str(turn)}))
            for turn in range(16)
        ]
        addresses = [pool.submit(world.ec2.create, Eip("", ""), "eipalloc") for _ in range(8)]
        instances = [one.result() for one in done]
        elastic = [one.result() for one in addresses]
    public = [one.auto_public_ip for one in instances] + [one.public_ip for one in elastic]
    assert len(set(public)) == 24
    assert len({one.private_ip for one in instances}) == 16
    assert all(world.again(one).ami == IMAGE for one in instances)


def test_hosts_boot_side_by_side(world: World) -> None:
    """A launch that takes its time does not hold up another, nor the rules of a group."""
    world.plane.before_launch.clear()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(world.run)
        world.ec2.create(rule(world), "sgr")
        assert not slow.done()
        world.plane.before_launch.set()
        assert slow.result().launched
