"""Who reaches what, in pairs: a probe connects with a rule and is refused without, and the firewall counts it."""

from __future__ import annotations

import socket

from tests.lab.other_project import OtherProject
from tests.lab.pair import Pair, lab_command
from tests.lab.reach import admit, connects_from_third, from_machine


def refused_by(host: str) -> int:
    """Return how many packets to a host its groups have dropped."""
    done = lab_command("drops", host)
    return int(dict(line.split() for line in done.stdout.splitlines())["ingress"])


def test_client_reaches_mysql_over_the_private_address(pair: Pair) -> None:
    assert pair.connects("client-1", pair.outputs()["server_private_ip"], 3306)


def test_machine_reaches_ssh_of_the_client_and_nothing_else_of_it(pair: Pair) -> None:
    address = pair.outputs()["client_public_ips"][0]
    before = refused_by("client-1")
    assert from_machine(address, 22) == "open"
    assert from_machine(address, 3306) == "no answer"
    assert refused_by("client-1") > before


def test_machine_has_no_way_to_the_private_address(pair: Pair) -> None:
    assert from_machine(pair.outputs()["server_private_ip"], 3306) == "EHOSTUNREACH"


def test_third_host_beside_the_client_is_let_in_by_a_rule_and_refused_without(pair: Pair, third: OtherProject) -> None:
    address = pair.outputs()["server_private_ip"]
    before = refused_by("server")
    assert not connects_from_third(address, 3306)
    assert refused_by("server") > before

    # To EC2 two rules for one peer are one, so that the group's other name cannot follow the group.
    for peer in ("group", "prefix list", "group of an account"):
        admit(third, peer)
        assert connects_from_third(address, 3306), peer
    admit(third)

    before = refused_by("server")
    assert not connects_from_third(address, 3306)
    assert refused_by("server") > before
    assert pair.connects("client-1", address, 3306)


def test_rule_for_the_public_address_does_not_match_private_traffic(pair: Pair, third: OtherProject) -> None:
    outputs = pair.outputs()
    admit(third, f"{third.outputs()['public_ip']}/32")
    assert not connects_from_third(outputs["server_private_ip"], 3306)
    admit(third)


def test_root_on_a_host_cannot_open_the_firewall(pair: Pair) -> None:
    address = pair.outputs()["client_public_ips"][0]
    done = pair.ssh("client-1", "sudo nft list ruleset; sudo nft flush ruleset")
    assert "3306" not in done.stdout
    assert from_machine(address, 3306) == "no answer"


def test_host_reaches_the_package_mirror_and_nothing_of_the_machine(pair: Pair) -> None:
    machine = str(next(iter(pair.outputs()["client_public_ips"]))).rsplit(".", 1)[0] + ".1"
    with socket.create_server(("0.0.0.0", 0)) as listener:  # noqa: S104 - the probe must not find it on any address
        assert not pair.connects("client-1", machine, listener.getsockname()[1])
    assert pair.ssh("client-1", "sudo apt-get update").returncode == 0
