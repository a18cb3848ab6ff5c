"""The server has no public address: its sshd answers the jump host alone, and its way out is the NAT gateway."""

from __future__ import annotations

import shlex
import subprocess

from tests.lab.other_project import OtherProject
from tests.lab.pair import Pair
from tests.lab.reach import admit, connects_from_third, from_machine


def test_the_server_has_no_public_address(pair: Pair) -> None:
    outputs = pair.outputs()
    assert outputs.get("server_public_ip") is None
    assert outputs["jump_host"] == "client-1"


def test_the_operator_reaches_it_through_the_jump_host(pair: Pair) -> None:
    done = pair.ssh("server", "echo $SSH_CLIENT")
    assert done.stdout.split()[0] == pair.outputs()["client_private_ips"][0]


def test_its_port_22_is_refused_from_anywhere_else(pair: Pair, third: OtherProject) -> None:
    address = pair.outputs()["server_private_ip"]
    assert from_machine(address, 22) == "EHOSTUNREACH"
    assert not connects_from_third(address, 22)
    admit(third, "group")  # MySQL, and no more than that
    assert connects_from_third(address, 3306)
    assert not connects_from_third(address, 22)
    admit(third)
    assert pair.connects("client-1", address, 22)


def test_its_packages_come_through_the_nat_gateway(pair: Pair) -> None:
    assert pair.ssh("server", "sudo apt-get update").returncode == 0


def test_sshd_takes_the_engines_parallel_connections(pair: Pair) -> None:
    """Forty at once, each by jump: the default of MaxStartups drops dials from the tenth on."""
    key = str(pair.lab.folder / "operator-key")
    common = ["-F", "none", "-q", "-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    outputs = pair.outputs()
    proxy = shlex.join(["ssh", *common, "-W", "%h:%p", f"ubuntu@{outputs['client_public_ips'][0]}"])
    argv = ["ssh", *common, "-o", f"ProxyCommand={proxy}", f"ubuntu@{outputs['server_private_ip']}", "true"]
    running = [subprocess.Popen(argv, stdin=subprocess.DEVNULL) for _ in range(40)]
    assert [process.wait(timeout=120) for process in running] == [0] * 40


def test_no_password_opens_a_host(pair: Pair) -> None:
    for host in ("server", "client-1"):
        effective = pair.ssh(host, "sudo sshd -T").stdout.lower().splitlines()
        assert {"passwordauthentication no", "kbdinteractiveauthentication no", "permitrootlogin no"} <= set(effective)
