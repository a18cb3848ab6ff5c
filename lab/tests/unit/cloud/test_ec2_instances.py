"""EC2's operations on images and instances: addresses, protection, stop and start, lost hosts."""

from __future__ import annotations

import fcntl
from dataclasses import replace

import pytest

from lab.cloud import catalog
from lab.cloud.model import (
    Eip,
    EipAssociation,
    Instance,
    KeyPair,
)
from lab.settings import LabError
from lab.tests.unit.ec2_world import CALL, IMAGE, KEY, World, code_of

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
        assert [catalog.image_architecture(image) for image in ids] == [architecture] * 3
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
    spec = replace(instance, user_data="#cloud-config\n")
    world.plane.refuse = {"start"}
    with pytest.raises(LabError):
        world.ec2.modify(spec, restart=True)
    world.plane.refuse = set()
    world.ec2.modify(spec, restart=True)
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
    assert [record.id for record in world.store.all(Instance)] == [successor.id]


def test_an_instance_that_is_about_to_boot_keeps_its_address(world: World) -> None:
    booting = replace(world.run(private_ip="10.0.1.50", urn="other"), launched=False)
    world.store.put(booting)
    del world.plane.hosts[booting.id]
    assert code_of(lambda: world.run(private_ip="10.0.1.50", **CALL)) == "InvalidIPAddress.InUse"
