"""A login in the form that each client library reads, by the quoting rules of the library that owns the form.

Every form asks for TLS with the server's authority and identity checked. tests/unit/outputs reads each back.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote, urlsplit

from scripts.host.common.option_text import quoted
from scripts.host.constants import CA_FILE, MYSQL_PORT

GO_TLS_CONFIG = "mysql-pair"
"""The name that a Go program registers the authority under, with mysql.RegisterTLSConfig."""


class FormError(ValueError):
    """The form has no way to say this login; the message names the reason and nothing secret."""


@dataclass(frozen=True)
class Login:
    """One user's way into the server."""

    user: str
    """The user's name on the server, not its key in the stack."""
    password: str = field(repr=False)
    host: str
    """An address, or a name that the server's certificate has."""
    port: int
    database: str | None
    """The database to use at first; None: none."""
    ca_file: str = CA_FILE
    """Where the authority's certificate (PEM) lies on the host that logs in."""

    @property
    def trust_store(self) -> str:
        """Where the same certificate lies as a Java key store (JKS): Connector/J reads no PEM."""
        return self.ca_file.removesuffix(".pem") + ".jks"


def url(login: Login) -> str:
    """Return a URL (MySQL manual, "Connecting Using URI-Like Strings"; RFC 3986), each part percent-encoded."""
    return f"mysql://{_authority(login)}/{_encoded(login.database or '')}?{_query(_mysql_tls(login))}"


def sqlalchemy_url(login: Login) -> str:
    """Return a URL for SQLAlchemy with PyMySQL (SQLAlchemy, "Database URLs" and "SSL Connections" of mysqldb).

    The dialect puts `ssl_ca` and `ssl_check_hostname` into PyMySQL's `ssl` argument, where a certificate is required as
    soon as there is an authority. `ssl_verify_cert` and `ssl_verify_identity` would pass by it, and PyMySQL would then
    forget the authority that the dialect has put there. PyMySQL sends a password's characters in Latin-1, so that each
    here is a byte of the password in UTF-8; in ASCII they are the same.
    What need not be encoded stands as it is, as alembic.ini and its like take a percent sign for their own.
    """
    login = replace(login, password=login.password.encode().decode("latin-1"))
    tls = {"ssl_ca": login.ca_file, "ssl_check_hostname": "true"}
    database = "" if login.database is None else f"/{_encoded(login.database)}"
    return f"mysql+pymysql://{_authority(login, _SUB_DELIMS)}{database}?{_query(tls, '/')}"


def django_url(login: Login) -> str:
    """Return a URL for Django by dj-database-url (its README, "URL schema"), with mysqlclient, which has `ssl_mode`."""
    tls = {"ssl-ca": login.ca_file, "ssl_mode": "VERIFY_IDENTITY"}
    return f"mysql://{_authority(login, _SUB_DELIMS)}/{_encoded(login.database or '')}?{_query(tls, '/')}"


def prisma_url(login: Login) -> str:
    """Return a URL for Prisma's MySQL connector (Prisma ORM 6, "MySQL/MariaDB", "Connection URL").

    The connector decodes user and password, but takes the database's name as it stands in the URL.

    Raises:
        FormError: the database's name has characters that a URL has to encode.
    """
    database = login.database or ""
    if quote(database, safe=_SUB_DELIMS) != database or database in (".", ".."):
        raise FormError("Prisma takes the database's name as it stands in the URL, where this one has to be encoded")
    tls = {"sslcert": login.ca_file, "sslaccept": "strict"}
    return f"mysql://{_authority(login)}/{database}?{_query(tls, '/')}"


