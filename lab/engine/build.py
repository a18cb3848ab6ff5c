"""The Pulumi engine: the user's own CLI where it is new enough, else one built from its Go module and cached."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from lab.engine.launcher import is_launcher
from lab.settings import LabError, cache_folder

MODULE = Path(__file__).parent / "module"
PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK_MODULE = "github.com/pulumi/pulumi/sdk/v3"
LANGUAGE_HOST = "pulumi-language-python"
EXECUTOR = "pulumi-language-python-exec"

EXPECTED = "about 5 minutes on two cores (1 to download, 4 to build), 2 GB of memory; once, then cached"
PROGRESS_SECONDS = 20
"""Between two lines of progress where nobody watches a terminal."""

Version = tuple[int, ...]


@dataclass(frozen=True)
class Engine:
    """A `pulumi` that can be run."""

    path: Path
    version: str
    has_language_host: bool
    """Whether the stock Python language host lies beside it, where the engine looks for it."""


def pinned_version() -> str:
    """Return the version of the engine that the lab builds: the one that the Go module requires."""
    version = _search(r"github\.com/pulumi/pulumi/pkg/v3 v([0-9.]+)", _go_mod())
    assert version, "go.mod requires Pulumi"  # noqa: S101  a file of the lab's own
    return version


def needed_version() -> str:
    """Return the lowest version of an engine that will do: the lab's own, or that of a newer `pulumi` package."""
    return max(pinned_version(), metadata.version("pulumi"), key=_number)


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
    path = _folder(pinned) / "pulumi"
    with _locked(path.parent):
        if not path.exists():
            _build(pinned, path)
    return Engine(path, pinned, has_language_host=False)


def executor() -> Path:
    """Return the SDK's own executor script, which runs a program for a language host; kept with the cached engine.

    Source: the Go module of Pulumi's SDK, python/cmd/pulumi-language-python-exec.

    Raises:
        LabError: it is not in the cache, and Go, whose module cache has it, is not there.
    """
    pinned = pinned_version()
    kept = _folder(pinned) / EXECUTOR
    with _locked(kept.parent):
        if not kept.exists():
            go = _require_go(f"to fetch {EXECUTOR}, which a `pulumi` without its language host lacks")
            _go(go, "mod", "download", SDK_MODULE)
            folder = _go(go, "list", "-m", "-f", "{{.Dir}}", SDK_MODULE)
            partial = kept.with_suffix(".partial")
            shutil.copyfile(Path(folder) / "python" / "cmd" / EXECUTOR, partial)
            partial.chmod(0o755)
            partial.replace(kept)
    return kept


