"""Makes the two hosts of floor.sh on a lab, straight from records: no engine, no provider.

Prints the server's public address, the client's, and the server's private one. User data is the program's own, and so
is what it leaves in the lab's folder for the script to converge the hosts by: the agents' files, the specs server.json
and identity.json, and client.json with a place for the authority's certificate.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

from components.host.agent import agent_files, packed
from components.host.host import HostArgs
from components.host.user_data import host_spec, user_data
from components.mysql.memory import derived
from components.mysql.server import MySqlServerArgs, first_settings, server_spec
from lab.cloud.model import (
    Instance,
    InternetGateway,
    KeyPair,
    Record,
    Route,
    RouteTable,
    SecurityGroup,
    SecurityGroupRule,
    Subnet,
    Vpc,
)
from lab.cloud.store import Store
from lab.machine.plane import Plane
from lab.settings import Lab
from scripts.host.common import codec
from scripts.host.constants import CA_FILE, OPTION_FILE
from scripts.host.mysql.spec import CertificateSpec

VPC = "vpc-0f100f100f100f100"
ANYWHERE = "0.0.0.0/0"
SERVER = cast("MySqlServerArgs", {"derived_settings": {**derived(2048), "skip_name_resolve": True}})
"""What the program's server has without any config."""


def write_specs(folder: Path, address: str) -> None:
    """Write the agents' files, and what the agent's converge and certify are to read on each host."""
    files = {
        "server": codec.encode(server_spec(SERVER)),
        "client": codec.encode(host_spec("client", cast("HostArgs", {}), {CA_FILE: "AUTHORITY"})),
        "identity": codec.encode(CertificateSpec((address,), ())),
        **{f"{role}-agent": packed(agent_files(role)) for role in ("server", "client")},
    }
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text)


def main(name: str) -> None:
    """Write the records of a small VPC with two instances and boot both side by side."""
    lab = Lab.named(name)
    store = Store(lab.cloud)
    plane = Plane(lab, store)
    network = plane.slot.vpc_cidr.rsplit(".", 2)[0]
    pool, key = plane.public_pool, (lab.folder / "operator-key.pub").read_text().strip()
    records: list[Record] = [
        Vpc(VPC, plane.slot.vpc_cidr),
        Subnet("subnet-1", VPC, f"{network}.1.0/24", "eu-central-1a"),
        InternetGateway("igw-1", VPC),
        RouteTable("rtb-1", VPC, main=True),
        Route("r-1", "rtb-1", ANYWHERE, "igw-1"),
        KeyPair("operators", key, "", ""),
    ]
    for group, peer in (("sg-server", "sg-client"), ("sg-client", "")):
        records += [
            SecurityGroup(group, VPC, group, group),
            SecurityGroupRule(
                f"{group}-ssh", group, "ingress", "tcp", 22, 22, cidr_ipv4=f"{plane.slot.machine_address}/32"
            ),
            SecurityGroupRule(f"{group}-out", group, "egress", "-1", None, None, cidr_ipv4=ANYWHERE),
        ]
        if peer:
            records.append(
                SecurityGroupRule("mysql", group, "ingress", "tcp", 3306, 3306, referenced_security_group_id=peer)
            )
    hosts = [("i-0000000000000000a", "server", "t3.small", 10), ("i-0000000000000000b", "client", "t3.micro", 11)]
    for instance_id, kind, size, number in hosts:
        records.append(
            Instance(
                instance_id,
                "subnet-1",
                "ami",
                size,
                f"{network}.1.{number}",
                (f"sg-{kind}",),
                auto_public_ip=str(pool[number]),
                key_name="operators",
                user_data=user_data(
                    kind, {OPTION_FILE: first_settings(SERVER).option_file} if kind == "server" else None
                ),
            )
        )
    for record in records:
        store.put(record)
    plane.refresh_vpc(VPC)
    with ThreadPoolExecutor() as both:
        list(both.map(plane.launch, [host[0] for host in hosts]))
    write_specs(lab.folder, f"{network}.1.10")
    print(pool[10], pool[11], f"{network}.1.10")


if __name__ == "__main__":
    main(sys.argv[1])
