"""EC2's operations after a run that was killed, and many of them at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lab.cloud.ec2 import Ec2
from lab.cloud.model import (
    Eip,
    Instance,
    InternetGateway,
    KeyPair,
    NatGateway,
    RouteTable,
    SecurityGroup,
    Vpc,
)
from lab.cloud.store import Store
from lab.tests.unit.ec2_world import CALL, IMAGE, KEY, World, rule


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
        instances = [future.result() for future in done]
        elastic = [future.result() for future in addresses]
    public = [record.auto_public_ip for record in instances] + [record.public_ip for record in elastic]
    assert len(set(public)) == 24
    assert len({record.private_ip for record in instances}) == 16
    assert all(world.again(record).ami == IMAGE for record in instances)


def test_hosts_boot_side_by_side(world: World) -> None:
    """A launch that takes its time does not hold up another, nor the rules of a group."""
    world.plane.before_launch.clear()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(world.run)
        world.ec2.create(rule(world), "sgr")
        assert not slow.done()
        world.plane.before_launch.set()
        assert slow.result().launched
