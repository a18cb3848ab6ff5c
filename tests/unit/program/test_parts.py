"""The pure parts of the components: addresses, names, URLs, option files, joined user data."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from urllib.parse import unquote, urlsplit

import pytest

from components.addresses import client_address, host_subnet, server_address
from components.image import parameter_name
from components.mysql_client import option_file
from components.mysql_user import connection_string
from components.remote_command import limited, tool_path
from components.user_data import join

# vpc, subnet, server, first client
ADDRESSES = [
    ("10.20.0.0/16", "10.20.0.0/20", "10.20.0.10", "10.20.0.11"),
    ("10.20.7.0/24", "10.20.7.0/28", "10.20.7.10", "10.20.7.11"),
]


@pytest.mark.parametrize(("vpc", "subnet", "server", "client"), ADDRESSES)
def test_hosts_have_fixed_addresses_in_the_first_sixteenth(vpc: str, subnet: str, server: str, client: str) -> None:
    hosts = host_subnet(IPv4Network(vpc))
    assert (str(hosts), str(server_address(hosts)), str(client_address(hosts, 1))) == (subnet, server, client)


def test_the_last_address_of_a_subnet_is_not_given_to_a_client() -> None:
    subnet = IPv4Network("10.20.7.0/28")
    assert client_address(subnet, 4) == IPv4Address("10.20.7.14")
    for number in (0, 5):
        with pytest.raises(ValueError, match="no address for client"):
            client_address(subnet, number)


@pytest.mark.parametrize(
    ("architectures", "part"), [(["x86_64"], "/amd64/"), (["i386", "x86_64"], "/amd64/"), (["arm64"], "/arm64/")]
)
def test_the_image_fits_the_instance_type(architectures: list[str], part: str) -> None:
    assert part in parameter_name(architectures)


@pytest.mark.parametrize("password", ["plain", "a/b@c:d?e#f%g h", "ünï©ødé", "+&=;'\"\\"])
def test_a_connection_string_survives_any_password(password: str) -> None:
    url = urlsplit(connection_string("u@ser", password, "10.0.0.1", 3306, "a b"))
    assert (unquote(url.username or ""), unquote(url.password or "")) == ("u@ser", password)
    assert (url.hostname, url.port, unquote(url.path), url.query) == (
        "10.0.0.1",
        3306,
        "/a b",
        "ssl-mode=REQUIRED",
    )


def test_an_option_file_escapes_quotes_and_backslashes() -> None:
    assert option_file({"port": 3306, "password": 'a"b\\c#d'}) == ('[client]\nport="3306"\npassword="a\\"b\\\\c#d"\n')


def test_a_command_is_one_line_that_ends_in_time() -> None:
    assert limited(["echo", "it's a; b"], 5) == """timeout --kill-after=10 5 echo 'it'"'"'s a; b'"""


def test_another_content_is_another_tool() -> None:
    assert tool_path("a.sh", "one") == tool_path("a.sh", "one") != tool_path("a.sh", "two")


def test_user_data_is_joined_list_by_list() -> None:
    common, role = {"packages": ["a"], "package_update": True}, {"packages": ["b"], "package_update": False}
    assert join(common, role) == {"packages": ["a", "b"], "package_update": False}
    assert common == {"packages": ["a"], "package_update": True}
