"""The Pulumi engine: the user's own CLI where it is new enough, else one built from its Go module and cached."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from lab.engine.go_program import GoProgram, number, search
from lab.engine.launcher import is_launcher
from lab.settings import LabError

SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"

PROGRAM = GoProgram(
    title="the Pulumi engine",
    module=Path(__file__).parent / "module",
    package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    needs=r"github\.com/pulumi/pulumi/pkg/v3 v([0-9.]+)",
    cache="engine",
    expected="about 3 minutes on two cores (1 to download, 2 to build), 2 GB of memory; once, then cached",
    disk="about 2 GB in Go's caches (GOMODCACHE, GOCACHE) and 0.1 GB in the lab's (XDG_CACHE_HOME)",
    tags="osusergo,grpcnotrace",
    # The SDKs of AWS, Azure, Google and Vault, for states and secrets kept there, are more than half of the work.
    left_out=Path(__file__).parent / "left_out",
)


@dataclass(frozen=True)
class Engine:
    """A `pulumi` that can be run."""

    path: Path
    version: str
    has_language_host: bool
    """Whether the stock Python language host lies beside it, where the engine looks for it."""


def pinned_version() -> str:
    """Return the version of the engine that the lab builds: the one that the Go module requires."""
    return PROGRAM.version


def needed_version() -> str:
    """Return the lowest version of an engine that will do: the lab's own, or that of a newer `pulumi` package."""
    try:
        return max(pinned_version(), metadata.version("pulumi"), key=number)
    except metadata.PackageNotFoundError:  # not yet: see lab.ahead
        return pinned_version()


def _program() -> GoProgram:
    flags = f"-X {SDK_MODULE}/go/common/version.Version=v{pinned_version()}"
    return replace(PROGRAM, flags=flags, instead=f"the Pulumi CLI {needed_version()} or newer")


def ensure_engine() -> Engine:
    """Return an engine that is new enough: from PATH, from the cache, or built now with progress shown.

    Raises:
        LabError: there is neither a CLI that is new enough nor Go, or the build fails.
    """
    engine = _on_path(needed_version()) or _built()
    if not engine.has_language_host:
        executor()
    return engine


def _built() -> Engine:
    """Return the lab's own engine, from the cache or built now.

    Raises:
        LabError: the `pulumi` package is newer than it, there is no Go, or the build fails.
    """
    pinned, needed = pinned_version(), needed_version()
    if pinned != needed:
        raise LabError(
            f"the Python package pulumi is {needed}, newer than the engine that the lab builds, {pinned}: "
            f"install the Pulumi CLI {needed} or newer, or pulumi=={pinned}"
        )
    return Engine(_program().ensure(), pinned, has_language_host=False)


def executor() -> Path:
    """Return the SDK's own executor script, which runs a program for a language host; kept with the cached engine.

    Source: the Go module of Pulumi's SDK, python/cmd/pulumi-language-python-exec.

    Raises:
        LabError: it is not in the cache, and Go, whose module cache has it, is not there.
    """
    program = _program()
    kept = program.folder / EXECUTOR
    with program.locked():
        if not kept.exists():
            go = program.require_go(f"to fetch {EXECUTOR}, which a `pulumi` without its language host lacks")
            program.go(go, "mod", "download", SDK_MODULE)
            folder = program.go(go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE)
            partial = kept.with_suffix(".partial")
            shutil.copyfile(Path(folder) / "python" / "cmd" / EXECUTOR, partial)
            partial.chmod(0o755)
            partial.replace(kept)
    return kept


def _on_path(needed: str) -> Engine | None:
    """Return the first `pulumi` on PATH that is new enough and no lab's own shim."""
    for folder in os.get_exec_path():
        path = Path(folder) / "pulumi"
        if not os.access(path, os.X_OK) or path.is_dir() or is_launcher(path):
            continue
        version = _version_of(path)
        if version is not None and number(version) >= number(needed):
            beside = path.resolve().parent / LANGUAGE_HOST
            return Engine(path.resolve(), version, has_language_host=os.access(beside, os.X_OK))
    return None


def _version_of(path: Path) -> str | None:
    """Ask a CLI for its version, with a home of its own: even `pulumi version` writes a log into PULUMI_HOME."""
    with tempfile.TemporaryDirectory(prefix="pulumi-version-") as home:
        variables = {**os.environ, "PULUMI_HOME": home, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            asked = subprocess.run(
                [str(path), "version"], env=variables, capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
    return search(r"^v?(\d+\.\d+\.\d+\S*)$", asked.stdout.strip())
