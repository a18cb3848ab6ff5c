"""Verbs `converge` and `diff` of the MySQL server: what every host has, mysqld, its settings, what belongs to it.

MySQL's accounts are compared by `accounts diff`.
"""

from __future__ import annotations

from scripts.host.common import stdin
from scripts.host.common.difference import Difference
from scripts.host.mysql import (
    certificate,
    initialization,
    secure_installation,
    server,
    service,
    settings,
    time_zones,
    upgrade,
)
from scripts.host.mysql.spec import ServerDiffSpec, ServerFacts, ServerSpec
from scripts.host.system import files
from scripts.host.system import host as system


def converge(spec: ServerSpec) -> ServerFacts:
    """Make this host be as the spec says, part by part, and return what is found out of it.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    system.converge(spec, install=initialization.install)
    # Time zones first, if they can be: the settings may name one.
    if running := server.start():
        time_zones.converge()
    settings.converge(spec.mysql)
    if not running:
        time_zones.converge()
    secure_installation.converge()
    return ServerFacts(mysql_version=server.Session().one("SELECT VERSION()"))


def differences(spec: ServerDiffSpec) -> list[Difference]:
    """Return where this host is not as the spec says, but for MySQL's accounts; nothing is changed."""
    rows = system.differences(spec) + files.differences([settings.file(spec.host.mysql)])
    rows += upgrade.differences()
    session = server.Session() if server.is_up() else None
    if session is None:
        rows.append(Difference("service", service.NAME, "state", "active", service.state()))
    else:
        rows += settings.differences(session, spec.host.mysql.settings)
        rows += secure_installation.differences(session)
        rows += time_zones.differences(session)
    if spec.certificate is not None:
        rows += certificate.differences(session, spec.certificate, spec.authority or "")
        rows += certificate.timer_differences()
    return rows


converge_verb = stdin.verb(ServerSpec, converge)
diff_verb = stdin.verb(ServerDiffSpec, differences)
