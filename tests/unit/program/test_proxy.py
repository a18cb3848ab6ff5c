"""components/mysql/proxy.py and endpoint.py: what a client host of a group has besides, and where it finds MySQL."""

from __future__ import annotations

import re
from typing import Any, cast

import pulumi
import pytest

from components.host.host import HostArgs
from components.mysql import proxy
from components.mysql.accounts import MySqlAccounts, MySqlUser
from components.mysql.client import MySqlClient
from components.mysql.endpoint import Endpoint
from components.mysql.proxy import ProxySpec
from components.mysql.server import MySqlServer
from scripts.host import constants
from scripts.host.accounts.spec import UserSpec
from scripts.host.client.spec import LoginCheckSpec
from scripts.host.common import codec
from scripts.host.group.spec import MemberSpec
from scripts.host.mysql.spec import CertificateSpec
from scripts.host.system.spec import HostSpec
from stack_outputs import forms
from stack_outputs.forms import Login
from tests.unit.program import mocks
from tests.unit.program.program_run import plain, run_with
from tests.unit.program.test_boundary import HOST

MEMBERS = (
    MemberSpec("server", "10.20.0.10"),
    MemberSpec("server-2", "10.20.1.10"),
    MemberSpec("server-3", "10.20.2.10"),
)
SPEC = ProxySpec(MEMBERS, 3310)


def sections(text: str) -> dict[str, list[str]]:
    """Return the lines of each section of a configuration, without comments."""
    parts: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line[0].isspace() and line[0] != "#":
            name = line
            parts[name] = []
        elif line.strip() and not line.strip().startswith("#"):
            parts[name].append(line.strip())
    return parts


def test_writes_go_to_the_primary_and_reads_to_readers_or_else_to_the_primary() -> None:
    parts = sections(proxy.config(SPEC))
    once = "tcp-request connection reject if { nbsrv(primary) gt 1 }"
    assert parts["frontend writes"] == ["bind 127.0.0.1:3310", once, "default_backend primary"]
    assert parts["frontend reads"] == [
        "bind 127.0.0.1:3311",
        "use_backend primary if { nbsrv(readers) eq 0 }",
        "default_backend readers",
    ]


@pytest.mark.parametrize(("backend", "path"), [("primary", "/primary"), ("readers", "/reader")])
def test_every_member_is_asked_for_its_role_where_its_role_server_listens(backend: str, path: str) -> None:
    parts = sections(proxy.config(SPEC))
    lines = parts[f"backend {backend}"]
    assert f"option httpchk GET {path}" in lines
    assert [line for line in lines if line.startswith("server ")] == [
        f"server {member.name} {member.address}:3310" for member in MEMBERS
    ]
    (default,) = [line for line in parts["defaults"] if line.startswith("default-server ")]
    assert f"check port {constants.ROLE_PORT} " in default and default.endswith("on-marked-down shutdown-sessions")


def test_a_single_server_is_led_to_without_a_check_by_both_ports() -> None:
    text = proxy.config(ProxySpec(MEMBERS[:1], 3310))
    parts = sections(text)
    assert parts["frontend writes"] == ["bind 127.0.0.1:3310", "default_backend server"]
    assert parts["frontend reads"] == ["bind 127.0.0.1:3311", "default_backend server"]
    assert parts["backend server"] == ["server server 10.20.0.10:3310"]
    assert "check" not in "".join(line for lines in parts.values() for line in lines)


def test_mysql_and_not_the_proxy_ends_idle_sessions() -> None:
    waits = re.findall(r"^ +timeout (?:client|server) (\d+)d$", proxy.config(SPEC), re.MULTILINE)
    assert len(waits) == 2 and min(map(int, waits)) * 86_400 > 28_800  # wait_timeout's default, seconds


def test_files_and_unit_are_where_the_agent_and_each_other_look_for_them() -> None:
    unit, config = proxy.files(SPEC)
    assert (unit.path, config.path) == ("/etc/systemd/system/mysql-pair-proxy.service", constants.PROXY_FILE)
    assert f"ExecStart=/usr/sbin/haproxy -Ws -f {config.path}" in unit.content.splitlines()
    # One command for both, which runs once.
    assert unit.on_change == config.on_change
    assert "haproxy" in proxy.with_proxy(HostSpec(("jq",)), SPEC).packages


