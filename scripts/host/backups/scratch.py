"""A second mysqld beside the running server, for as long as a block: no network, little memory, nothing that lasts.

Its data directory is a folder in MySQL's own: on the same volume, where AppArmor lets mysqld write. Its name begins
with a dot: InnoDB looks for tablespaces in every other folder there, and does not start if it finds one twice.
"""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.host.backups import progress, replay, status
from scripts.host.backups.replay import Plan
from scripts.host.backups.repository import Repository
from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import server, service

FOLDER = service.DATA / ".mysql-pair-scratch"
OVERHEAD_BYTES = 600 << 20
"""Of an empty instance: system tablespaces, undo, redo."""
INITIALIZE_SECONDS = 180
START_SECONDS = 120
STOP_SECONDS = 300
MEMINFO = Path("/proc/meminfo")
LEAST_MIB, OWN_MIB, LARGEST_POOL_MIB = 300, 180, 1024
"""Memory that has to be available, what mysqld takes besides its buffer pool, and the pool at most."""
MAINTENANCE = "'debian-sys-maint'@'localhost'"
OPTIONS = (
    "--skip-networking",
    "--mysqlx=OFF",
    "--skip-log-bin",
    "--gtid-mode=ON",
    "--enforce-gtid-consistency=ON",
    "--event-scheduler=OFF",
    "--performance-schema=OFF",
    "--loose-innodb-redo-log-capacity=128M",
    # It is thrown away if anything stops it.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=OFF",
    "--max-allowed-packet=1G",
    "--secure-file-priv=NULL",
)


@dataclass(frozen=True)
class Scratch:
    """A running scratch instance."""

    socket: str
    folder: Path
    """Where it, and nothing else, lies."""


@contextlib.contextmanager
def running(lower_case_table_names: int) -> Iterator[Scratch]:
    """Run an empty instance; whatever an earlier one has left is removed before.

    Raises:
        HostError: another one runs, or it does not start.
    """
    with status.held("scratch"), progress.told():
        remove()
        pool = pool_mib()
        try:
            owner = pwd.getpwnam("mysql")
            for folder in (FOLDER, FOLDER / "tmp"):
                folder.mkdir(mode=0o700)
                os.chown(folder, owner.pw_uid, owner.pw_gid)
            data, socket, log = FOLDER / "data", FOLDER / "s.sock", FOLDER / "error.log"
            base = ["mysqld", "--no-defaults", "--user=mysql", f"--datadir={data}", f"--log-error={log}"]
            base += [f"--lower-case-table-names={lower_case_table_names}", f"--tmpdir={FOLDER / 'tmp'}"]
            base.append(f"--innodb-buffer-pool-size={pool}M")
            done = process.run([*base, "--initialize-insecure"], seconds=INITIALIZE_SECONDS)
            if done.returncode != 0:
                raise HostError(f"a scratch mysqld cannot be initialized: {_words(log) or process.last_lines(done)}")
            argv = [*base, *OPTIONS, *plugins(), f"--socket={socket}", f"--pid-file={FOLDER / 'pid'}"]
            with _started(argv, socket, log):
                yield Scratch(str(socket), FOLDER)
        finally:
            remove()


def plugins() -> list[str]:
    """Return the options that load what accounts of the running server log in by: without it they are refused."""
    query = (
        "SELECT plugin_name, plugin_library FROM information_schema.plugins WHERE plugin_type = 'AUTHENTICATION'"
        " AND plugin_status = 'ACTIVE' AND plugin_library IS NOT NULL ORDER BY plugin_name"
    )
    return [f"--plugin-load-add={name}={library}" for name, library in server.Session().rows(query)]


def pool_mib() -> int:
    """Return how large its buffer pool may be: half of what is available on the host, besides mysqld itself.

    Raises:
        HostError: the host has too little.
    """
    text = MEMINFO.read_text()
    available = int(text.partition("MemAvailable:")[2].split()[0]) >> 10
    if available < LEAST_MIB:
        raise HostError(
            f"a scratch mysqld needs {LEAST_MIB} MiB of memory, and {available} MiB are available: take a larger "
            "instance type, or restore elsewhere"
        )
    return min((available - OWN_MIB) // 2, LARGEST_POOL_MIB)


def remove() -> None:
    """Remove what a run has left that was cut off, and end its mysqld."""
    pid = FOLDER / "pid"
    number = pid.read_text().strip() if pid.exists() else ""
    if number.isdigit() and str(FOLDER).encode() in _command_line(number):
        os.kill(int(number), signal.SIGKILL)
    shutil.rmtree(FOLDER, ignore_errors=True)


@contextlib.contextmanager
def _started(argv: Sequence[str], socket: Path, log: Path) -> Iterator[None]:
    mysqld = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + START_SECONDS
        ping = ["mysqladmin", "--no-defaults", f"--socket={socket}", "--user=root", "ping"]
        while process.run(ping).returncode != 0:
            if mysqld.poll() is not None or time.monotonic() > deadline:
                raise HostError(f"a scratch mysqld does not start: {_words(log)}")
            time.sleep(0.2)
        yield
    finally:
        # Its files are removed: it need not write anything.
        mysqld.kill()
        mysqld.wait(STOP_SECONDS)


def _command_line(pid: str) -> bytes:
    path = Path("/proc") / pid / "cmdline"
    return path.read_bytes() if path.exists() else b""


def _words(log: Path) -> str:
    text = log.read_text(errors="replace") if log.exists() else ""
    return service.errors_of(text) or "\n".join(text.splitlines()[-5:])


def check_space(chosen: Plan) -> None:
    """Refuse a restore that would fill the server's disk.

    Raises:
        HostError: see above.
    """
    log = sum(file.size for file in chosen.files)
    replay.check_space(service.DATA, int(chosen.manifest["data_bytes"]) + log + OVERHEAD_BYTES)


def load(repo: Repository, chosen: Plan, scratch: Scratch) -> None:
    """Bring a base into the instance, with what it has executed."""
    manifest = chosen.manifest
    version = process.must(
        ["mysql", "--no-defaults", f"--socket={scratch.socket}", "-uroot", "-Ne", "SELECT VERSION()"]
    )
    replay.check_version(manifest, version, int(manifest["lower_case_table_names"]))
    # The instance is thrown away if anything stops it.
    statements = [
        # The package's own account, which no base has, and which an upgrade of the package changes in the log.
        f"CREATE USER IF NOT EXISTS {MAINTENANCE} ACCOUNT LOCK",
        *replay.reset_statements(manifest, version),
        "ALTER INSTANCE DISABLE INNODB REDO_LOG",
    ]
    replay.statements(scratch.socket, ";\n".join(statements) + ";\n")
    replay.load(repo, manifest, scratch.socket)
