"""Each exported form logs in by the driver that it is for, from inside the clients' network, whatever is in it.

The drivers come from their registries, in the versions that tests/drivers pins (PyMySQL and SQLAlchemy: those of the
requirements files; mysql: the hosts' own). The programs there read a form on standard input and print what MySQL says
of the session. Those in Go, Python and shell run on client-1 itself; those in Java and JavaScript with this machine's
runtime, in the network of client-1, with client-1's files of /etc/mysql-pair at the same place. It needs Go, a JDK,
Maven, Node and npm: `tools/packages drivers` installs all but Go, which the lab's engine is built with too.
"""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import string
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from lab.cloud.store import Store
from lab.machine.plane import Plane
from stack_outputs import forms
from tests import PROJECT_ROOT
from tests.lab.client_libraries import libraries
from tests.lab.pair import Pair, run
from tests.lab.secret_config import set_secret

PROGRAMS = PROJECT_ROOT / "tests/drivers"
ON_CLIENT = "/opt/drivers"
ANOTHER_NAME = "another.name"
ANOTHER_AUTHORITY = "/etc/another-authority.pem"

# by user key: the name (32 characters of Unicode's basic plane at most, no blanks at its ends), password, database
USERS = {
    "punctuation": (string.punctuation.replace(":", ""), string.punctuation, string.punctuation),
    "colon": ("a:b", ":a@b:c/d?e=f&g#h", ":@/?#[]"),
    "expansions": ("a'b\"c\\d`$e${f}", "'$x`y`\\n\\\\\"${HOME}#%41", "%41/?#&+;="),
    "blanks": ("a  b c", "  two in front, one behind ", " x  y z"),
    "umlauts": ("ünï äöß", "Äpfel & ünï©ødé; ß", "größe é"),
    "cjk": ("漢字 かな 한", "漢字 かな 😀🔑 한국어", "漢字 表"),
}


@dataclass(frozen=True)
class Driver:
    """A program of tests/drivers, and how it says that it has met another server."""

    form: str
    command: str
    """As a shell reads it, in a folder that has what the program needs."""
    wrong_name: str
    wrong_authority: str
    on_client: bool = True
    """On client-1 itself; otherwise on this machine, in the network of client-1."""


DRIVERS = {
    "go-sql-driver": Driver("go_dsns", "./login {ca}", "not another.name", "signed by unknown authority"),
    "connector-j": Driver(
        "jdbc_urls",
        "java -cp '.:*' Login",
        "matched the server hostname/IP 'another.name'",
        "does not chain with any of the trust anchors",
        on_client=False,
    ),
    "mysql2": Driver(
        "connection_strings",
        "node login.js {name}",
        "Host: another.name. is not in the cert's altnames",
        "self-signed certificate in certificate chain",
        on_client=False,
    ),
    "pymysql": Driver("connection_strings", "python3 pymysql_login.py", "Hostname mismatch", "verify failed"),
    "sqlalchemy": Driver("sqlalchemy_urls", "python3 sqlalchemy_login.py", "Hostname mismatch", "verify failed"),
    "mysql": Driver("option_files", "sh login.sh", "verify failed", "verify failed"),
    "mariadb": Driver("mariadb_option_files", "sh mariadb_login.sh", "certificate", "certificate", on_client=False),
    "golang-migrate": Driver("golang_migrate_urls", "./migrate", "not another.name", "signed by unknown authority"),
    "dotenv": Driver("dotenvs", "python3 dotenv_login.py", "Hostname mismatch", "verify failed"),
    "shell": Driver("dotenvs", "sh dotenv_login.sh", "Hostname mismatch", "verify failed"),
}


UNSAID = {
    "go-sql-driver": ["colon"],
    "golang-migrate": ["colon", "punctuation", "expansions"],
}
"""What a driver's form has no way to say."""