class Registered:
    """A server, a client and a user, and with a proxy of a group or without."""

    def __init__(self, spec: ProxySpec | None) -> None:
        self.seen = mocks.start()
        self.urls: list[str] = []

        @mocks.tested
        def program() -> Any:
            server = MySqlServer("server", cast("Any", {**HOST, "private_ip": "10.20.0.10"}))
            user = MySqlUser("user-app", UserSpec(key="app", name="app", host="%"), "s3cret")
            args = {"servers": [server], "databases": [], "roles": [], "users": [user]}
            where = {"endpoint": Endpoint.of_proxy(spec)} if spec else {}
            accounts = MySqlAccounts("accounts", cast("Any", {**args, **where}))
            client = MySqlClient("client-1", cast("HostArgs", HOST))
            client.check_logins("client-1-logins", accounts, [client.trust(server, spec)])
            return pulumi.Output.all(accounts.logins, accounts.read_logins).apply(keep)

        def keep(known: list[dict[str, Login]]) -> None:
            self.urls = [forms.url(logins["app"]).partition("?")[0] for logins in known]

        program()

    def stdin(self, command: str) -> str:
        return str(plain(self.seen.of_type("command:remote:Command")[command]["stdin"]))


def test_with_a_proxy_connection_strings_lead_to_the_hosts_own_loopback_address() -> None:
    run = Registered(SPEC)
    assert run.urls == ["mysql://app:s3cret@127.0.0.1:3310/", "mysql://app:s3cret@127.0.0.1:3311/"]
    check = codec.decode(LoginCheckSpec, run.stdin("client-1-logins"))
    assert (check.host, check.port, check.read_port) == ("127.0.0.1", 3310, 3311)
    host = codec.decode(HostSpec, run.stdin("client-1-converged"))
    assert host.packages[-1] == "haproxy" and host.files[-2:] == proxy.files(SPEC)


def test_connection_strings_of_one_server_with_a_proxy_are_those_of_a_group() -> None:
    one, three = run_with(clientProxy="true"), run_with(servers="3")
    names = ("mysql_host", "mysql_port", "mysql_read_port", "connection_strings", "read_connection_strings")
    assert [one.outputs[name] for name in names] == [three.outputs[name] for name in names]
    assert one.outputs["mysql_host"] == "127.0.0.1"


def test_the_address_that_ec2_chooses_for_one_server_is_in_the_proxys_configuration() -> None:
    nameless = ProxySpec((MemberSpec("server", ""),))
    assert proxy.files(nameless.at("10.30.1.7"))[1].content.endswith("server server 10.30.1.7:3306\n")
    assert ProxySpec(MEMBERS).at("10.30.1.7") == ProxySpec(MEMBERS)


def test_one_server_without_the_key_has_no_proxy_and_its_certificate_is_as_it_was() -> None:
    without, off, on = run_with(), run_with(clientProxy="false"), run_with(clientProxy="true")
    assert without.commands == off.commands and without.outputs["mysql_host"] == "10.20.0.10"
    own = CertificateSpec(("10.20.0.10",), ("server-instance.internal",))
    assert without.spec("server-certificate", CertificateSpec) == own
    both = CertificateSpec(("10.20.0.10", "127.0.0.1"), ("server-instance.internal", "localhost"))
    assert on.spec("server-certificate", CertificateSpec) == both
    changed = {name for name, made in on.commands.items() if without.commands.get(name) != made}
    assert changed == {"server-certificate", "client-1-converged", "client-1-logins"}


def test_the_proxy_leads_to_a_group_once_the_first_server_is_in_it() -> None:
    before = run_with(servers="3").seen.dependencies["client-1-converged"]
    assert "server-joined" in before


def test_without_one_they_lead_to_the_server_and_reading_is_the_same() -> None:
    run = Registered(None)
    assert run.urls == ["mysql://app:s3cret@10.20.0.10:3306/"] * 2
    check = codec.decode(LoginCheckSpec, run.stdin("client-1-logins"))
    assert (check.host, check.port, check.read_port) == ("10.20.0.10", 3306, 3306)
    assert "haproxy" not in run.stdin("client-1-converged")
