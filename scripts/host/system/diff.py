#!/usr/bin/env python3
"""Print, as a JSON list, where this host is not as a JSON document on standard input describes it; change nothing.

Usage: differences.py <DOCUMENT, as root. The document has what the stack's commands were given: `converged`, the
document of converge.py; `certificate`, null or the identity for certify.py and the authority that it printed; `tools`,
the files beside this one by name. What is compared, and how, is in the modules that put it right. MySQL's accounts are
compared by accounts.py. Exits with 1 and the reason on standard error if it could not tell.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from scripts.host.common import difference, process, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.mysql.authority import Identity
from scripts.host.system import files, packages
from scripts.host.system.converge import Document, Mysql

TOOLS = Path(__file__).resolve().parent


class Certificate(TypedDict):
    """A server's certificate."""

    identity: Identity
    authority: str


class Wanted(TypedDict):
    """What a host is to be."""

    converged: Document
    certificate: Certificate | None
    tools: dict[str, str]


def differences(wanted: Wanted) -> list[Difference]:
    """Return all there are.

    Raises:
        HostError: something could not be told.
    """
    document = wanted["converged"]
    rows = tool_differences(wanted["tools"])
    rows += packages.differences(document["packages"])
    rows += files.differences(document["files"])
    if document["authorized_keys"] is not None:
        rows += files.key_differences(document["authorized_keys"])
    if document["mysql"] is not None:
        rows += mysql_differences(document["mysql"], wanted["certificate"])
    return rows


def tool_differences(tools: Mapping[str, str]) -> list[Difference]:
    """Return which of these scripts are not as they were put here."""
    rows = []
    for name, text in tools.items():
        path = TOOLS / name
        found = difference.digest(path.read_bytes()) if path.exists() else "missing"
        if found != (expected := difference.digest(text.encode())):
            rows.append(Difference("file", str(path), "content", expected, found))
    return rows


def mysql_differences(mysql: Mysql, certificate: Certificate | None) -> list[Difference]:
    """Return those of a server's part."""
    # Only here: a client has no driver. One that was removed from the server is in the list of packages already.
    try:
        from scripts.host.mysql import server
    except ImportError as error:
        raise HostError(f"what MySQL has cannot be read: {error}") from error
    from scripts.host.mysql import certificate, certify, secure_installation, settings, time_zones

    try:
        rows = settings.file_differences(Path(mysql["option_file"]), mysql["content"])
        server = server.Server() if server.is_up() else None
        if server is None:
            state = process.run(["systemctl", "is-active", server.SERVICE]).stdout.strip()
            rows.append(Difference("service", server.SERVICE, "state", "active", state or "unknown"))
        else:
            rows += settings.differences(server, mysql["settings"])
            rows += secure_installation.differences(server)
            rows += time_zones.differences(server)
        if certificate is not None:
            rows += certificate.differences(server, certificate["identity"], certificate["authority"])
            rows += certify.differences()
    except server.Error as error:
        raise HostError(server.said(error)) from error
    return rows


def main() -> int:
    """Read the document and compare; return the exit code."""
    return stdin.answer(differences)


if __name__ == "__main__":
    sys.exit(main())
