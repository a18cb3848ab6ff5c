"""Verb `converge` of the MySQL server: what every host has, then mysqld, its settings and what belongs to it."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.host.common import stdin
from scripts.host.mysql import initialization, secure_installation, server, settings, time_zones
from scripts.host.mysql.spec import MySqlSpec, ServerFacts, ServerSpec
from scripts.host.system import converge as system


def converge(spec: ServerSpec) -> ServerFacts:
    """Make this host be as the spec says, part by part, and return what is found out of it.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    system.converge(spec, install=initialization.install)
    converge_mysql(spec.mysql)
    return ServerFacts(mysql_version=server.Session().one("SELECT VERSION()"))


def converge_mysql(spec: MySqlSpec) -> None:
    """Do MySQL's part.

    Raises:
        HostError: MySQL refuses something, or does not come up.
    """
    # First, if it can be: the settings may name a time zone.
    if running := server.start():
        time_zones.converge()
    settings.converge(spec)
    if not running:
        time_zones.converge()
    secure_installation.converge()


def main(_words: Sequence[str]) -> int:
    """Converge to the spec on standard input; return the exit code."""
    return stdin.answer(ServerSpec, converge)
