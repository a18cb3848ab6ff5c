"""Newer packages of MySQL's: told by `drift`, installed by `upgrade`, and the former ones again where mysqld fails.

The mirror with the newer version is a folder on the server, and the newer version is the present one under another
number: newer_packages.sh.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.pair import Pair, verb

SCRIPT = Path(__file__).with_name("newer_packages.sh").read_text()
PUT_BACK = """
rm -f /etc/apt/sources.list.d/newer.list
dpkg --force-downgrade --install /var/lib/mysql-pair/former-packages/*.deb >/dev/null 2>&1 || true
apt-get -q update >/dev/null
"""


def publish(pair: Pair, suffix: str, mysqld: str) -> None:
    """Put a newer version on the server's mirror; its mysqld works or fails."""
    done = pair.ssh("server", f"sudo sh -s -- {suffix} {mysqld}", stdin=SCRIPT)
    assert done.returncode == 0, done.stderr


def installed(pair: Pair) -> str:
    """Return the version of the server's package."""
    return pair.ssh("server", "dpkg-query", "-W", "-f", "${Version}", "mysql-server-core").stdout


def starts(pair: Pair) -> int:
    """Return how often mysqld came up."""
    return int(pair.ssh("server", "sudo grep -c 'ready for connections.*mysqld.sock' /var/log/mysql/error.log").stdout)


@pytest.fixture
def server(pair: Pair) -> Iterator[Pair]:
    """The pair; afterwards its server has the packages of before."""
    yield pair
    pair.ssh("server", "sudo sh", stdin=PUT_BACK)


def test_a_newer_mysql_is_checked_and_installed_by_one_restart_and_a_broken_one_is_taken_back(server: Pair) -> None:
    before, outputs = installed(server), server.outputs()
    publish(server, "+newer1", "fails")
    drift = verb("drift")
    assert drift.returncode == 0, drift.stdout
    assert re.search(rf"server +update +mysql-server-core +version +{re.escape(before)}\+newer1", drift.stdout)

    broken = verb("upgrade", "--yes", "--no-backup")
    assert broken.returncode != 0
    assert "The former packages are back, and mysqld is up with them" in broken.stderr
    assert (installed(server), server.sql("select 1")) == (before, "1")

    publish(server, "+newer2", "refuses")
    came_up = starts(server)
    refused = verb("upgrade", "--yes")
    assert refused.returncode != 0
    assert "does not start with the server's options: [ERROR] [MY-000067] [Server] unknown variable" in refused.stdout
    assert "mend them first. Nothing was changed" in refused.stderr
    assert (installed(server), starts(server)) == (before, came_up)

    publish(server, "+newer3", "works")
    done = verb("upgrade", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is in the bucket" in done.stdout and "Every login works" in done.stdout
    assert (installed(server), starts(server)) == (f"{before}+newer3", came_up + 1)
    assert verb("drift").stdout == "no drift detected\n"
    assert server.outputs() == outputs
