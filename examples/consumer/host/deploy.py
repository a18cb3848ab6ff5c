"""Sets Notes up on this host, or removes it: as root, by a document on standard input. It may run again at any time.

Usage: deploy.py apply | remove. The document is JSON: packages (names), files (texts by path), port, and url, the
secret. What is as the document says is left alone, and the service restarts only where something has changed since it
was started. A failure is one paragraph on standard error and exit code 1.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

APPLICATION = Path("/usr/local/lib/notes")
UNITS = Path("/etc/systemd/system")
CREDENTIAL = Path("/etc/credstore.encrypted/notes.url")
PLAIN_CREDENTIAL = Path("/etc/credstore/notes.url")
"""Where the credential is on a host whose systemd cannot encrypt it: before 250, which is Ubuntu 22.04's."""
STARTED = Path("/run/notes.started")
"""A digest of what the service was last started with. Gone after a boot: then one restart is one too many."""
SERVICE, SOCKET = "notes.service", "notes.socket"
LOCK_SECONDS = 120
"""How long another apt, the daily upgrade, may take."""
HEALTHY_SECONDS = 20
"""How long the application may take until it answers 200."""
JOURNAL_LINES = 12
WAITED_FOR = ("service", "network")
"""The layers that may still come: gunicorn as it starts, and a server that restarts."""

Document = dict[str, Any]


class DeployError(Exception):
    """Something that cannot be set up; its text is what the user sees, and holds no secret."""


class Fault(NamedTuple):
    """A layer that does not work, and why."""

    layer: str
    words: str


def apply(document: Document) -> None:
    """Make the host what the document says, and see the application answer.

    Raises:
        DeployError: it cannot be done, or the application does not answer 200 in time.
    """
    install(document["packages"])
    files = {Path(path): text.encode() for path, text in document["files"].items()}
    if credential() == PLAIN_CREDENTIAL:
        unit = files[UNITS / SERVICE]
        files[UNITS / SERVICE] = unit.replace(
            f"Encrypted=notes.url:{CREDENTIAL}".encode(), f"=notes.url:{PLAIN_CREDENTIAL}".encode()
        )
    if differs(UNITS / SOCKET, files[UNITS / SOCKET]):
        # It can only be opened at another address while it is closed. First: if this is cut off, the next run opens it.
        run("systemctl", "stop", SERVICE, SOCKET, may_fail=True)
    for path in ours() - files.keys():
        path.unlink()
    for path, content in files.items():
        write(path, content)
    seal(document["url"])
    start(digest(files, document["packages"]))
    answers(document["port"])


def remove() -> None:
    """Take away all that `apply` has set up, but packages, which others may use by now, and what is in the database."""
    run("systemctl", "disable", "--now", SOCKET, SERVICE, may_fail=True)
    for path in [*ours(), CREDENTIAL, PLAIN_CREDENTIAL, STARTED]:
        path.unlink(missing_ok=True)
    if APPLICATION.exists():
        APPLICATION.rmdir()
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", SERVICE, SOCKET, may_fail=True)


def install(packages: Sequence[str]) -> None:
    """Install those of the distribution's packages that are missing."""
    missing = [name for name in packages if "install ok installed" not in versions([name])]
    if not missing:
        return
    apt = ["apt-get", "-q", "-y", "-o", f"DPkg::Lock::Timeout={LOCK_SECONDS}"]
    run(*apt, "update")
    run(*apt, "install", "--no-install-recommends", *missing)


def versions(packages: Sequence[str]) -> str:
    """Return versions and states of packages; nothing of those that the host has never had."""
    return run("dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n", *packages, may_fail=True).stdout


def ours() -> set[Path]:
    """Return the files that are here, of this document or an earlier one."""
    units = {path for path in (UNITS / SERVICE, UNITS / SOCKET) if path.exists()}
    return units | {path for path in APPLICATION.glob("*") if path.is_file()}


