#!/usr/bin/env python3
"""Log in to MySQL from this client host as each user, the server's identity checked; say in words which layer refused.

Usage: check_logins.py <DOCUMENT. The document, JSON on standard input, has host and port of the server and users: key,
name, host (the host part), password, locked, databases (that it should see). Users whose host part does not admit this
host are left out. Prints the keys of those that were tried; exits with 1 and a paragraph per fault on standard error.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TypedDict

AUTHORITY = "/etc/mysql-pair/ca.pem"
CONNECT_SECONDS = 5
LOGIN_SECONDS = 15
"""Of one login: an unanswered connection, and a lookup by openssl after it."""
AT_ONCE = 4

CERTIFICATE = "certificate verify failed|Failed to verify the server certificate"
NO_ANSWER = r"\((110|115|4)\)"
LAYERS = [
    (r"2005", "", "name: the server's name is not known on this host"),
    (r"200[23]", NO_ANSWER, "network: no answer at all; a security group, a route or a stopped instance"),
    (r"2003", r"\(111\)", "service: the host answers, but no MySQL listens there"),
    (r"2003", "", "network: the server cannot be reached"),
    (r"2013", "", "service: MySQL accepted the connection and did not go on"),
    (r"2026", "server doesn't support it", "TLS: the server offers none"),
    (r"2026", "verify_paths failed", f"TLS: {AUTHORITY} is missing on this host, or is no certificate"),
    (r"2026", "", "TLS: no encrypted connection could be agreed on"),
    (r"1130", "", "host part: no user may log in from this host's address"),
    (r"1045", "", "login: user, host part or password is refused"),
    (r"3118", "", "login: the account is locked"),
    (r"1820|1862", "", "login: the password has expired"),
    (r"1524", "", "login: the server does not have the account's authentication plugin"),
    (r"1044|1049", "", "privileges: logged in, but the database is out of reach"),
]
"""Error number of client or server (MySQL manual, "Error Message Elements and Sources"), what its text has, words."""
CERTIFICATE_FAULTS = [
    (r"error:num=6[24]:", "is for another name than {host}"),
    (r"error:num=10:", "has expired"),
    (r"error:num=9:", "is not valid yet; one of the two clocks is wrong"),
    (r"error:num=", f"is not from the authority in {AUTHORITY}"),
    ("", "is refused"),
]
"""What openssl's text has (openssl-verification-options(1)), words."""
OF_THE_WAY = ("name:", "network:", "service:", "TLS:")
"""Layers below the login: what fails there, fails for every user."""


class User(TypedDict):
    """A user to be tried."""

    key: str
    name: str
    host: str
    password: str
    locked: bool
    databases: list[str]


class Document(TypedDict):
    """Where, and who."""

    host: str
    port: int
    users: list[User]


def main() -> int:
    """Try every user that is admitted here; return the exit code."""
    wanted: Document = json.load(sys.stdin)
    host, port = wanted["host"], wanted["port"]
    here = own_address(host, port)
    admitted = [user for user in wanted["users"] if admits(user["host"], here)]
    faults = [fault for user in admitted[:1] if (fault := check(user, host, port))]
    if not (faults and faults[0].startswith(OF_THE_WAY)):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            faults += [fault for fault in pool.map(lambda user: check(user, host, port), admitted[1:]) if fault]
    for fault in faults:
        print(f"login check from {socket.gethostname()} failed at {fault}", file=sys.stderr)
    print(json.dumps({"tried": [user["key"] for user in admitted]}))
    return 1 if faults else 0


def own_address(host: str, port: int) -> str:
    """Return the address that the server would see; nothing is sent.

    An unknown name, or no route, is told by the login itself.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, port))
        except OSError:
            return ""
        return str(probe.getsockname()[0])


def admits(part: str, address: str) -> bool:
    """Tell whether a host part admits an address (MySQL manual, "Specifying Account Names"); if unknown, yes."""
    if not address or part == "%":
        return True
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(part, strict=False)
    except ValueError:
        pattern = re.sub(r"([\[\]*?])", r"[\1]", part).replace("%", "*").replace("_", "?")
        return fnmatch.fnmatchcase(address, pattern)


def check(user: User, host: str, port: int) -> str:
    """Return what is wrong with a login, beginning with its layer; nothing if it is as it should be."""
    code, printed, errors = login(user, host, port)
    found = re.search(r"ERROR (\d+)", errors)
    number = found[1] if found else ""
    if user["locked"]:
        return "" if number == "3118" else told(user, "login: the account should be locked, and is not refused", errors)
    if code != 0:
        return told(user, layer(number, errors, host, port), errors)
    missing = sorted(set(user["databases"]) - set(printed.splitlines()))
    if missing:
        return told(user, f"privileges: logged in, but {', '.join(missing)} is not among the databases", "")
    return ""


def told(user: User, layer: str, errors: str) -> str:
    """Return one fault as text."""
    return "\n".join(filter(None, [f"{layer} (user {user['key']}, {user['name']!r}@{user['host']!r})", errors.strip()]))


def login(user: User, host: str, port: int) -> tuple[int, str, str]:
    """Log in and list the databases; return exit code, standard output and standard error of the mysql client."""
    options = {"host": host, "port": str(port), "user": user["name"], "password": user["password"]}
    # By a pipe: the password is in no argument list and in no file.
    argv = ["mysql", "--defaults-extra-file=/dev/stdin", "--protocol=tcp", "--ssl-mode=VERIFY_IDENTITY"]
    argv += [f"--ssl-ca={AUTHORITY}", f"--connect-timeout={CONNECT_SECONDS}", "--default-character-set=utf8mb4"]
    argv += ["--batch", "--raw", "--skip-column-names", "--execute=show databases"]
    lines = "".join(f"{key}={quoted(value)}\n" for key, value in options.items())
    try:
        done = subprocess.run(
            argv, input=f"[client]\n{lines}".encode(), capture_output=True, timeout=LOGIN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "", "ERROR 2013 (HY000): no answer in time"
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def quoted(value: str) -> str:
    """Return an option's value in quotes (MySQL manual, "Using Option Files")."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def layer(number: str, errors: str, host: str, port: int) -> str:
    """Return which layer refused, in words."""
    if number == "2026" and re.search(CERTIFICATE, errors):
        return f"TLS: the server's certificate {certificate_fault(host, port)}"
    for numbers, text, words in LAYERS:
        if re.fullmatch(numbers, number) and re.search(text, errors):
            return words
    return "MySQL refused"


def certificate_fault(host: str, port: int) -> str:
    """Return what is wrong with the certificate: the mysql client has one text for all faults, openssl numbers them."""
    by = "-verify_ip" if re.fullmatch(r"[0-9.]+|.*:.*", host) else "-verify_hostname"
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    argv = ["openssl", "s_client", "-starttls", "mysql", "-connect", where, "-CAfile", AUTHORITY, by, host]
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CONNECT_SECONDS, check=False
        )
        said = done.stdout + done.stderr
    except (subprocess.TimeoutExpired, FileNotFoundError):
        said = ""
    return next(words.format(host=host) for text, words in CERTIFICATE_FAULTS if re.search(text, said))


if __name__ == "__main__":
    sys.exit(main())
