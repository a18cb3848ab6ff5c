"""What AWS refuses before anything is made, in AWS's codes."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network

import pytest

from lab.cloud import catalog, rules
from lab.cloud.rules import AwsError
from lab.tests.unit.ec2_world import IMAGE, KEY, TYPE

SUBNET = IPv4Network("10.0.1.0/24")

REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("a VPC wider than /16", lambda: rules.vpc_cidr("10.0.0.0/15"), "InvalidVpc.Range"),
    ("a VPC narrower than /28", lambda: rules.vpc_cidr("10.0.0.0/29"), "InvalidVpc.Range"),
    ("a CIDR with host bits", lambda: rules.vpc_cidr("10.0.0.1/16"), "InvalidParameterValue"),
    ("a CIDR that is none", lambda: rules.vpc_cidr("ten/16"), "InvalidParameterValue"),
    ("a CIDR without a netmask", lambda: rules.cidr("10.0.0.0"), "InvalidParameterValue"),
    ("a subnet narrower than /28", lambda: rules.subnet_cidr("10.0.0.0/29"), "InvalidSubnet.Range"),
    (
        "a subnet outside its VPC",
        lambda: rules.subnet_cidr("10.9.0.0/24", "10.0.0.0/16"),
        "InvalidSubnet.Range",
    ),
    (
        "a subnet over another",
        lambda: rules.subnet_cidr("10.0.0.0/24", "10.0.0.0/16", ["10.0.0.128/25"]),
        "InvalidSubnet.Conflict",
    ),
    *(
        (
            f"the reserved address .{last}",
            lambda last=last: rules.check_private_ip(SUBNET, f"10.0.1.{last}", []),
            "InvalidParameterValue",
        )
        for last in (0, 1, 2, 3, 255)
    ),
    (
        "an address of another subnet",
        lambda: rules.check_private_ip(SUBNET, "10.0.2.9", []),
        "InvalidParameterValue",
    ),
    (
        "an address in use",
        lambda: rules.check_private_ip(SUBNET, "10.0.1.9", ["10.0.1.9"]),
        "InvalidIPAddress.InUse",
    ),
    ("a group named sg-…", lambda: rules.check_group_name("sg-mine"), "InvalidParameterValue"),
    ("a group's name with an umlaut", lambda: rules.check_group_name("für"), "InvalidParameterValue"),
    ("a description with a quote", lambda: rules.check_description("d", 'say "hi"'), "InvalidParameterValue"),
    ("a description with a <", lambda: rules.check_description("d", "a < b"), "InvalidParameterValue"),
    ("256 characters", lambda: rules.check_description("d", "x" * 256), "InvalidParameterValue"),
    ("an unknown protocol", lambda: rules.protocol("tpc"), "InvalidParameterValue"),
    ("port 65536", lambda: rules.check_ports("tcp", 1, 65536), "InvalidParameterValue"),
    ("port -1 of tcp", lambda: rules.check_ports("tcp", -1, 80), "InvalidParameterValue"),
    ("ports backwards", lambda: rules.check_ports("udp", 80, 22), "InvalidParameterValue"),
    ("tcp without ports", lambda: rules.check_ports("tcp", None, None), "InvalidParameterValue"),
    ("ports of all protocols", lambda: rules.check_ports("-1", 0, 0), "InvalidParameterCombination"),
    ("no key at all", lambda: rules.key_fingerprint("hello"), "InvalidKey.Format"),
    ("a key of another kind", lambda: rules.key_fingerprint("ssh-dss AAAAB3NzaC1kc3M= x"), "InvalidKey.Format"),
    ("a key cut short", lambda: rules.key_fingerprint(KEY[:60]), "InvalidKey.Format"),
    ("a key of another name", lambda: rules.key_fingerprint("ssh-rsa " + KEY[12:]), "InvalidKey.Format"),
    ("user data over 16 KB", lambda: rules.check_user_data(b"x" * 16385), "InvalidParameterValue"),
    ("an AMI id that is none", lambda: catalog.image_architecture("ubuntu"), "InvalidAMIID.Malformed"),
    ("an AMI of AWS", lambda: catalog.image_architecture("ami-0123456789abcdef0"), "InvalidAMIID.NotFound"),
    ("an unknown type", lambda: catalog.instance_type("t9.huge"), "InvalidInstanceType"),
    (
        "an arm type for an amd64 image",
        lambda: catalog.check_image_fits(catalog.IMAGES["x86_64"], "t4g.micro"),
        "InvalidParameterValue",
    ),
]

ALLOWED: list[tuple[str, Callable[[], object]]] = [
    ("a /16 and a /28 VPC", lambda: (rules.vpc_cidr("10.0.0.0/16"), rules.vpc_cidr("10.0.0.0/28"))),
    ("a subnet beside another", lambda: rules.subnet_cidr("10.0.1.0/24", "10.0.0.0/16", ["10.0.0.0/24"])),
    ("the first free address", lambda: rules.check_private_ip(SUBNET, "10.0.1.4", [])),
    ("the last free address", lambda: rules.check_private_ip(SUBNET, "10.0.1.254", ["10.0.1.9"])),
    ("every character of a description", lambda: rules.check_description("d", "aZ09 ._-:/()#,@[]+=&;{}!$*")),
    ("255 characters", lambda: rules.check_description("d", "x" * 255)),
    ("the whole range of ports", lambda: rules.check_ports("tcp", 0, 65535)),
    ("all protocols without ports", lambda: rules.check_ports("-1", None, None)),
    ("user data of 16 KB", lambda: rules.check_user_data(b"x" * 16384)),
]


@pytest.mark.parametrize(("what", "ask", "code"), REFUSED, ids=[case[0] for case in REFUSED])
def test_aws_refuses(what: str, ask: Callable[[], object], code: str) -> None:
    with pytest.raises(AwsError) as refusal:
        ask()
    assert refusal.value.code == code, what


@pytest.mark.parametrize(("what", "ask"), ALLOWED, ids=[case[0] for case in ALLOWED])
def test_aws_allows(what: str, ask: Callable[[], object]) -> None:
    assert what
    ask()


def test_the_first_address_of_a_subnet_is_the_fifth() -> None:
    assert rules.free_private_ip(SUBNET, ["10.0.1.4"]) == "10.0.1.5"


def test_a_full_subnet_says_so() -> None:
    network = IPv4Network("10.0.0.0/28")
    with pytest.raises(AwsError) as refusal:
        rules.free_private_ip(network, [str(address) for address in network])
    assert refusal.value.code == "InsufficientFreeAddressesInSubnet"


def test_a_public_address_comes_round_last() -> None:
    pool = IPv4Network("198.18.0.0/24")
    assert rules.free_public_ip(pool, []) == "198.18.0.10"
    assert rules.free_public_ip(pool, [], previous="198.18.0.10") == "198.18.0.11"
    assert rules.free_public_ip(pool, [], previous="198.18.0.250") == "198.18.0.10"


def test_fingerprints_are_those_of_ec2() -> None:
    # `ssh-keygen -l` says SHA256:2PiQ…; EC2 shows the same digest with its padding for ed25519.
    assert rules.key_fingerprint(KEY) == "2PiQBcX3AKgxVp3wQjEAx3zXL0kUvoeX6r+rF0u4qCY="


def test_instance_types_are_as_large_as_on_aws() -> None:
    small, large = catalog.instance_type("t3.small"), catalog.instance_type("r6i.large")
    assert (small.vcpus, small.memory_mib) == (2, 2048)
    assert (large.vcpus, large.memory_mib) == (2, 16384)


def test_the_labs_image_fits_this_machine() -> None:
    catalog.check_image_fits(IMAGE, TYPE)