def differs(path: Path, content: bytes) -> bool:
    """Tell whether a file has another content, or is not there."""
    return not path.is_file() or path.read_bytes() != content


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file whole or not at all, unless it is there with that content."""
    if not differs(path, content):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.touch(mode)
    partial.chmod(mode)
    partial.write_bytes(content)
    partial.replace(path)


def credential() -> Path:
    """Return where systemd finds the credential: encrypted, or in plain for root alone where it can do no better."""
    return CREDENTIAL if shutil.which("systemd-creds") else PLAIN_CREDENTIAL


def seal(secret: str) -> None:
    """Keep the secret encrypted with this host's own key, unless that is what is kept already (systemd-creds(1))."""
    credential().parent.mkdir(mode=0o700, exist_ok=True)
    if credential() == PLAIN_CREDENTIAL:
        write(PLAIN_CREDENTIAL, secret.encode(), 0o600)
        return
    PLAIN_CREDENTIAL.unlink(missing_ok=True)
    name = f"--name={CREDENTIAL.name}"
    if CREDENTIAL.exists():
        # It is encrypted anew each time, so only what is in it can be compared; it fails if the key is another.
        opened = run("systemd-creds", "decrypt", name, str(CREDENTIAL), "-", may_fail=True)
        if opened.returncode == 0 and opened.stdout == secret:
            return
    sealed = run("systemd-creds", "encrypt", "--with-key=host", name, "-", "-", given=secret)
    write(CREDENTIAL, sealed.stdout.encode(), 0o600)


def digest(files: Mapping[Path, bytes], packages: Sequence[str]) -> str:
    """Return a digest of what the service runs with: files, packages, and the credential as it is kept."""
    parts = [*(f"{path}\n".encode() + content for path, content in sorted(files.items())), versions(packages).encode()]
    return hashlib.sha256(b"\0".join([*parts, credential().read_bytes()])).hexdigest()


def start(desired: str) -> None:
    """Have the socket listen, and the service run with what is there now.

    Raises:
        DeployError: systemd does not know the units, or cannot open the socket.
    """
    run("systemctl", "daemon-reload")
    run("systemctl", "reset-failed", SERVICE, SOCKET, may_fail=True)
    run("systemctl", "enable", "--now", SOCKET)
    run("systemctl", "enable", SERVICE)
    started = STARTED.read_text() if STARTED.exists() else ""
    active = run("systemctl", "is-active", SERVICE, may_fail=True).returncode == 0
    if started != desired or not active:
        run("systemctl", "restart", SERVICE, may_fail=True)  # `answers` tells, with the journal, if that went wrong
        write(STARTED, desired.encode(), 0o600)


def answers(port: int) -> None:
    """Wait for the application to answer 200, as long as waiting can help.

    Raises:
        DeployError: it does not, with the layer and the journal's last lines.
    """
    deadline = time.monotonic() + HEALTHY_SECONDS
    while fault := health(port):
        if fault.layer not in WAITED_FOR or time.monotonic() > deadline:
            lines = run("journalctl", "-u", SERVICE, "-n", str(JOURNAL_LINES), "-o", "cat", "--no-pager").stdout
            journal = "".join(f"\n  {line}" for line in lines.splitlines())
            raise DeployError(f"{fault.layer}: {fault.words}\n{SERVICE} said last:{journal}")
        time.sleep(0.5)


def health(port: int) -> Fault | None:
    """Ask the application, and return what is wrong, or None."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HEALTHY_SECONDS / 2)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        return fault_of(response.status, response.read())
    except (OSError, http.client.HTTPException) as error:
        return Fault("service", f"GET /health on port {port} has no answer ({type(error).__name__})")
    finally:
        connection.close()


def fault_of(status: int, body: bytes) -> Fault | None:
    """Return what an answer says is wrong, or None."""
    if status == 200:
        return None
    try:
        found = json.loads(body)
        return Fault(found["layer"], found["words"])
    except (ValueError, KeyError, TypeError):
        return Fault("application", f"GET /health answers {status}")


def run(*argv: str, given: str = "", may_fail: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command with something on its standard input.

    Raises:
        DeployError: it fails, with its own words.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    done = subprocess.run(
        argv, input=given, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode != 0 and not may_fail:
        raise DeployError(f"`{' '.join(argv)}` failed ({done.returncode}): {done.stderr.strip()}")
    return done


def main(verb: str) -> int:
    """Do as the document on standard input says."""
    try:
        document = json.load(sys.stdin)
        if verb == "apply":
            apply(document)
        else:
            remove()
    except (DeployError, OSError, ValueError) as error:
        print(f"Notes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
