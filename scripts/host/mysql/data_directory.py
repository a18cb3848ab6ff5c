"""MySQL's data directory on a host whose image has the package: made by one run of mysqld, with what the package adds.

The package makes it as it is installed, which is when the image is built: there it was emptied again, as no two hosts
may share what is in it. Until it is made here, the service is disabled; a marker beside the data says that it is being
made, so that one that was cut off is known, on whatever host.
"""

import os
import pwd
import secrets
import string
from pathlib import Path

from scripts.host.common import atomic_write, process
from scripts.host.common.errors import HostError
from scripts.host.mysql import kept, service
from scripts.host.mysql.service import DATA

MARKER = "initialization.json"
"""Beside the data, while they are made: the size of the error log before."""
CREDENTIALS = Path("/etc/mysql/debian.cnf")
"""Of the package's own account. An image has none, a host that is set up has one."""
FLAG = "debian-5.7.flag"
"""The package's, so that an older one is not installed over the data."""
STATEMENTS = Path("/var/lib/mysql-files/mysql-pair.sql")
"""Where AppArmor lets mysqld read."""
MAINTAINER_SCRIPTS = Path("/var/lib/dpkg/info")
BY_SOCKET = "'debian-sys-maint'@'localhost' IDENTIFIED WITH 'auth_socket' AS 'root'"
"""How the package's account logs in, as its script has it from MySQL 8.4 on; before, by a password of each host's."""
LETTERS = string.ascii_letters + string.digits
RECONFIGURE_SECONDS = 600


def is_cut_off(folder: Path) -> bool:
    """Return whether the making of a data directory was begun, and has not ended."""
    return (folder / kept.FOLDER.name / MARKER).exists()


def is_empty() -> bool:
    """Return whether nothing is there, as the package sees it too."""
    return not DATA.exists() or {path.name for path in DATA.iterdir()} <= {"lost+found"}


def set_up() -> None:
    """Have the data directory and the package's credentials, where an image has the package, and enable the service.

    Raises:
        HostError: mysqld cannot initialize the directory; the message has its own words.
    """
    if service.is_disabled():
        if is_empty() and not CREDENTIALS.exists():
            make()
        elif not CREDENTIALS.exists():
            _reconfigure()
        service.enable()


def make() -> None:
    """Initialize the data directory, which is empty, as the package does it.

    Raises:
        HostError: mysqld failed. What it left is set aside by the next run.
    """
    begin = service.log_size()
    mysql = pwd.getpwnam("mysql")
    DATA.mkdir(mode=0o700, exist_ok=True)
    kept.save(MARKER, {"log": begin})
    os.chown(DATA, mysql.pw_uid, mysql.pw_gid)
    DATA.chmod(0o700)
    password = "" if BY_SOCKET in _maintainer_script()[1] else "".join(secrets.choice(LETTERS) for _ in range(16))
    atomic_write.write(STATEMENTS, statements(password).encode(), 0o600, (mysql.pw_uid, mysql.pw_gid))
    try:
        # Without SHUTDOWN as its last statement, which mysqld now and then takes for a failure.
        argv = ["mysqld", "--initialize-insecure", "--user=mysql", f"--init-file={STATEMENTS}"]
        done = process.run_while(argv, service.log_size, service.QUIET_SECONDS, service.LONGEST_SECONDS)
    finally:
        STATEMENTS.unlink()
    if done.returncode != 0:
        raise HostError(f"mysqld cannot initialize {DATA}: {service.words_since(begin)}")
    atomic_write.write(CREDENTIALS, credentials(password).encode(), 0o600)
    atomic_write.write(DATA / FLAG, b"", 0o644)
    end()


def end() -> None:
    """Say that the data directory is whole."""
    marker = kept.FOLDER / MARKER
    marker.unlink(missing_ok=True)
    atomic_write.sync_folder(marker.parent)


def statements(password: str) -> str:
    """Return what mysqld runs at the end: root logs in by the operating system's word, and the package's account too.

    Args:
        password: of the package's account; empty where it has none.
    """
    whose = f"'debian-sys-maint'@'localhost' IDENTIFIED BY '{password}'" if password else BY_SOCKET
    lines = [
        "USE mysql;",
        "INSTALL PLUGIN auth_socket SONAME 'auth_socket.so';",
        "ALTER USER 'root'@'localhost' IDENTIFIED WITH 'auth_socket';",
        f"CREATE USER {whose};",
        "GRANT ALL ON *.* TO 'debian-sys-maint'@'localhost' WITH GRANT OPTION;",
    ]
    return "\n".join([*lines, ""])


def credentials(password: str) -> str:
    """Return the file by which the package's own scripts log in, as the package writes it."""
    secret = [f"password = {password}"] if password else []
    login = ["host     = localhost", "user     = debian-sys-maint", *secret, f"socket   = {service.PACKAGE_SOCKET}"]
    head = "# Automatically generated for Debian scripts. DO NOT TOUCH!"
    return "\n".join([head, "[client]", *login, "[mysql_upgrade]", *login, ""])


def _reconfigure() -> None:
    """Have the package set itself up, in its own way, on data that another host's MySQL has had."""
    argv = ["dpkg-reconfigure", "--frontend=noninteractive", _maintainer_script()[0]]
    begin = service.log_size()
    done = process.run(argv, seconds=RECONFIGURE_SECONDS)
    if done.returncode != 0:
        raise HostError(f"{process.last_lines(done)}\n{service.words_since(begin)}".strip())


def _maintainer_script() -> tuple[str, str]:
    """Return the name of the package that initializes the data directory, and the text of the script that does it."""
    for path in sorted(MAINTAINER_SCRIPTS.glob("mysql-server*.postinst"), reverse=True):
        if "--initialize" in (text := path.read_text(errors="replace")):
            return path.stem, text
    raise HostError(f"no package initializes {DATA}")
