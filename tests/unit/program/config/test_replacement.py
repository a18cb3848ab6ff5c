"""A change that would take a host away, and not bring it back, is told before anything is touched."""

from __future__ import annotations

from typing import Any

import pytest

import stack_config
from stack_config.aws import Aws, HostFacts
from tests.unit.program.configs import EXISTING, GOOD, SECRET, FakeCloud, messages, texts

OLD, ARM, GONE = "ami-0123456789abcdef0", "ami-0a0a0a0a0a0a0a0a0", "ami-0eeeeeeeeeeeeeeee"
ON_ROOT = GOOD | {"dataVolumeSize": "0"}
"""Config of a server whose data are on its root volume; test_data_volume.py has the other one."""
NO_PROTECTION: dict[str, object] = {"terminationProtection": False}
ON_ARM: dict[str, object] = {"serverInstanceType": "t4g.small"}


def server(image: str = OLD, subnet: str = "subnet-0d0d0d0d", protected: bool = False) -> FakeCloud:
    """Return an AWS in which the server, of x86_64, and a client are there."""
    client = HostFacts(image, "10.20.16.4", "subnet-0d0d0d0d", is_protected=False)
    return FakeCloud(server=(HostFacts(image, "10.20.0.10", subnet, protected), "x86_64"), client_1=(client, "x86_64"))


def is_good(changes: dict[str, object], cloud: FakeCloud) -> bool:
    return bool(stack_config.parse(ON_ROOT | texts(changes), SECRET, cloud))


def test_a_server_of_another_architecture_is_refused_before_the_old_one_is_deleted() -> None:
    told = messages(ON_ROOT | texts({**ON_ARM, **NO_PROTECTION}), cloud=server())
    assert told == [
        "mysql-pair:serverInstanceType: t4g.small is arm64, and the image of server is for x86_64: a host would be "
        "deleted, and not come up again. Choose a type for x86_64, or set serverAmi to an image for arm64, and lose "
        "what is on it"
    ]


def test_a_server_that_is_not_there_yet_may_have_any_architecture() -> None:
    assert is_good(ON_ARM, FakeCloud())
    assert is_good(ON_ARM | NO_PROTECTION | {"serverAmi": ARM}, server())  # made anew, from an image that boots


def test_clients_of_another_architecture_are_refused_too() -> None:
    clients = [{"name": "client", "instanceType": "t4g.small"}, {"name": "app", "instanceType": "t4g.small"}]
    told = messages(ON_ROOT | texts({"clients": clients}), cloud=server())
    assert [line.partition(" and ")[0] for line in told] == ["mysql-pair:clients[0].instanceType: t4g.small is arm64,"]


# what replaces the server, the key that is told
REPLACEMENTS: list[tuple[dict[str, object], FakeCloud, str]] = [
    ({"serverAmi": OLD}, server(image=GONE), "serverAmi"),
    ({"serverPrivateIp": "10.20.0.11"}, server(), "serverPrivateIp"),
    ({"serverSubnetCidr": "10.20.0.0/21"}, server(), "serverSubnetCidr"),
    ({"vpcCidr": "10.99.0.0/16"}, server(), "serverSubnetCidr"),
    (EXISTING, server(), "serverSubnetId"),
]


@pytest.mark.parametrize(("change", "cloud", "key"), REPLACEMENTS)
def test_a_protected_server_is_not_replaced_and_the_way_to_do_it_is_told(
    change: dict[str, Any], cloud: FakeCloud, key: str
) -> None:
    (told,) = messages(ON_ROOT | texts(change), cloud=cloud)
    assert told.startswith(f"mysql-pair:{key}: replaces the server and its data, which terminationProtection forbids.")
    assert "set terminationProtection to false and nothing else, run `up`, then make this change" in told
    assert is_good(change | NO_PROTECTION, cloud)


def test_protection_is_taken_off_in_an_up_of_its_own() -> None:
    """EC2 refuses to terminate the old instance, after the engine has deleted what depends on it."""
    change = {"serverPrivateIp": "10.20.0.11", **NO_PROTECTION}
    (told,) = messages(ON_ROOT | texts(change), cloud=server(protected=True))
    assert "which terminationProtection forbids" in told
    assert is_good(NO_PROTECTION, server(protected=True))


def test_a_server_whose_image_is_withdrawn_is_not_deleted_to_be_made_again_from_it() -> None:
    change = {"serverPrivateIp": "10.20.0.11", **NO_PROTECTION}
    (told,) = messages(ON_ROOT | texts(change), cloud=server(image=GONE))
    assert told.startswith(f"mysql-pair:serverAmi: AWS does not know {GONE}")
    assert is_good({**change, "serverAmi": OLD}, server(image=GONE))


def test_a_withdrawn_image_stops_no_up_of_the_hosts_that_have_it() -> None:
    named: dict[str, object] = {"serverAmi": GONE, "clients": [{"name": "client", "ami": GONE}]}
    assert is_good(named, server(image=GONE))
    named["clients"] = [{"name": "client", "ami": GONE, "count": 2}]
    (told,) = messages(ON_ROOT | texts(named), cloud=server(image=GONE))
    assert told.startswith(f"mysql-pair:clients[0].ami: AWS does not know {GONE}")


def test_a_stack_finds_its_hosts_by_its_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def instances(filters: list[Any], instance_state_names: list[str]) -> Any:
        asked.update({entry.name: entry.values for entry in filters}, states=instance_state_names)
        return type("Result", (), {"ids": ["i-1"]})()

    monkeypatch.setattr("pulumi_aws.ec2.get_instances", instances)
    monkeypatch.setattr("pulumi.get_project", lambda: "mysql-pair")
    monkeypatch.setattr("pulumi.get_stack", lambda: "prod")
    assert Aws().hosts(["client-1"], image_id=OLD) == ["i-1"]
    assert asked == {
        "tag:Project": ["mysql-pair"], "tag:Stack": ["prod"], "tag:Name": ["mysql-pair-prod-client-1"],
        "image-id": [OLD], "states": ["pending", "running", "stopping", "stopped"],
    }  # fmt: skip


def test_a_new_host_from_a_withdrawn_image_is_a_fault_also_where_other_hosts_have_it() -> None:
    groups = [{"name": "client", "ami": GONE}, {"name": "batch", "ami": GONE}]
    told = messages(ON_ROOT | texts({"clients": groups}), cloud=server(GONE))
    assert [message.split(":")[1] for message in told if GONE in message] == ["clients[1].ami"]
