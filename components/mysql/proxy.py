"""The proxy of a client host: HAProxy, which leads to the primary of a group of servers, and to its readers.

Where there is one server it leads there, so that applications have the same connection strings before and after.

Any host can have it: it needs the package, the files, and `systemctl enable --now mysql-pair-proxy`. A MySqlClient does
all of that by `trust`, and MySqlProxy on a host of another program.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from components.host.agent import FIRST_BOOT
from scripts.host.constants import (
    MYSQL_PORT,
    PROXY_ADDRESS,
    PROXY_FILE,
    PROXY_UNIT,
    READ_PORT_STEP,
    ROLE_PORT,
    SYSTEMD_UNITS,
)
from scripts.host.group.spec import MemberSpec
from scripts.host.system.spec import FileSpec, HostSpec

PACKAGES = ("haproxy",)
UNIT_FILE = FIRST_BOOT / "client_units" / PROXY_UNIT
RELOAD = f"""systemctl daemon-reload
[ -e {PROXY_FILE} ] || exit 0
haproxy -q -c -f {PROXY_FILE} || exit
systemctl reload-or-restart {PROXY_UNIT} && exit
journalctl --no-pager -o cat -n 5 -u {PROXY_UNIT} >&2
exit 1"""
"""Makes a change count. What HAProxy refuses is put back as before; without the file there is no proxy any more."""
CONFIG = """\
# Made by the stack: changes made here by hand are overwritten.
global
    # maxconn follows from the unit's limit of files. Servers that come and go are told on standard error.
    # After a reload the former process looks at no server any more, and would keep its sessions at a former primary.
    hard-stop-after 60s

defaults
    mode tcp
    timeout connect 2s
    # MySQL ends idle sessions, by its wait_timeout. A peer that is gone is found by keepalive.
    timeout client 20d
    timeout server 20d
    timeout client-fin 30s
    timeout server-fin 30s
    option clitcpka
    option srvtcpka
    srvtcpka-idle 10s
    srvtcpka-intvl 5s
    srvtcpka-cnt 3
    retries 2
    option redispatch 1
"""
OF_GROUP = """\
    # A member that says no is left after 750 ms at most. One that says nothing has 2 s, as it may only be busy.
    timeout check 1s
    default-server check port {role_port} inter 500ms fastinter 250ms fall 2 rise 1 on-marked-down shutdown-sessions

frontend writes
    bind {address}:{port}
    # After a start all members count as good until they are asked, and a secondary would be read that is behind.
    tcp-request connection reject if {{ nbsrv(primary) gt 1 }}
    default_backend primary

frontend reads
    bind {address}:{read_port}
    use_backend primary if {{ nbsrv(readers) eq 0 }}
    default_backend readers

backend primary
    option httpchk GET /primary
{servers}

backend readers
    balance leastconn
    option httpchk GET /reader
    # A reader that is late keeps its sessions and gets no new ones.
    http-check disable-on-404
{servers}
"""
OF_ONE = """
frontend writes
    bind {address}:{port}
    default_backend server

frontend reads
    bind {address}:{read_port}
    default_backend server

backend server
    # Without a check: nothing else could be led to, and MySQL shuts a host out that connects often and says nothing.
{servers}
"""


@dataclass(frozen=True)
class ProxySpec:
    """Where a proxy leads, and where it listens."""

    members: Sequence[MemberSpec]
    """The servers of the group, or the one that there is."""
    port: int = MYSQL_PORT
    """MySQL's TCP port, on the servers and on the host's loopback address."""

    @property
    def read_port(self) -> int:
        """The port on the loopback address that leads to a reader."""
        return self.port + READ_PORT_STEP

    def at(self, address: str) -> "ProxySpec":
        """Return it with the address of a single server, where EC2 has chosen that."""
        return replace(
            self, members=tuple(replace(member, address=member.address or address) for member in self.members)
        )


def config(spec: ProxySpec) -> str:
    """Return HAProxy's configuration (HAProxy Configuration Manual)."""
    text = CONFIG + (OF_GROUP if len(spec.members) > 1 else OF_ONE)
    return text.format(
        address=PROXY_ADDRESS,
        port=spec.port,
        read_port=spec.read_port,
        role_port=ROLE_PORT,
        servers="\n".join(f"    server {member.name} {member.address}:{spec.port}" for member in spec.members),
    )


def files(spec: ProxySpec) -> tuple[FileSpec, ...]:
    """Return the files of a host that has the proxy."""
    on_change = ("sh", "-c", RELOAD)
    return (
        FileSpec(f"{SYSTEMD_UNITS}/{PROXY_UNIT}", UNIT_FILE.read_text(), on_change=on_change),
        FileSpec(PROXY_FILE, config(spec), on_change=on_change),
    )


def with_proxy(host: HostSpec, spec: ProxySpec) -> HostSpec:
    """Return the spec of a host that has the proxy too."""
    return replace(host, packages=(*host.packages, *PACKAGES), files=(*host.files, *files(spec)))
