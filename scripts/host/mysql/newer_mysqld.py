"""The mysqld of a newer package, unpacked beside the server and asked before the package is installed.

Ubuntu's AppArmor profile is for /usr/sbin/mysqld: it does not hold the unpacked one.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import option_file, service
from scripts.host.mysql.server import Session
from scripts.host.system import packages
from scripts.host.system.spec import PackageUpgrade, UpgradeFinding

WORK = "/var/tmp"  # noqa: S108  a folder of a name of its own is made in it
ROOM = 400
"""MiB that the packages take, unpacked."""
NOT_STARTED = (126, 127)
"""Exit codes of a program that lacks a library, or is for another processor."""


def findings(planned: Sequence[PackageUpgrade]) -> Iterator[UpgradeFinding]:
    """Yield what the newer mysqld says of this server's options and plugins.

    Raises:
        HostError: the packages could not be had, or not be unpacked.
    """
    servers = [update for update in planned if update.name.startswith("mysql-server")]
    with _unpacked(servers) as root:
        if (root / "usr/sbin/mysqld").exists():
            yield from _options(root)
            yield from _plugins(root, servers)


@contextlib.contextmanager
def _unpacked(updates: Sequence[PackageUpgrade]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=WORK, prefix="mysql-pair-newer-") as folder:
        root = Path(folder) / "root"
        for path in (Path(folder), root):
            path.mkdir(exist_ok=True)
            path.chmod(0o755)  # the user mysql reads it
        for update in updates:
            packages.download(Path(folder), update.name, update.candidate)
        for deb in sorted(Path(folder).glob("*.deb")):
            done = process.run(["dpkg-deb", "--extract", str(deb), str(root)], seconds=packages.APT_SECONDS)
            if done.returncode != 0:
                words = process.last_lines(done)
                raise HostError(f"the newer packages need {ROOM} MiB in {WORK} to be looked at: {words}")
        yield root


def _options(root: Path) -> Iterator[UpgradeFinding]:
    argv = [
        str(root / "usr/sbin/mysqld"),
        f"--defaults-file={option_file.MAIN}",
        "--user=mysql",
        f"--lc-messages-dir={root}/usr/share/mysql",
        f"--plugin-dir={root}/usr/lib/mysql/plugin/",
        "--validate-config",
    ]
    libraries = {"LD_LIBRARY_PATH": f"{root}/usr/lib/mysql/private"}
    done = process.run(argv, seconds=option_file.CHECK_SECONDS, environment=libraries)
    words = service.errors_of(done.stderr) or process.last_lines(done)
    if done.returncode in NOT_STARTED:
        yield UpgradeFinding(f"The newer mysqld could not be asked about the options: {words}", "", stops=False)
    elif done.returncode != 0:
        hint = f"Correct mysqlSettings, or what is in {option_file.MAIN.parent} by hand"
        yield UpgradeFinding(f"The newer mysqld does not start with the server's options: {words}", hint, stops=True)


def _plugins(root: Path, updates: Sequence[PackageUpgrade]) -> Iterator[UpgradeFinding]:
    """Yield the libraries in use that were in the packages of now, and are not in the newer ones."""
    session = Session()
    folder = Path(str(session.one("SELECT @@plugin_dir")))
    rows = session.rows("SELECT plugin_library FROM information_schema.plugins WHERE plugin_library IS NOT NULL")
    rows += session.rows("SELECT CONCAT(SUBSTRING_INDEX(component_urn, '/', -1), '.so') FROM mysql.component")
    for name in sorted({str(library) for (library,) in rows}):
        if list(root.rglob(f"plugin/{name}")):
            continue
        owner = process.run(["dpkg-query", "--search", str(folder / name)]).stdout.partition(":")[0]
        if owner in {update.name for update in updates}:
            hint = "Uninstall the plugin or component, and give accounts that log in by it another one"
            yield UpgradeFinding(f"The newer packages have no {name}, which MySQL has loaded", hint, stops=True)
