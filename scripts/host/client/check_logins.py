"""Verb `check-logins`: log in to MySQL from this client host as each user, and say in words which layer refused.

It prints whose it has tried. The server's identity is checked too. It needs no root and holds no lock, so an install
may come at any moment: all that it needs of the agent is imported before it begins.
"""

import re
import socket
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from scripts.host.client import proxy
from scripts.host.client.spec import LoginCheckSpec, LoginSpec
from scripts.host.common import process, stdin
from scripts.host.common.errors import HostError, TooSlowError
from scripts.host.common.option_text import quoted
from scripts.host.constants import CA_FILE, PROXY_ADDRESS

CONNECT_SECONDS = 5
LOGIN_SECONDS = 15
"""Of one login: an unanswered connection, and a lookup by openssl after it."""
AT_ONCE = 4
PROXY_SECONDS = 20
"""How long a group may have no primary: a switch-over, or the proxy's first look at it."""
PAUSE_SECONDS = 1.0

CERTIFICATE = "certificate verify failed|Failed to verify the server certificate"
NO_ANSWER = r"\((110|115|4)\)"
LAYERS = [
    (r"2005", "", "name: the server's name is not known on this host"),
    (r"200[23]", NO_ANSWER, "network: no answer at all; a security group, a route or a stopped instance"),
    (r"2003", r"\(111\)", "service: the host answers, but no MySQL listens there"),
    (r"2003", "", "network: the server cannot be reached"),
    (r"2013", "", "service: MySQL accepted the connection and did not go on"),
    (r"2026", "server doesn't support it", "TLS: the server offers none"),
    (r"2026", "verify_paths failed", f"TLS: {CA_FILE} is missing on this host, or is no certificate"),
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
    (r"error:num=", f"is not from the authority in {CA_FILE}"),
    ("", "is refused"),
]
"""What openssl's text has (openssl-verification-options(1)), words."""
AT_ITS_LIMIT = ("1203", "1226")
"""The account's own limit of connections or queries is reached, which mysqld looks at after the login was accepted
(acl_authenticate in sql/auth/sql_authentication.cc)."""
BELOW_LOGIN = ("name:", "network:", "proxy:", "service:", "TLS:")
"""Layers at which a failure is every user's."""


def main(_words: Sequence[str]) -> int:
    """Try the logins of the spec on standard input; return the exit code."""
    try:
        spec = stdin.read(LoginCheckSpec)
        faults = check_all(spec)
    except HostError as error:
        print(error, file=sys.stderr)
        return 1
    for fault in faults:
        print(f"login check from {socket.gethostname()} failed at {fault}", file=sys.stderr)
    print(stdin.as_json({"tried": [login.key for login in spec.logins]}))
    return 1 if faults else 0


def check_all(spec: LoginCheckSpec) -> list[str]:
    """Return what is wrong with the logins, of each beginning with its layer; one of them is tried on a reader too."""
    check_one = partial(check, host=spec.host, port=spec.port)
    faults = list(filter(None, (check_patiently(login, spec.host, spec.port) for login in spec.logins[:1])))
    if faults and faults[0].startswith(BELOW_LOGIN):
        return faults
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults += filter(None, pool.map(check_one, spec.logins[1:]))
    if spec.logins and not faults and spec.read_port != spec.port:
        faults += filter(None, [check_patiently(spec.logins[0], spec.host, spec.read_port)])
    return faults


def check_patiently(login: LoginSpec, host: str, port: int) -> str:
    """Return what is wrong with a login when a proxy has had the time to find a server for it."""
    deadline = time.monotonic() + PROXY_SECONDS
    while (fault := check(login, host, port)).startswith("proxy:") and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    return fault


def check(login: LoginSpec, host: str, port: int) -> str:
    """Return what is wrong with a login, beginning with its layer; nothing if it is as it should be."""
    code, printed, errors = log_in(login, host, port)
    match = re.search(r"ERROR (\d+)", errors)
    number = match[1] if match else ""
    if login.locked:
        wrong = "login: the account should be locked, and is not refused"
        return "" if number == "3118" else fault_text(login, wrong, errors)
    if number in AT_ITS_LIMIT:
        return ""
    if code != 0:
        return fault_text(login, layer(number, errors, host, port), errors)
    if missing := sorted(set(login.databases) - set(printed.splitlines())):
        return fault_text(login, f"privileges: logged in, but {', '.join(missing)} is not among the databases", "")
    return ""


def fault_text(login: LoginSpec, wrong: str, errors: str) -> str:
    """Return one fault with the user it is of, and below it what the mysql client said."""
    return f"{wrong} (user {login.key}, {login.name!r}@{login.host!r})\n{errors}".strip()


def log_in(login: LoginSpec, host: str, port: int) -> tuple[int, str, str]:
    """Log in and list the databases; return exit code, standard output and standard error of the mysql client."""
    # By a pipe: the password is in no argument list and in no file.
    argv = ["mysql", "--defaults-extra-file=/dev/stdin", "--protocol=tcp", "--ssl-mode=VERIFY_IDENTITY"]
    argv += [f"--ssl-ca={CA_FILE}", f"--connect-timeout={CONNECT_SECONDS}", "--default-character-set=utf8mb4"]
    argv += ["--batch", "--raw", "--skip-column-names", "--execute=show databases"]
    options = {"host": host, "port": str(port), "user": login.name, "password": login.password}
    lines = [f"{name}={quoted(value)}\n" for name, value in options.items()]
    try:
        done = process.run(argv, stdin="[client]\n" + "".join(lines), seconds=LOGIN_SECONDS)
    except TooSlowError:
        return 1, "", "ERROR 2013 (HY000): no answer in time"
    return done.returncode, done.stdout, done.stderr


def layer(number: str, errors: str, host: str, port: int) -> str:
    """Return which layer refused, in words."""
    if host == PROXY_ADDRESS and (fault := proxy.fault(number, errors, port)):
        return f"proxy: {fault}"
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
    argv = ["openssl", "s_client", "-starttls", "mysql", "-connect", where, "-CAfile", CA_FILE, by, host]
    try:
        done = process.run(argv, seconds=CONNECT_SECONDS)
        shown = done.stdout + done.stderr
    except HostError:
        shown = ""
    return next(words.format(host=host) for text, words in CERTIFICATE_FAULTS if re.search(text, shown))
