"""Clients check whom they speak to: the server's authority and its name, and nothing in plain text."""

from __future__ import annotations

import subprocess
import sys

import pytest

from scripts.host.constants import AGENT_DIR, CA_FILE
from tests import PROJECT_ROOT
from tests.lab.logins import Login
from tests.lab.pair import Pair

OTHER_CA, CONNECTOR = "/home/ubuntu/other-ca.pem", "/home/ubuntu/connect.py"


def primary(pair: Pair) -> Login:
    """Return the primary user's login."""
    return Login.of(pair, str(pair.outputs()["primary_user"]))


def mysql(pair: Pair, *options: str, host: str = "") -> tuple[int, str]:
    """Run the mysql client on client-1, told nothing of TLS, and return its exit code and all that it said."""
    login = primary(pair)
    lines = [f'user="{login.user}"', f'password="{login.password}"', f'host="{host or login.host}"']
    command = "mysql --defaults-extra-file=/dev/stdin --protocol=tcp --connect-timeout=5 --batch "
    query = " --execute=\"show status like 'Ssl_cipher'\""
    done = pair.ssh("client-1", command + " ".join(options) + query, stdin="\n".join(["[client]", *lines, ""]))
    return done.returncode, done.stdout + done.stderr


CONNECT = """
import sys, pymysql
host, user, ca, verify_name = sys.argv[1:]
password = sys.stdin.readline().rstrip("\\n")
connection = pymysql.connect(
    host=host, user=user, password=password, connect_timeout=5,
    ssl_ca=ca, ssl_verify_cert=True, ssl_verify_identity=verify_name == "True",
)
print("connected", flush=True)
if sys.stdin.readline():
    with connection.cursor() as cursor:
        cursor.execute("select connection_id()")
        print("the same" if cursor.fetchone()[0] == connection.thread_id() else "another")
"""
"""Connects with PyMySQL, the password on its first line of input; on a second one it uses the connection again."""


def connect(login: Login, ca: str = CA_FILE, verify_name: bool = True, host: str = "") -> list[str]:
    """Return the command that runs CONNECT on a host."""
    return ["python3", CONNECTOR, host or login.host, login.user, ca, str(verify_name)]


def pymysql(pair: Pair, ca: str = CA_FILE, verify_name: bool = True, host: str = "") -> tuple[int, str]:
    """Connect with PyMySQL on client-1 and return the exit code and what it said."""
    login = primary(pair)
    done = pair.ssh("client-1", *connect(login, ca, verify_name, host), stdin=login.password + "\n")
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def driver(pair: Pair) -> None:
    """PyMySQL on client-1, a name for the server that is not the certificate's, and another authority."""
    done = pair.ssh(
        "client-1",
        "sudo apt-get install -qq python3-pymysql >/dev/null && "
        f"echo '{pair.outputs()['mysql_host']} other.name' | sudo tee -a /etc/hosts >/dev/null && "
        f"openssl req -x509 -newkey ed25519 -nodes -keyout /dev/null -out {OTHER_CA} -days 2 -subj /CN=other",
    )
    assert done.returncode == 0, done.stderr
    assert pair.ssh("client-1", "cat >connect.py", stdin=CONNECT).returncode == 0


def test_the_mysql_client_checks_identity_without_being_asked(pair: Pair) -> None:
    code, said = mysql(pair)
    assert (code, "TLS_" in said or "ECDHE" in said) == (0, True), said


def test_pymysql_checks_identity(pair: Pair) -> None:
    code, said = pymysql(pair)
    assert (code, "connected" in said) == (0, True), said


def test_another_authority_is_refused(pair: Pair) -> None:
    code, said = mysql(pair, f"--ssl-ca={OTHER_CA}")
    assert code != 0 and "certificate" in said
    code, said = pymysql(pair, ca=OTHER_CA)
    assert code != 0 and "CERTIFICATE_VERIFY_FAILED" in said


def test_another_name_is_refused(pair: Pair) -> None:
    code, said = mysql(pair, host="other.name")
    assert code != 0 and "ERROR 2026" in said
    code, said = pymysql(pair, host="other.name")
    assert code != 0 and "Hostname mismatch" in said
    assert pymysql(pair, host="other.name", verify_name=False)[0] == 0  # it was the name alone


def test_plain_text_is_refused_by_the_server(pair: Pair) -> None:
    code, said = mysql(pair, "--ssl-mode=DISABLED")
    assert code != 0 and "ERROR 3159" in said


def test_plain_text_is_taken_where_config_allows_it(pair: Pair) -> None:
    with pair.configured(requireSecureTransport=False):
        pair.up()
        code, said = mysql(pair, "--ssl-mode=DISABLED", "--get-server-public-key")
        assert code == 0, said
    assert mysql(pair, "--ssl-mode=DISABLED")[0] != 0


def test_the_authority_is_an_output_and_lies_on_every_client_host(pair: Pair) -> None:
    assert pair.ssh("client-1", "cat", CA_FILE).stdout == pair.outputs()["mysql_ca_certificate"]


def test_the_authoritys_key_is_roots_alone(pair: Pair) -> None:
    folder = "/var/lib/mysql/.mysql-pair/tls"
    listed = pair.ssh("server", f"sudo stat -c '%U %a' {folder} {folder}/authority.pem").stdout
    assert listed.splitlines() == ["root 700", "root 600"]
    # The server's own key is another, and what MySQL made at its first start is gone.
    digest = "sudo openssl pkey -in {} -pubout | sha256sum"
    keys = {
        pair.ssh("server", digest.format(file)).stdout
        for file in (f"{folder}/authority.pem", "/var/lib/mysql/server-key.pem")
    }
    assert len(keys) == 2
    assert pair.ssh("server", "sudo test -e /var/lib/mysql/ca-key.pem").returncode == 1
    assert pair.ssh("server", f"sudo -u mysql cat {folder}/authority.pem").returncode != 0


def certificate(pair: Pair) -> str:
    """Return the serial number and the end of the certificate that mysqld has."""
    command = "sudo openssl x509 -in /var/lib/mysql/server-cert.pem -noout -serial -enddate"
    return pair.ssh("server", command).stdout


def test_a_certificate_is_renewed_by_its_timers_unit_while_a_connection_stays_open(pair: Pair) -> None:
    timer = "mysql-pair-certificate.timer"
    state = pair.ssh("server", f"systemctl is-enabled {timer}; systemctl is-active {timer}")
    assert state.stdout.split() == ["enabled", "active"]
    renew = f"sudo python3 {AGENT_DIR}/current renew-certificate --issue-days 5"
    assert pair.ssh("server", renew).returncode == 0
    short, login = certificate(pair), primary(pair)
    argv = [sys.executable, "-m", "scripts", "ssh", "client-1", "--stack", pair.lab.name, "--", *connect(login)]
    held = subprocess.Popen(argv, cwd=PROJECT_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert held.stdin and held.stdout
    held.stdin.write(login.password + "\n")
    held.stdin.flush()
    assert held.stdout.readline() == "connected\n"

    assert pair.ssh("server", "sudo systemctl start mysql-pair-certificate.service").returncode == 0
    renewed = certificate(pair)
    assert renewed != short
    assert mysql(pair)[0] == 0

    said, _ = held.communicate("use it\n", timeout=30)
    assert (held.returncode, said) == (0, "the same\n")
    assert pair.ssh("server", "sudo systemctl start mysql-pair-certificate.service").returncode == 0
    assert certificate(pair) == renewed
    assert pair.unchanged()