def jdbc_url(login: Login) -> str:
    """Return a URL for MySQL Connector/J (Developer Guide, "Connection URL Syntax" and "Security").

    User and password are properties of the URL; Connector/J decodes each as java.net.URLDecoder does. It takes blanks
    off the ends of the path, so a database that has some there is a property too. Its trust store must be of a type
    that the JVM knows, and PEM is none, so it is the JKS beside the certificate.
    """
    database = login.database or ""
    properties = {
        "user": login.user,
        "password": login.password,
        "sslMode": "VERIFY_IDENTITY",
        "trustCertificateKeyStoreUrl": f"file:{login.trust_store}",
        "trustCertificateKeyStoreType": "JKS",
        **({"dbname": database} if database != database.strip() else {}),
    }
    return f"jdbc:mysql://{login.host}:{login.port}/{_encoded(database)}?{_query(properties)}"


def go_dsn(login: Login) -> str:
    """Return a data source name for github.com/go-sql-driver/mysql (its README, "DSN").

    User and password stand as they are: the parser looks for the last `/`, the last `@` before it and the first `:`.

    Raises:
        FormError: the user's name has a colon.
    """
    if ":" in login.user:
        raise FormError(_COLON)
    address = f"tcp({login.host}:{login.port})"
    return f"{login.user}:{login.password}@{address}/{_encoded(login.database or '')}?tls={GO_TLS_CONFIG}"


def golang_migrate_url(login: Login) -> str:
    """Return a URL for golang-migrate (its database/mysql/README.md): a data source name, and where the authority is.

    It decodes user and password, and writes a data source name of go-sql-driver 1.5 from them, which has a database's
    name as it stands.

    Raises:
        FormError: a data source name has no way to say the user's or the database's name.
    """
    if ":" in login.user:
        raise FormError(_COLON)
    if set(login.database or "") & {*"/?%"}:
        raise FormError("golang-migrate takes the database's name as it stands, and this one has a /, ? or %")
    # The last slash is looked for first, so the file's path has none.
    address, tls = f"tcp({login.host}:{login.port})", _query({"tls": GO_TLS_CONFIG, "x-tls-ca": login.ca_file})
    return f"mysql://{_encoded(login.user)}:{_encoded(login.password)}@{address}/{login.database or ''}?{tls}"


def option_file(login: Login) -> str:
    """Return an option file for MySQL's own programs (MySQL manual, "Using Option Files").

    The database is in a group of its own: mysql knows the option, mysqldump and others refuse it.
    """
    return _option_file(login, [f"{name}={quoted(value)}" for name, value in _mysql_tls(login).items()])


def mariadb_option_file(login: Login) -> str:
    """Return the same for MariaDB's programs, which have no ssl-mode (MariaDB, "mariadb Command-Line Client")."""
    return _option_file(login, [f"ssl-ca={quoted(login.ca_file)}", "ssl-verify-server-cert"])


def dotenv(login: Login) -> str:
    """Return a file that python-dotenv and a shell's `set -a; . file` read alike.

    Between single quotes both read what stands there, but for quotes and backslashes (and `${`, which python-dotenv
    expands there too). Between double quotes both take a backslash before a backslash or a double quote, but they
    have no way in common to write a `$` or a backtick; so these come from variables of the file's own, there only if
    needed.
    """
    values = {
        "MYSQL_HOST": login.host,
        "MYSQL_PORT": str(login.port),
        "MYSQL_USER": login.user,
        "MYSQL_PASSWORD": login.password,
        **({} if login.database is None else {"MYSQL_DATABASE": login.database}),
        "MYSQL_SSL_CA": login.ca_file,
        "MYSQL_SSL_MODE": "VERIFY_IDENTITY",
    }
    lines = [f"{name}={_dotenv_value(value)}" for name, value in values.items()]
    needed = [
        f"{name}='{sign}'" for sign, name in _DOTENV_SIGNS.items() if any(f"${{{name}}}" in line for line in lines)
    ]
    return "\n".join([*needed, *lines, ""])


@dataclass(frozen=True)
class Form:
    """A form, and the output that is a table of it by user key."""

    output: str
    write: Callable[[Login], str]
    description: str
    """What it is for."""

    @property
    def name(self) -> str:
        """What the form of one login is called."""
        return self.write.__name__


