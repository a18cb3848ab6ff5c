"""A tunnel opened beforehand carries `up`: each host's ssh endpoint can be another than its address."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab.testing.ports import free_port
from lab.testing.processes import wait_for
from tests.lab.other_project import OtherProject
from tests.lab.pair import Pair


@contextmanager
def tunnel(pair: Pair, bastion: str, address: str) -> Iterator[int]:
    """Forward a local port through a bastion to a host's port 22, and give the port."""
    port = free_port()
    options = {
        "ConnectTimeout": "5",
        "ExitOnForwardFailure": "yes",
        "StrictHostKeyChecking": "no",
        "UserKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    key = str(pair.lab.folder / "operator-key")
    login = ["ssh", "-F", "none", *flags, "-i", key, f"ubuntu@{bastion}"]
    # It may have been made a moment ago, and let nobody in yet.
    wait_for(lambda: subprocess.run([*login, "true"], stdin=subprocess.DEVNULL).returncode == 0, seconds=60)
    ssh = subprocess.Popen([*login, "-N", "-L", f"127.0.0.1:{port}:{address}:22"], stdin=subprocess.DEVNULL)
    try:
        wait_for(lambda: _open(port), ssh, 30)
        yield port
    finally:
        ssh.terminate()
        ssh.wait()


def _open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def test_up_goes_through_a_bastions_tunnel_and_needs_no_jump_host(pair: Pair, third: OtherProject) -> None:
    before = pair.outputs()
    outputs = third.outputs()
    bastion = {"operatorSecurityGroupIds": [outputs["group_id"]]}
    with pair.configured(**bastion):
        pair.up()
        with tunnel(pair, outputs["public_ip"], before["server_private_ip"]) as port:
            endpoint = {"server": {"host": "127.0.0.1", "port": port}}
            pair.configure({"sshEndpoints": endpoint, "mysqlSettings": {"max_connections": 55}})
            pair.up()
            assert pair.outputs().get("jump_host") is None
            assert pair.sql("select @@global.max_connections") == "55"
            client = pair.outputs()["client_private_ips"][0]
            assert pair.ssh("server", "echo $SSH_CLIENT").stdout.split()[0] != client
            assert not pair.connects("client-1", before["server_private_ip"], 22)
            assert pair.unchanged()
    assert pair.outputs() == before
