"""`extract`: a database or single tables of a moment, as SQL, beside the running server."""

import subprocess
from pathlib import Path
from typing import Annotated

import typer

from scripts.backup_agent import LONG_SECONDS, ask_member, size, typed
from scripts.host.backups.spec import NEWEST, ExtractFacts, ExtractSpec
from scripts.host.common import codec
from scripts.ssh import FAILED, KEPT_ALIVE, Ssh, logins
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, StackName

REMOVE_SECONDS = 60
Database = Annotated[str, typer.Argument(metavar="DATABASE", help="The database.")]
Tables = Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="Its tables; all of them if none.")]
Output = Annotated[Path, typer.Option("--output", metavar="FILE", help="The file to write, which must not be there.")]
At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="UTC, like 2026-12-01T10:30:00Z; the latest if not given.")
]
Gtid = Annotated[str, typer.Option("--gtid", metavar="GTID", help="As it was before this transaction.")]
BaseId = Annotated[str, typer.Option("--base", metavar="ID", help="From this base, as `backups` lists them.")]


def extract(
    database: Database,
    output: Output,
    tables: Tables = None,
    at: At = "",
    gtid: Gtid = "",
    base: BaseId = NEWEST,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Get a database, or tables of it, as they were at a moment, as a file of SQL.

    The server restores the backup into a scratch instance and dumps them from there; what runs is not touched. Load the
    file into a database of its own first, and copy from there what is wanted: the file drops and makes its tables.
    """
    spec = ExtractSpec((database,), tuple(tables or ()), base, at, gtid)
    if faults := [str(fault) for fault in codec.faults_of(spec)]:
        raise OperatorError("\n".join(faults))
    if output.exists():
        raise OperatorError(f"{output} is there already: name another file")
    with logins(Stack(stack), key_seconds=LONG_SECONDS) as ssh:
        server, answer = ask_member(ssh, "extract", LONG_SECONDS, spec)
        facts = typed(ExtractFacts, answer)
        try:
            _fetch(ssh, server, facts.path, output)
        finally:
            subprocess.run(
                ssh.argv(server, ["sudo", "-n", "rm", "--force", facts.path], KEPT_ALIVE),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=REMOVE_SECONDS,
            )
    print(f"{output}: {size(output.stat().st_size)} of SQL, as of {facts.restored_to}, in {facts.seconds:g} s")


def _fetch(ssh: Ssh, server: str, path: str, output: Path) -> None:
    argv = ssh.argv(server, ["sudo", "-n", "zstd", "--decompress", "--quiet", "--stdout", path], KEPT_ALIVE)
    output.touch(mode=0o600)
    with output.open("wb") as file:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, check=False, timeout=LONG_SECONDS
        )
    if done.returncode != 0:
        output.unlink(missing_ok=True)
        reason = done.stderr.decode(errors="replace").strip()
        what = "the connection broke off" if done.returncode == FAILED else reason
        raise OperatorError(f"{server}: {path} could not be fetched: {what}")
