"""The server has no public address: its sshd answers the jump host alone, and its way out is the NAT gateway."""

from __future__ import annotations

import subprocess

from tests.lab.conftest import Pair
from tests.lab.test_reach import connects_from_third, from_machine
from tests.lab.third_host import ThirdHost


def test_the_server_has_no_public_address(pair: Pair) -> None:
    outputs = pair.outputs()
    assert outputs["server_public_ip"] is None
    assert outputs["jump_host"] == "client-1"


def test_the_operator_reaches_it_through_the_jump_host(pair: Pair) -> None:
    done = pair.ssh("server", "echo $SSH_CLIENT")
    assert done.stdout.split()[0] == pair.outputs()["client_private_ips"][0]


def test_its_port_22_is_refused_from_anywhere_else(pair: Pair, third: ThirdHost) -> None:
    address = pair.outputs()["server_private_ip"]
    assert from_machine(address, 22) == "EHOSTUNREACH"
    assert not connects_from_third(address, 22)
    third.admitted = ["group"]  # MySQL, and no more than that
    third.up()
    assert connects_from_third(address, 3306)
    assert not connects_from_third(address, 22)
    third.admitted = []
    third.up()
    assert pair.connects("client-1", address, 22)


def test_its_packages_come_through_the_nat_gateway(pair: Pair) -> None:
    assert pair.ssh("server", "sudo apt-get update").returncode == 0


def test_sshd_takes_the_engines_parallel_connections(pair: Pair) -> None:
    """A hundred at once, each by jump: more than the defaults of MaxStartups and MaxSessions let through."""
    endpoint = "server"
    argv = [".venv/bin/python", "-m", "scripts", "ssh", endpoint, "--stack", pair.lab.name, "--", "true"]
    running = [subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(20)]
    ended = [(process.wait(timeout=120), process.communicate()[1]) for process in running]
    assert [code for code, _ in ended] == [0] * 20, ended


def test_no_password_opens_a_host(pair: Pair) -> None:
    for host in ("server", "client-1"):
        effective = pair.ssh(host, "sudo sshd -T").stdout.splitlines()
        assert {"passwordauthentication no", "kbdinteractiveauthentication no", "permitrootlogin no"} <= set(effective)
