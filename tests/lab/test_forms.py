"""Each form of a login that a client host can read logs in from there, whatever is in it, and checks whom it meets."""

from __future__ import annotations

import json
import string
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from stack_outputs import forms
from stack_outputs.forms import Login
from tests.lab.client_libraries import libraries
from tests.lab.conftest import Pair
from tests.unit.outputs.awkward import AWKWARD

# user (32 characters of Unicode's basic plane, MySQL takes blanks off its ends), password, database
LOGINS = {
    "punctuation": (string.punctuation, string.punctuation, string.punctuation),
    "unicode": ("ünï 漢", " ünï 漢字 😀🔑 ", " ünï 漢"),
    "quotes": ("a'b\"c\\d`$e${f}", "'$x`y`\\n\\\\\"${HOME}#%41", "%41/?#&+;="),
}

CLIENT = r"""
import io, json, os, subprocess, sys
from urllib.parse import unquote, urlsplit
import dotenv, pymysql, sqlalchemy

CIPHER = "select variable_value from performance_schema.session_status where variable_name = 'Ssl_cipher'"
QUERY = f"select current_user(), database(), ({CIPHER})"

def connect(get):
    port, password = int(get("MYSQL_PORT")), get("MYSQL_PASSWORD").encode()
    connection = pymysql.connect(
        host=get("MYSQL_HOST"), port=port, user=get("MYSQL_USER"), password=password, database=get("MYSQL_DATABASE"),
        ssl_ca=get("MYSQL_SSL_CA"), ssl_verify_identity=get("MYSQL_SSL_MODE") == "VERIFY_IDENTITY",
    )
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        return list(cursor.fetchone())

def by_sqlalchemy(text):
    with sqlalchemy.create_engine(text).connect() as connection:
        return list(connection.exec_driver_sql(QUERY).one())

def by_dotenv(text):
    return connect(dotenv.dotenv_values(stream=io.StringIO(text)).get)

def by_shell(text):
    argv = ["sh", "-euc", 'set -a; . /dev/stdin; exec "$@"', "sh", sys.executable, __file__, "environment"]
    return json.loads(subprocess.run(argv, input=text, capture_output=True, text=True, check=True).stdout)

def by_mysql(text):
    # In JSON, as mysql escapes backslashes in its own way.
    query = QUERY.replace("select current_user()", "select json_array(current_user()", 1) + ")"
    argv = ["mysql", "--defaults-file=/dev/stdin", "--batch", "--raw", "--skip-column-names", "--execute", query]
    done = subprocess.run(argv, input=text, capture_output=True, text=True)
    if done.returncode:
        raise Exception(done.stderr)
    return json.loads(done.stdout)

def by_url(text):
    url = urlsplit(text)
    tls = dict(part.split("=") for part in url.query.split("&"))
    return connect({
        "MYSQL_HOST": url.hostname, "MYSQL_PORT": url.port, "MYSQL_USER": unquote(url.username),
        "MYSQL_PASSWORD": unquote(url.password), "MYSQL_DATABASE": unquote(url.path[1:]),
        "MYSQL_SSL_CA": unquote(tls["ssl-ca"]), "MYSQL_SSL_MODE": tls["ssl-mode"],
    }.get)

WAYS = {
    "connection_strings": [by_url], "sqlalchemy_urls": [by_sqlalchemy],
    "option_files": [by_mysql], "dotenvs": [by_dotenv, by_shell],
}

def tried(way, text):
    try:
        return way(text)
    except subprocess.CalledProcessError as error:
        return error.stderr
    except Exception as error:
        return repr(error)

if sys.argv[1:] == ["environment"]:
    print(json.dumps(connect(os.environ.get)))
else:
    said = json.load(sys.stdin)
    print(json.dumps({way.__name__: tried(way, said[form]) for form, ways in WAYS.items() for way in ways}))
"""
"""Logs in with every form on its standard input, each in the ways there are; prints what MySQL says of the session."""


@pytest.fixture(scope="module", autouse=True)
def client(pair: Pair) -> None:
    """The libraries and the script on client-1, and a name for the server that is not the certificate's."""
    assert pair.ssh("client-1", "mkdir -p forms && base64 -d | tar -xz -C forms", stdin=libraries()).returncode == 0
    assert pair.ssh("client-1", "cat >forms/client.py", stdin=CLIENT).returncode == 0
    line = f"{pair.outputs()['mysql_host']} another.name"
    assert pair.ssh("client-1", f"echo '{line}' | sudo tee -a /etc/hosts >/dev/null").returncode == 0


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def identifier(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"


@pytest.fixture(params=LOGINS)
def login(pair: Pair, request: pytest.FixtureRequest) -> Iterator[Login]:
    """A user with that name, password and database, dropped again in the end."""
    user, password, database = LOGINS[request.param]
    account = f"{literal(user)}@'%'"
    pair.sql(
        f"create user {account} identified by {literal(password)}; "
        f"create database {identifier(database)}; grant select on *.* to {account}"
    )
    outputs = pair.outputs()
    yield Login(user, password, outputs["mysql_host"], outputs["mysql_port"], database, "/etc/mysql-pair/ca.pem")
    pair.sql(f"drop user {account}; drop database {identifier(database)}")


WAYS = {"by_url", "by_sqlalchemy", "by_mysql", "by_dotenv", "by_shell"}


def told(pair: Pair, login: Login) -> dict[str, Any]:
    """Return what each way of logging in from client-1 ended with."""
    said = {name: table["it"] for name, table in forms.tables({"it": login}).items() if "it" in table}
    done = pair.ssh("client-1", "python3", "forms/client.py", stdin=json.dumps(said))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found.keys() == WAYS
    return found


def test_every_form_logs_in_over_tls(pair: Pair, login: Login) -> None:
    for way, answer in told(pair, login).items():
        assert answer[:2] == [f"{login.user}@%", login.database] and "AES" in answer[2], (way, answer)


def test_no_form_takes_a_server_of_another_name(pair: Pair, login: Login) -> None:
    for way, answer in told(pair, replace(login, host="another.name")).items():
        assert "Hostname mismatch" in answer or "ERROR 2026" in answer, (way, answer)


READER = r"""
import json, subprocess, sys
argv = ["my_print_defaults", "--defaults-file=/dev/stdin", "--show", "client", "mysql"]
read = [subprocess.run(argv, input=text, capture_output=True, text=True) for text in json.load(sys.stdin)]
print(json.dumps([done.stdout for done in read]))
"""


def test_mysql_itself_reads_an_option_file_as_it_was_meant(pair: Pair) -> None:
    logins = [Login(text, text, "10.0.0.1", 3306, text, "/etc/mysql-pair/ca.pem") for text in AWKWARD]
    assert pair.ssh("server", "cat >reader.py", stdin=READER).returncode == 0
    done = pair.ssh("server", "python3", "reader.py", stdin=json.dumps([forms.option_file(it) for it in logins]))
    assert done.returncode == 0, done.stderr
    for text, printed in zip(AWKWARD, json.loads(done.stdout), strict=True):
        lines = [f"--{name}={text}" for name in ("user", "password", "database")]
        assert [line for line in printed.split("\n") if line.startswith(("--user", "--pass", "--data"))] == lines
