"""Each form of a login is read back by the library that owns it, whatever is in name, password and database."""

from __future__ import annotations

import configparser
import io
import os
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, unquote_plus, urlsplit

import dj_database_url
import dotenv
import pymysql  # type: ignore[import-untyped]  # ships no types
import pytest
from pymysql.optionfile import Parser  # type: ignore[import-untyped]  # likewise
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.engine import make_url

from scripts.host.common.option_text import quoted
from stack_outputs import forms
from stack_outputs.forms import FormError, Login
from tests.unit.outputs.awkward import AWKWARD, each

CA_FILE = "/etc/mysql-pair/ca.pem"
PLAIN = Login("app", "s3cret", "10.20.0.10", 3306, "shop", CA_FILE)


def login(text: str) -> Login:
    return replace(PLAIN, user=text, password=text, database=text)


def sqlalchemy_arguments(url: str) -> dict[str, Any]:
    """Return what SQLAlchemy would call pymysql.connect with."""
    return dict(MySQLDialect_pymysql(dbapi=pymysql).create_connect_args(make_url(url))[1])


# form, how it looks
LOOKS = [
    (forms.url, f"mysql://app:s3cret@10.20.0.10:3306/shop?ssl-mode=VERIFY_IDENTITY&ssl-ca={CA_FILE}"),
    (
        forms.sqlalchemy_url,
        f"mysql+pymysql://app:s3cret@10.20.0.10:3306/shop?ssl_ca={CA_FILE}&ssl_check_hostname=true",
    ),
    (
        forms.django_url,
        f"mysql://app:s3cret@10.20.0.10:3306/shop?ssl-ca={CA_FILE}&ssl_mode=VERIFY_IDENTITY",
    ),
    (forms.prisma_url, f"mysql://app:s3cret@10.20.0.10:3306/shop?sslcert={CA_FILE}&sslaccept=strict"),
    (
        forms.golang_migrate_url,
        f"mysql://app:s3cret@tcp(10.20.0.10:3306)/shop?tls=mysql-pair&x-tls-ca={CA_FILE}",
    ),
    (
        forms.mariadb_option_file,
        '[client]\nhost="10.20.0.10"\nport=3306\nuser="app"\npassword="s3cret"\n'
        f'ssl-ca="{CA_FILE}"\nssl-verify-server-cert\n[mysql]\ndatabase="shop"\n',
    ),
    (
        forms.jdbc_url,
        "jdbc:mysql://10.20.0.10:3306/shop?user=app&password=s3cret&sslMode=VERIFY_IDENTITY"
        "&trustCertificateKeyStoreUrl=file:/etc/mysql-pair/ca.jks&trustCertificateKeyStoreType=JKS",
    ),
    (forms.go_dsn, "app:s3cret@tcp(10.20.0.10:3306)/shop?tls=mysql-pair"),
    (
        forms.option_file,
        '[client]\nhost="10.20.0.10"\nport=3306\nuser="app"\npassword="s3cret"\n'
        f'ssl-mode="VERIFY_IDENTITY"\nssl-ca="{CA_FILE}"\n[mysql]\ndatabase="shop"\n',
    ),
    (
        forms.dotenv,
        "MYSQL_HOST='10.20.0.10'\nMYSQL_PORT='3306'\nMYSQL_USER='app'\nMYSQL_PASSWORD='s3cret'\n"
        f"MYSQL_DATABASE='shop'\nMYSQL_SSL_CA='{CA_FILE}'\nMYSQL_SSL_MODE='VERIFY_IDENTITY'\n",
    ),
]


@pytest.mark.parametrize(("form", "text"), LOOKS)
def test_a_form_looks_as_documented(form: Callable[[Login], str], text: str) -> None:
    assert form(PLAIN).replace("%2F", "/").replace("%3A", ":") == text


def test_every_form_is_an_output() -> None:
    assert {form.write for form in forms.FORMS} == {form for form, _ in LOOKS}


@pytest.mark.parametrize("form", [form.write for form in forms.FORMS])
def test_a_login_without_a_database_names_none(form: Callable[[Login], str]) -> None:
    said = form(replace(PLAIN, database=None))
    assert "shop" not in said and "None" not in said and "DATABASE" not in said and "database" not in said


@each()
def test_a_url_is_read_back(text: str) -> None:
    assert forms.login_of(forms.url(login(text))) == login(text)
    assert forms.login_of(forms.url(replace(login(text), database=None))).database is None
    assert parse_qs(urlsplit(forms.url(login(text))).query) == {"ssl-mode": ["VERIFY_IDENTITY"], "ssl-ca": [CA_FILE]}