@dataclass(frozen=True)
class Place:
    """Where the programs run."""

    pair: Pair
    namespace: str
    """The network namespace of client-1."""
    folder: Path
    """What this machine's runtimes need; etc/ in it is laid over /etc."""
    server_name: str
    """The server's private DNS name, which its certificate has; in a VPC of AWS the resolver knows it."""
    outputs: dict[str, dict[str, str]] = field(repr=False)

    def run(self, name: str, form: str, ca: str = "/etc/mysql-pair/ca.pem") -> subprocess.CompletedProcess[str]:
        """Run a driver's program with a form."""
        driver = DRIVERS[name]
        command = driver.command.format(ca=ca, name=self.server_name)
        if driver.on_client:
            return self.pair.as_root("client-1", f"cd {ON_CLIENT} && {command}", stdin=form)
        # Read-only, and seen by this one process: the machine's own /etc stays as it is.
        lay = 'mount -t overlay overlay -o "lowerdir=$1/etc:/etc" /etc; cd "$1"'
        inside = ["nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "--mount"]
        return run(*inside, "sh", "-euc", f"{lay}; exec {command}", "sh", str(self.folder), stdin=form)

    def form(self, name: str, user: str, host: str = "", ca_file: str = "") -> str:
        """Return a user's form for a driver, as it is exported or for another host or authority."""
        form = DRIVERS[name].form
        login = forms.login_of(self.outputs["connection_strings"][user])
        write = next(row.write for row in forms.FORMS if row.output == form)
        assert write(login) == self.outputs[form][user]
        return write(replace(login, host=host or login.host, ca_file=ca_file or login.ca_file))


def done(*command: str, folder: Path) -> None:
    """Run a command of a tool chain; it has to end well."""
    assert shutil.which(command[0]), f"{command[0]} is missing: run `tools/packages drivers` (Go: see README.md)"
    own = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}
    ended = subprocess.run(command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every program with its driver, in one folder; the registries' clients keep what they have fetched."""
    folder = tmp_path_factory.mktemp("drivers")
    for source in (path for path in PROGRAMS.glob("*/*") if path.suffix in (".java", ".js", ".json", ".py", ".sh")):
        shutil.copy(source, folder)
    for module, name in (("go", "login"), ("migrate", "migrate")):
        done("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", str(folder / name), ".", folder=PROGRAMS / module)
    copied = f"-DoutputDirectory={folder}"
    done("mvn", "--quiet", "--batch-mode", "dependency:copy-dependencies", copied, folder=PROGRAMS / "java")
    done("javac", "Login.java", folder=folder)
    quiet = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
    done("npm", "install", *quiet, folder=folder)
    return folder


def lay_etc(pair: Pair, folder: Path, names: str) -> None:
    """Make what is laid over this machine's /etc: what client-1 has, another authority, and names for the server."""
    etc = folder / "etc"
    (etc / "mysql-pair").mkdir(parents=True)
    for name in ("ca.pem", "ca.jks"):
        read = pair.ssh("client-1", f"base64 /etc/mysql-pair/{name}")
        assert read.returncode == 0, read.stderr
        (etc / "mysql-pair" / name).write_bytes(base64.b64decode(read.stdout))
    (etc / "hosts").write_text(f"127.0.0.1 localhost\n{names}\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", "/dev/null"]
    authority = etc / Path(ANOTHER_AUTHORITY).name
    done("openssl", "req", "-x509", *curve, "-subj", "/CN=another", "-out", str(authority), folder=folder)
    # As docs/outputs.md tells it.
    store = ["-keystore", str(authority.with_suffix(".jks")), "-storetype", "JKS", "-storepass", "changeit"]
    done("keytool", "-importcert", "-noprompt", "-alias", "another", "-file", str(authority), *store, folder=folder)


def prepare_client(pair: Pair, folder: Path, names: str) -> None:
    """Bring the programs for client-1 there, the other authority, and names for the server."""
    unpack = f"mkdir -p {ON_CLIENT} && base64 -d | tar -xz -C {ON_CLIENT}"
    assert pair.as_root("client-1", unpack, stdin=libraries()).returncode == 0
    for name in ("login", "migrate", *(path.name for path in folder.iterdir() if path.suffix in (".py", ".sh"))):
        packed = base64.b64encode(gzip.compress((folder / name).read_bytes())).decode()
        command = f"base64 -d | gunzip >{ON_CLIENT}/{name} && chmod +x {ON_CLIENT}/{name}"
        assert pair.as_root("client-1", command, stdin=packed).returncode == 0
    authority = (folder / "etc" / Path(ANOTHER_AUTHORITY).name).read_text()
    assert pair.as_root("client-1", f"cat >{ANOTHER_AUTHORITY}", stdin=authority).returncode == 0
    assert pair.as_root("client-1", "cat >>/etc/hosts", stdin=names + "\n").returncode == 0


@pytest.fixture(scope="module")
def place(pair: Pair, built: Path) -> Iterator[Place]:
    """The programs where they run, and users of the stack with those names, passwords and databases."""
    before = pair.outputs()
    address = before["mysql_host"]
    server_name = f"ip-{address.replace('.', '-')}.eu-central-1.compute.internal"
    names = f"{address} {server_name} {ANOTHER_NAME}"
    lay_etc(pair, built, names)
    prepare_client(pair, built, names)
    namespace = Plane(pair.lab, Store(pair.lab.cloud)).host_name(before["client_instance_ids"][0])
    users = {
        key: {"name": name, "grants": [{"database": database, "privileges": ["ALL"]}]}
        for key, (name, _, database) in USERS.items()
    }
    databases: dict[str, object] = {database: {} for _, _, database in USERS.values()}
    try:
        with pair.configured(users=users, databases=databases, primaryUser="cjk"):
            set_secret(pair, "userPasswords", json.dumps({key: password for key, (_, password, _) in USERS.items()}))
            pair.up()
            yield Place(pair, namespace, built, server_name, pair.outputs())
    finally:
        for database in databases:
            pair.sql("drop database if exists `" + database.replace("`", "``") + "`")


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_exported_form_logs_in_over_tls(place: Place, driver: str, user: str) -> None:
    name, password, database = USERS[user]
    if user in UNSAID.get(driver, ()):
        assert user not in place.outputs[DRIVERS[driver].form]  # docs/outputs.md says so: the form cannot say it
        return
    assert forms.login_of(place.outputs["connection_strings"][user]).password == password
    ended = place.run(driver, place.form(driver, user))
    assert ended.returncode == 0, ended.stderr
    session = json.loads(ended.stdout)
    assert session["user"].rpartition("@")[0] == name
    assert session["database"] == database
    assert "AES" in session["cipher"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_of_another_name_is_refused(place: Place, driver: str) -> None:
    ended = place.run(driver, place.form(driver, "umlauts", host=ANOTHER_NAME))
    assert ended.returncode == 1
    assert DRIVERS[driver].wrong_name in ended.stderr


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_of_another_authority_is_refused(place: Place, driver: str) -> None:
    form = place.form(driver, "umlauts", ca_file=ANOTHER_AUTHORITY)
    ended = place.run(driver, form, ca=ANOTHER_AUTHORITY)
    assert ended.returncode == 1
    assert DRIVERS[driver].wrong_authority in ended.stderr


def test_mysql2_checks_an_address_against_nothing_that_a_certificate_has(place: Place) -> None:
    """So docs/outputs.md asks for the server's private DNS name; when this fails, an address is enough again."""
    ended = replace(place, server_name="").run("mysql2", place.form("mysql2", "punctuation"))
    assert ended.returncode == 1
    assert "Host: localhost. is not in the cert's altnames" in ended.stderr