FORMS = (
    Form("connection_strings", url, "Every user's login as a URL, by user key."),
    Form("sqlalchemy_urls", sqlalchemy_url, "For SQLAlchemy with PyMySQL, by user key."),
    Form(
        "django_urls",
        django_url,
        "For Django by dj-database-url, with mysqlclient, by user key.",
    ),
    Form(
        "prisma_urls",
        prisma_url,
        "For Prisma's MySQL connector, by user key; a user whose database's name a URL has to encode is left out.",
    ),
    Form("jdbc_urls", jdbc_url, "For MySQL Connector/J, by user key."),
    Form(
        "go_dsns",
        go_dsn,
        "For Go's go-sql-driver/mysql, by user key; a user whose name has a colon is left out, a DSN cannot say it.",
    ),
    Form(
        "golang_migrate_urls",
        golang_migrate_url,
        "For golang-migrate, by user key; a user whose name has a colon, or whose database a /, ? or %, is left out.",
    ),
    Form("option_files", option_file, "For MySQL's own programs: whole option files, by user key."),
    Form("mariadb_option_files", mariadb_option_file, "The same for MariaDB's programs, by user key."),
    Form("dotenvs", dotenv, "For python-dotenv and shells: whole .env files, by user key."),
)
"""Every form. The contract's outputs, the reader's methods and docs/outputs.md follow from this table."""


READ = "read_"
"""How the outputs for reading begin, and what else is of them: each form is there twice."""


def tables(logins: Mapping[str, Login], prefix: str = "") -> dict[str, dict[str, str]]:
    """Return every such output, from logins by user key. A login that a form cannot say is left out of that one."""
    outputs: dict[str, dict[str, str]] = {prefix + form.output: {} for form in FORMS}
    for form in FORMS:
        for key, login in logins.items():
            with contextlib.suppress(FormError):
                outputs[prefix + form.output][key] = form.write(login)
    return outputs


def login_of(text: str) -> Login:
    """Return the login of a URL that `url` has made."""
    parts = urlsplit(text)
    tls = dict(pair.split("=", 1) for pair in parts.query.split("&"))
    return Login(
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=parts.hostname or "",
        port=parts.port or MYSQL_PORT,
        database=unquote(parts.path.removeprefix("/")) or None,
        ca_file=unquote(tls["ssl-ca"]),
    )


_DOTENV_SIGNS = {"$": "MYSQL_DOLLAR", "`": "MYSQL_BACKTICK"}
_DOTENV_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"'} | {sign: f"${{{n}}}" for sign, n in _DOTENV_SIGNS.items()})


def _dotenv_value(value: str) -> str:
    if any(sign in value for sign in ("'", "\\", "${")):
        return '"' + value.translate(_DOTENV_ESCAPES) + '"'
    return f"'{value}'"


def _option_file(login: Login, tls: Sequence[str]) -> str:
    lines = [
        "[client]",
        f"host={quoted(login.host)}",
        f"port={login.port}",
        f"user={quoted(login.user)}",
        f"password={quoted(login.password)}",
        *tls,
    ]
    if login.database is not None:
        lines += ["[mysql]", f"database={quoted(login.database)}"]
    return "\n".join([*lines, ""])


_SUB_DELIMS = "!$&'()*,;="
"""What may stand in a URL's user and password as it is (RFC 3986); without the plus sign, to some a blank."""
_COLON = "a Go data source name ends the user's name at its first colon, and this name has one"


def _authority(login: Login, safe: str = "") -> str:
    return f"{quote(login.user, safe)}:{quote(login.password, safe)}@{login.host}:{login.port}"


def _mysql_tls(login: Login) -> dict[str, str]:
    return {"ssl-mode": "VERIFY_IDENTITY", "ssl-ca": login.ca_file}


def _query(parameters: Mapping[str, str], safe: str = "") -> str:
    return "&".join(f"{name}={quote(value, safe)}" for name, value in parameters.items())


def _encoded(text: str) -> str:
    return quote(text, safe="")
