"""mysql/newer_mysqld.py: what an unpacked package says of the server's options and plugins."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.host.mysql import newer_mysqld
from scripts.host.system.spec import PackageUpgrade
from tests.unit.host.stand_ins import Bench

CORE = PackageUpgrade("mysql-server-core", "8.0.46-1", "8.0.47-1")
PLANNED = (PackageUpgrade("mysql-client", "8.0.46-1", "8.0.47-1"), CORE)
UNPACK = """
mkdir -p $3/usr/sbin $3/usr/lib/mysql/plugin && touch $3/usr/lib/mysql/plugin/auth_socket.so
printf '#!/bin/sh\\n%s\\n' '{mysqld}' >$3/usr/sbin/mysqld && chmod 755 $3/usr/sbin/mysqld
"""


class Answers:
    """A server with plugins of three libraries."""

    def one(self, _statement: str) -> Any:
        return "/usr/lib/mysql/plugin/"

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [("component_x.so",)] if "mysql.component" in statement else [("auth_socket.so",), ("own.so",)]


@pytest.fixture
def host(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A server of whose libraries the package has one, another package one, and nobody the third."""
    monkeypatch.setattr(newer_mysqld, "Session", Answers)
    bench.stand_in("apt-get", "touch $(echo $3 | tr = _)_amd64.deb")
    bench.stand_in("dpkg-query", 'case "$2" in *own.so) exit 1 ;; *) echo "mysql-server-core: $2" ;; esac')
    return bench


# what mysqld does when it is asked, whether that stops, what is told
ANSWERS = [
    ("exit 0", None, ""),
    ("echo \"[ERROR] [MY-000067] unknown variable x\" >&2; exit 1", True, "start with the server's options: [E"),
    ("echo \"libfoo.so.1: cannot open shared object file\" >&2; exit 127", False, "could not be asked"),
]  # fmt: skip


@pytest.mark.parametrize(("mysqld", "stops", "said"), ANSWERS)
def test_the_newer_mysqld_is_asked_and_a_library_that_it_lacks_is_told(
    host: Bench, mysqld: str, stops: bool | None, said: str
) -> None:
    host.stand_in("dpkg-deb", UNPACK.replace("{mysqld}", mysqld))
    *options, plugin = newer_mysqld.findings(PLANNED)
    assert [(finding.stops, said in finding.wrong) for finding in options] == ([] if stops is None else [(stops, True)])
    assert (plugin.wrong, plugin.stops) == ("The newer packages have no component_x.so, which MySQL has loaded", True)
    assert len([call for call in host.calls() if call.startswith("apt-get")]) == 1, "the server's packages alone"


def test_where_the_server_has_nothing_newer_nothing_is_asked(host: Bench) -> None:
    host.stand_in("dpkg-deb")
    assert list(newer_mysqld.findings(PLANNED[:1])) == []
