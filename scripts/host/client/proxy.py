"""The proxy of a client host: it runs if the spec has its configuration, and is gone if not; and what is wrong with it.

What it is made of (package, unit and configuration) is in components/mysql/proxy.py, and a change of a file reloads it.
"""

import http.client
import re
from collections.abc import Sequence
from pathlib import Path

from scripts.host import constants
from scripts.host.common import process
from scripts.host.common.difference import Difference
from scripts.host.constants import PROXY_UNIT, ROLE_PORT
from scripts.host.system import units
from scripts.host.system.spec import FileSpec

FILE = Path(constants.PROXY_FILE)
MEMBER = re.compile(r"^\s+server (\S+) (\S+):\d+$", re.MULTILINE)
ROLES = {"frontend writes": ("/primary", "primary"), "frontend reads": ("/reader", "reader")}
"""By the section that listens on a port: what members are asked for, and what it is called."""
ASK_SECONDS = 1
CLOSED = "initial communication packet"
"""What the mysql client says when the other side closes before it has said anything."""
MORE = "`python -m scripts status` shows the group"


def converge(files: Sequence[FileSpec]) -> None:
    """Start it and enable it, or stop what is left of it."""
    if _is_in(files):
        units.enable(PROXY_UNIT)
    elif (link := units.wanted(PROXY_UNIT)).is_symlink():
        # `disable` wants the unit's file, which is gone.
        process.must(["systemctl", "stop", PROXY_UNIT])
        link.unlink()


def differences(files: Sequence[FileSpec]) -> list[Difference]:
    """Return whether it does not run, or would not after a boot; nothing is changed."""
    return units.differences(PROXY_UNIT) if _is_in(files) else []


def fault(number: str, errors: str, port: int) -> str:
    """Return why the proxy led to no server; empty if it did, or if it is not to be told.

    Args:
        number: of the mysql client's error.
        errors: what it said.
        port: the proxy's.
    """
    if number == "2003":
        return f"nothing listens on port {port} of this host: `systemctl status {PROXY_UNIT}` says why"
    if number != "2013" or CLOSED not in errors:
        return ""
    config = FILE.read_text() if FILE.exists() else ""
    if config and "httpchk" not in config:
        servers = ", ".join(f"{name} ({address})" for name, address in MEMBER.findall(config))
        return f"MySQL on {servers} cannot be reached from here"
    sections = re.findall(rf"^(.+)\n +bind \S+:{port}$", config, re.MULTILINE)
    path, role = ROLES.get(sections[0] if sections else "", ROLES["frontend writes"])
    answers = {name: ask(address, path) for name, address in dict(MEMBER.findall(config)).items()}
    if good := [name for name, (status, _) in answers.items() if status == http.HTTPStatus.OK]:
        return f"{', '.join(good)} is a {role}, but its MySQL cannot be reached from here; {MORE}"
    reasons = "; ".join(f"{name}: {reason}" for name, (_, reason) in answers.items())
    return f"no {role} ({reasons}); {MORE}"


def ask(address: str, path: str, seconds: float = ASK_SECONDS) -> tuple[int, str]:
    """Return what a member's role server answers, status and reason; 0 and the fault if it does not."""
    connection = http.client.HTTPConnection(address, ROLE_PORT, timeout=seconds)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, f"no answer on port {ROLE_PORT} ({error})"
    finally:
        connection.close()


def _is_in(files: Sequence[FileSpec]) -> bool:
    return any(file.path == constants.PROXY_FILE for file in files)