@each()
def test_sqlalchemy_reads_its_url(text: str) -> None:
    read = sqlalchemy_arguments(forms.sqlalchemy_url(login(text)))
    assert read | {"client_flag": 0} == {
        "user": text,
        "password": text.encode().decode("latin-1"),
        "host": "10.20.0.10",
        "port": 3306,
        "database": text,
        "ssl": {"ca": CA_FILE, "check_hostname": True},
        "client_flag": 0,
    }


@each()
def test_pymysql_sends_the_password_in_utf_8(text: str) -> None:
    arguments = sqlalchemy_arguments(forms.sqlalchemy_url(login(text)))
    assert (
        pymysql.connections.Connection(defer_connect=True, **arguments | {"ssl_disabled": True}).password
        == text.encode()
    )


def test_pymysql_still_sends_a_passwords_characters_in_latin_1() -> None:
    """When this fails, PyMySQL sends UTF-8: sqlalchemy_url is to write the password as it is, and page.md to say so."""
    assert pymysql.connections.Connection(defer_connect=True, password="\xfc").password == b"\xfc"


@pytest.mark.parametrize("form", [forms.sqlalchemy_url, forms.django_url, forms.prisma_url])
def test_a_url_of_a_plain_login_stands_in_an_ini_file_as_it_is(form: Callable[[Login], str]) -> None:
    """alembic.ini and airflow.cfg are read by ConfigParser, to which a percent sign is its own."""
    plain = replace(PLAIN, password="aB3-_.~!$&'()*,;=")
    url = form(plain) if form in (forms.sqlalchemy_url, forms.django_url) else form(PLAIN)
    parser = configparser.ConfigParser()
    parser.read_string(f"[alembic]\nsqlalchemy.url = {url}\n")
    assert parser.get("alembic", "sqlalchemy.url") == url


@each()
def test_any_url_stands_in_an_ini_file_with_its_percent_signs_doubled(text: str) -> None:
    url = forms.sqlalchemy_url(login(text))
    parser = configparser.ConfigParser()
    parser.read_string("[alembic]\nsqlalchemy.url = " + url.replace("%", "%%") + "\n")
    assert parser.get("alembic", "sqlalchemy.url") == url


@each()
def test_dj_database_url_reads_djangos_url(text: str) -> None:
    read = dj_database_url.parse(forms.django_url(login(text)))
    assert {name: read[name] for name in ("ENGINE", "USER", "PASSWORD", "HOST", "PORT", "NAME", "OPTIONS")} == {
        "ENGINE": "django.db.backends.mysql",
        "USER": text,
        "PASSWORD": text,
        "HOST": "10.20.0.10",
        "PORT": 3306,
        "NAME": text,
        "OPTIONS": {"ssl": {"ca": CA_FILE}, "ssl_mode": "VERIFY_IDENTITY"},
    }


@each()
def test_prismas_url_has_what_its_connector_decodes(text: str) -> None:
    """Source: prisma-engines, quaint/src/connector/mysql/url.rs: user and password are decoded, the database is not."""
    url = forms.prisma_url(replace(PLAIN, user=text, password=text))
    parts = urlsplit(url)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (text, text)
    assert (parts.hostname, parts.port, parts.path) == ("10.20.0.10", 3306, "/shop")
    assert parse_qs(parts.query) == {"sslcert": [CA_FILE], "sslaccept": ["strict"]}


@pytest.mark.parametrize(("form", "said"), [(forms.prisma_url, "Prisma"), (forms.golang_migrate_url, "golang-migrate")])
@pytest.mark.parametrize("database", ["a/b", "a?b", "a%b"])
def test_a_database_that_a_form_cannot_name_is_refused_in_words(
    form: Callable[[Login], str], said: str, database: str
) -> None:
    with pytest.raises(FormError, match=f"{said} takes the database's name as it stands") as caught:
        form(replace(PLAIN, database=database))
    assert PLAIN.password not in str(caught.value)


