"""Verb `backup extract`: databases or tables as they were at a moment, as a file of SQL; the server is not touched."""

import shutil
import time
from pathlib import Path
from typing import IO, cast

from scripts.host.backups import chosen, dump, own, replay, repository, scratch, status
from scripts.host.backups.pipeline import CHUNK, Pipeline
from scripts.host.backups.replay import Wanted
from scripts.host.backups.spec import ExtractFacts, ExtractSpec
from scripts.host.common.errors import HostError
from scripts.host.constants import STATE_DIR
from scripts.host.mysql import server

FOLDER = Path(STATE_DIR) / "extracts"


def extract(spec: ExtractSpec) -> ExtractFacts | dict[str, str]:
    """Write the file; or return which member of the group is to be asked for it.

    Raises:
        HostError: the moment cannot be had, or it has no such database or table.
    """
    begun = time.monotonic()
    own_spec, session = own.spec(), server.Session()
    if other := chosen.elsewhere(chosen.view(session)):
        return other
    with repository.opened(own_spec.repository) as repo:
        plan = replay.plan(repo, Wanted(spec.base, spec.at, spec.gtid), session)
        scratch.check_space(plan)
        with scratch.running(int(plan.manifest["lower_case_table_names"])) as instance:
            scratch.load(repo, plan, instance)
            replay.replay(repo, plan, instance.socket, instance.folder / "log")
            databases = spec.databases or tuple(plan.manifest["databases"])
            what = ["--", databases[0], *spec.tables] if spec.tables else ["--databases", "--", *databases]
            path = FOLDER / f"{status.now().replace(':', '')}.sql.zst"
            _write(path, instance.socket, what)
    seconds = round(time.monotonic() - begun, 1)
    return ExtractFacts(str(path), path.stat().st_size, plan.restored_to, seconds)


def _write(path: Path, socket: str, what: list[str]) -> None:
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    try:
        with path.open("wb") as file, Pipeline() as pipeline:
            source = pipeline.start(dump.argv(socket, *what))
            compression = pipeline.start(["zstd", "--quiet", "--stdout"], stdout=file)
            sink = cast("IO[bytes]", compression.stdin)
            shutil.copyfileobj(cast("IO[bytes]", source.stdout), sink, CHUNK)
            pipeline.finish(source)
            sink.close()
            pipeline.finish()
    except (HostError, OSError):
        path.unlink(missing_ok=True)
        raise
