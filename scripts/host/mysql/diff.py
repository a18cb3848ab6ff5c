"""Verb `diff` of the MySQL server: where it is not as the spec says, as a JSON list; nothing is changed.

MySQL's accounts are compared by `accounts diff`.
"""

from __future__ import annotations

from collections.abc import Sequence

from scripts.host.common import stdin
from scripts.host.common.difference import Difference
from scripts.host.mysql import certificate, certify, secure_installation, server, service, settings, time_zones
from scripts.host.mysql.spec import ServerDiffSpec
from scripts.host.system import diff as system


def differences(spec: ServerDiffSpec) -> list[Difference]:
    """Return all there are but for MySQL's accounts.

    Raises:
        HostError: something could not be read.
    """
    rows = system.differences(spec) + settings.file_differences(spec.host.mysql)
    session = server.Session() if server.is_up() else None
    if session is None:
        rows.append(Difference("service", service.NAME, "state", "active", service.state()))
    else:
        rows += settings.differences(session, spec.host.mysql.settings)
        rows += secure_installation.differences(session)
        rows += time_zones.differences(session)
    if spec.certificate is not None:
        rows += certificate.differences(session, spec.certificate, spec.authority or "")
        rows += certify.differences()
    return rows


def main(_words: Sequence[str]) -> int:
    """Compare this host with the spec on standard input; return the exit code."""
    return stdin.answer(ServerDiffSpec, differences)