@each([text for text in AWKWARD if ":" not in text])
def test_golang_migrate_reads_its_url(text: str) -> None:
    """Source: golang-migrate 4.20, database/mysql/mysql.go, and go-sql-driver's README, "DSN"; run in tests/drivers."""
    url = forms.golang_migrate_url(replace(PLAIN, user=text, password=text, database="my data+base"))
    rest, _, last = url.removeprefix("mysql://").rpartition("/")
    database, _, query = last.partition("?")
    account, _, address = rest.rpartition("@")
    user, _, password = account.partition(":")
    assert (unquote_plus(user), unquote_plus(password)) == (text, text)
    assert (address, database) == ("tcp(10.20.0.10:3306)", "my data+base")
    assert parse_qs(query) == {"tls": ["mysql-pair"], "x-tls-ca": [CA_FILE]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate in a file."""
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    argv = ["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=ours"]
    subprocess.run([*argv, "-out", str(path)], check=True, capture_output=True)
    return str(path)


def tls_of(**arguments: Any) -> tuple[ssl.VerifyMode, bool, list[str]]:
    """Return whether PyMySQL would verify certificate and name, and by which authorities."""
    context = pymysql.connections.Connection(defer_connect=True, **arguments).ctx
    subjects = [authority["subject"] for authority in context.get_ca_certs()]
    return context.verify_mode, context.check_hostname, [str(part[0][0][1]) for part in subjects]


VERIFIED = (ssl.CERT_REQUIRED, True, ["ours"])


def test_sqlalchemys_url_makes_pymysql_verify_certificate_and_name_by_our_authority(authority: str) -> None:
    url = forms.sqlalchemy_url(replace(PLAIN, ca_file=authority))
    assert tls_of(**sqlalchemy_arguments(url)) == VERIFIED
    # PyMySQL's own names for it, in the URL, lose the authority.
    assert tls_of(**sqlalchemy_arguments(url + "&ssl_verify_cert=true&ssl_verify_identity=true")) != VERIFIED


def test_pymysql_verifies_by_the_option_file_too(authority: str, tmp_path: Path) -> None:
    (tmp_path / "my.cnf").write_text(forms.option_file(replace(PLAIN, ca_file=authority)))
    assert tls_of(read_default_file=str(tmp_path / "my.cnf")) == VERIFIED


@each([text for text in AWKWARD if not set(text) & set('\\"')])
def test_pymysql_reads_an_option_file(text: str) -> None:
    parser = Parser()
    parser.read_string(forms.option_file(login(text)))
    assert (parser.get("client", "user"), parser.get("client", "password")) == (text, text)
    assert parser.get("mysql", "database") == text


# value, how the option file has it; that mysql reads it so is tests/lab/test_forms.py's
QUOTED = [
    ("a b ", '"a b "'),
    ("#;='", '"#;=\'"'),
    ('a"b', '"a\\"b"'),
    ("a\\b\\", '"a\\\\b\\\\"'),
    ("a\nb\rc", '"a\\nb\\rc"'),
]


@pytest.mark.parametrize(("value", "text"), QUOTED)
def test_an_option_files_value_is_quoted(value: str, text: str) -> None:
    assert quoted(value) == text


WANTED = (
    "MYSQL_USER",
    "MYSQL_PASSWORD",
    "MYSQL_DATABASE",
    "MYSQL_HOST",
    "MYSQL_PORT",
    "MYSQL_SSL_CA",
    "MYSQL_SSL_MODE",
)


def wanted(text: str) -> list[str]:
    return [text, text, text, "10.20.0.10", "3306", CA_FILE, "VERIFY_IDENTITY"]


@each()
def test_python_dotenv_reads_a_dotenv(text: str) -> None:
    read = dotenv.dotenv_values(stream=io.StringIO(forms.dotenv(login(text))))
    assert [read[name] for name in WANTED] == wanted(text)


@each()
def test_a_shell_reads_the_same_dotenv(text: str) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere"}
    for shell in ("sh", "bash"):
        argv = [shell, "-c", "set -aeu; . /dev/stdin; env -0"]
        done = subprocess.run(argv, input=forms.dotenv(login(text)), capture_output=True, text=True, env=environment)
        read = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
        assert ([read.get(name) for name in WANTED], done.stderr) == (wanted(text), ""), shell


@each()
def test_a_dotenv_has_no_more_variables_than_it_needs(text: str) -> None:
    names = {line.split("=")[0] for line in forms.dotenv(login(text)).splitlines()}
    helpers = names - {*WANTED}
    assert helpers <= {"MYSQL_DOLLAR", "MYSQL_BACKTICK"}
    assert not helpers or "'" in text or "\\" in text or "${" in text


@pytest.mark.parametrize("form", [forms.go_dsn, forms.golang_migrate_url])
def test_a_go_data_source_name_cannot_say_a_user_with_a_colon(form: Callable[[Login], str]) -> None:
    with pytest.raises(FormError, match="first colon") as caught:
        form(replace(PLAIN, user="a:b"))
    assert PLAIN.password not in str(caught.value)


def test_what_a_form_cannot_say_is_left_out_of_its_table_alone() -> None:
    tables = forms.tables({"app": PLAIN, "odd": replace(PLAIN, user="a:b")})
    assert tables.keys() == {form.output for form in forms.FORMS}
    assert {name for name, table in tables.items() if "odd" not in table} == {"go_dsns", "golang_migrate_urls"}
    assert all("app" in table for table in tables.values())


def test_connector_j_gets_a_database_with_blanks_at_its_ends_as_a_property() -> None:
    assert forms.jdbc_url(replace(PLAIN, database=" a")).endswith("&dbname=%20a")


def test_a_login_shows_no_password() -> None:
    assert PLAIN.password not in repr(PLAIN)