def _search(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def _go_mod() -> str:
    return (MODULE / "go.mod").read_text(encoding="utf-8")


def _folder(version: str) -> Path:
    return cache_folder() / "engine" / f"v{version}"


def _number(version: str) -> Version:
    """Return the numbers of `v3.259.0`, `go1.26.8` or `3.260.0-dev.1`, which compare as versions do."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _on_path(needed: str) -> Engine | None:
    """Return the first `pulumi` on PATH that is new enough and no lab's own shim."""
    for folder in os.get_exec_path():
        path = Path(folder) / "pulumi"
        if not os.access(path, os.X_OK) or path.is_dir() or is_launcher(path):
            continue
        version = _version_of(path)
        if version is not None and _number(version) >= _number(needed):
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
    return _search(r"^v?(\d+\.\d+\.\d+\S*)$", asked.stdout.strip())


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep two runs from building the same engine twice.

    Raises:
        LabError: the cache folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("w")
    except OSError as error:
        raise LabError(f"cannot write to the cache {folder}: {error.strerror}; XDG_CACHE_HOME moves it") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another run is building the Pulumi engine: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_go(purpose: str) -> str:
    """Return the Go command.

    Raises:
        LabError: there is none, or it is older than go.mod asks for.
    """
    needed = _search(r"^go (\S+)", _go_mod()) or "?"
    go = shutil.which("go")
    have = "" if go is None else _go(go, "env", "GOVERSION")
    if go is None or _number(have) < _number(needed):
        shown = f" (this one is {have.removeprefix('go')})" if have else ""
        raise LabError(
            f"install the Pulumi CLI {needed_version()} or newer, or Go {needed} or newer{shown}: "
            f"one of them is needed {purpose}"
        )
    return go


def _go(go: str, *arguments: str) -> str:
    """Run a Go command in the engine's module and return what it prints.

    Raises:
        LabError: it fails; with the end of its error output.
    """
    done = subprocess.run([go, *arguments], cwd=MODULE, env=_go_env(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"`go {' '.join(arguments)}` failed:\n{_tail(done.stderr.splitlines())}")
    return done.stdout.strip()


def _go_env() -> dict[str, str]:
    # `local`: no other Go toolchain is downloaded behind the user's back. GOFLAGS and GOWORK of the user's own
    # projects do not belong here.
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}


def _build(version: str, path: Path) -> None:
    """Build the engine, showing progress, and put it at `path` in one step.

    Raises:
        LabError: no Go, no room, or the build fails; with the end of the log.
    """
    go = _require_go("to run the lab's stack")
    _say(f"building the Pulumi engine {version} from its Go module: {EXPECTED}")
    partial, log = path.with_suffix(".partial"), path.with_name("build.log")
    flags = f"-s -w -X {SDK_MODULE}/go/common/version.Version=v{version}"
    command = [go, "build", "-v", "-tags", "osusergo,grpcnotrace", "-ldflags", flags, "-o", str(partial), PACKAGE]
    began = time.monotonic()
    try:
        lines, code = _watch(command, log)
        if code != 0:
            raise LabError(_why(lines, log))
        partial.chmod(0o755)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    _say(f"the Pulumi engine is built: {_elapsed(began)}, kept in {path.parent}")


def _watch(command: list[str], log: Path) -> tuple[list[str], int]:
    """Run the build, count what it reports, and return its lines and its exit code.

    Raises:
        LabError: the log cannot be written, as on a full disk.
    """
    began, lines = time.monotonic(), list[str]()
    show = _progress(began)
    with subprocess.Popen(
        command, cwd=MODULE, env=_go_env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as build:
        try:
            for line in build.stderr or ():
                lines.append(line.rstrip())
                show(sum(not known.startswith("go: ") for known in lines), lines[-1].startswith("go: downloading"))
        except BaseException:
            build.terminate()
            raise
    if sys.stderr.isatty():
        print(file=sys.stderr)
    try:
        log.write_text("\n".join(lines), encoding="utf-8")
    except OSError as error:
        raise LabError(f"cannot write {log}: {error.strerror}") from error
    return lines, build.returncode


def _progress(began: float) -> Callable[[int, bool], None]:
    """Return what shows the state of a build: in place on a terminal, else a line now and then."""
    last = began

    def show(packages: int, downloading: bool) -> None:
        nonlocal last
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if now - last < (0.2 if terminal else PROGRESS_SECONDS):
            return
        last = now
        doing = "downloading modules" if downloading else f"{packages} of about 1,700 packages compiled"
        text = f"  {_elapsed(began)}: {doing}"
        print(f"\r{text}\033[K" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return show


def _why(lines: list[str], log: Path) -> str:
    if any("no space left on device" in line for line in lines):
        return (
            "building the Pulumi engine failed: the disk is full. It needs about 5 GB in Go's caches "
            "(GOMODCACHE, GOCACHE) and 0.3 GB in the lab's (XDG_CACHE_HOME); what is built so far is kept"
        )
    return f"building the Pulumi engine failed; the whole log is {log}, and it ends:\n{_tail(lines)}"


def _tail(lines: list[str], count: int = 15) -> str:
    return "\n".join(f"  {line}" for line in lines[-count:])


def _elapsed(began: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    return f"{minutes} min {seconds:02d} s"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
