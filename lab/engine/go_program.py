"""Go programs that the lab builds from their modules and caches, with a line of progress now and then."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab.engine import left_out
from lab.settings import LabError, cache_folder

PROGRESS_SECONDS = 20
"""Between two lines of progress where nobody watches a terminal."""
PACKAGE_BYTES = 40_000
"""Of source, which take as long to compile as it takes to begin with a package (of the engine's build, measured)."""
LINK_SECONDS = 5
"""What follows the last package."""

Version = tuple[int, ...]


@dataclass(frozen=True)
class GoProgram:
    """A program, and how it is built."""

    title: str
    """As the user is told of it: the Pulumi engine."""
    module: Path
    """The folder of its go.mod and go.sum."""
    package: str
    needs: str
    """A regular expression of its go.mod, whose group is the version."""
    cache: str
    """The folder of its versions in the lab's cache."""
    expected: str
    """What building it takes."""
    disk: str
    """What it needs of Go's caches and the lab's."""
    instead: str = ""
    """What may be installed instead of Go, in a sentence that goes on with ", or Go"."""
    flags: str = ""
    """Of the linker."""
    tags: str = ""
    left_out: Path | None = None
    """The folder of what is built in the place of packages that a lab does not use."""

    @property
    def version(self) -> str:
        """The version that the lab builds: the one that the Go module requires."""
        version = search(self.needs, self._go_mod)
        assert version, "go.mod requires it"  # noqa: S101  a file of the lab's own
        return version

    @property
    def _go_mod(self) -> str:
        return (self.module / "go.mod").read_text(encoding="utf-8")

    @property
    def folder(self) -> Path:
        """Where the version that the lab builds is kept: another one, where something else is left out."""
        recipe = f"-{left_out.digest(self.left_out)}" if self.left_out else ""
        return cache_folder() / self.cache / f"v{self.version}{recipe}"

    def ensure(self) -> Path:
        """Return the program, from the cache or built now.

        Raises:
            LabError: there is no Go, or the build fails.
        """
        path = self.folder / self.package.rsplit("/", 1)[-1]
        if path.exists():
            return path
        with self.locked():
            if not path.exists():
                self._build(path)
        return path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep two runs from building the same program twice.

        Raises:
            LabError: the cache folder cannot be made or written.
        """
        folder = self.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / "lock").open("w")
        except OSError as error:
            raise LabError(f"cannot write to the cache {folder}: {error.strerror}; XDG_CACHE_HOME moves it") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _say(f"another run is building {self.title}: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def require_go(self, purpose: str) -> str:
        """Return the Go command.

        Raises:
            LabError: there is none, or it is older than go.mod asks for.
        """
        needed = search(r"^go (\S+)", self._go_mod) or "?"
        go = shutil.which("go")
        have = "" if go is None else self.go(go, "env", "GOVERSION")
        if go is None or number(have) < number(needed):
            shown = f" (this one is {have.removeprefix('go')})" if have else ""
            either = f"install {self.instead}, or Go" if self.instead else "install Go"
            which = "one of them" if self.instead else "it"
            raise LabError(f"{either} {needed} or newer{shown}: {which} is needed {purpose}")
        return go

    def go(self, go: str, *arguments: str, folder: Path | None = None) -> str:
        """Run a Go command in the program's module, or another folder, and return what it prints.

        Raises:
            LabError: it fails; with the end of its error output.
        """
        done = subprocess.run(
            [go, *arguments], cwd=folder or self.module, env=_go_env(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise LabError(f"`go {' '.join(arguments)}` failed:\n{_tail(done.stderr.splitlines())}")
        return done.stdout.strip()

    def _build(self, path: Path) -> None:
        """Build the program, showing progress, and put it at `path` in one step.

        Raises:
            LabError: no Go, no room, or the build fails; with the end of the log.
        """
        go = self.require_go("to run the lab's stack")
        _say(f"building {self.title} {self.version} from its Go module: {self.expected}")
        partial, log = path.with_suffix(".partial"), path.with_name("build.log")
        # With -trimpath the packages in Go's cache serve a later version too, wherever its source is.
        tags = ["-trimpath", *(["-tags", self.tags] if self.tags else [])]
        command = [
            go,
            "build",
            "-v",
            *tags,
            "-ldflags",
            f"-s -w {self.flags}".strip(),
            "-o",
            str(partial),
            self.package,
        ]
        began = time.monotonic()
        try:
            source = self._source(go)
            sizes = self._sizes(go, source, tags)
            lines, code = self._watch(command, source, sizes, log)
            if code != 0:
                raise LabError(self._why(lines, log))
            partial.chmod(0o755)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
            shutil.rmtree(self._copies, ignore_errors=True)
        _say(f"{self.title} is built: {_elapsed(began)}, kept in {path.parent}")

    def _source(self, go: str) -> Path:
        """Return the folder of the module that is built.

        Raises:
            LabError: a module cannot be downloaded, or there is no room.
        """
        if self.left_out is None:
            return self.module

        def fetched(name: str) -> Path:
            _say(f"  downloading {name}")
            return Path(json.loads(self.go(go, "mod", "download", "-json", name))["Dir"])

        try:
            left_out.write(self._copies, self.module, self.left_out, fetched)
        except OSError as error:
            raise LabError(f"cannot write {self._copies}: {error.strerror}; it needs {self.disk}") from error
        return self._copies

    @property
    def _copies(self) -> Path:
        """Of modules, while they are built without what is left out."""
        return self.folder / "source"

    def _sizes(self, go: str, source: Path, tags: list[str]) -> dict[str, int]:
        """Return the packages that are not in Go's cache yet, and how long each takes, in bytes of source.

        Raises:
            LabError: a module cannot be downloaded.
        """
        _say("  downloading the other modules, where they are not in Go's cache")
        text = '{{if .Stale}}{{.ImportPath}} {{.Dir}} {{join .GoFiles " "}}{{end}}'
        listed = self.go(go, "list", "-deps", *tags, "-f", text, self.package, folder=source)
        sizes = {}
        for name, folder, *files in (line.split() for line in listed.splitlines() if line):
            sizes[name] = PACKAGE_BYTES + sum(Path(folder, file).stat().st_size for file in files)
        return sizes

    def _watch(self, command: list[str], source: Path, sizes: dict[str, int], log: Path) -> tuple[list[str], int]:
        """Run the build, add up what it reports, and return its lines and its exit code.

        Raises:
            LabError: the log cannot be written, as on a full disk.
        """
        lines, left = list[str](), dict(sizes)
        show = _progress(time.monotonic(), sum(sizes.values()))
        with subprocess.Popen(
            command, cwd=source, env=_go_env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as build:
            try:
                for line in build.stderr or ():
                    lines.append(line.rstrip())
                    left.pop(lines[-1], None)
                    show(sum(left.values()), len(sizes) - len(left), len(sizes))
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

    def _why(self, lines: list[str], log: Path) -> str:
        if any("no space left on device" in line for line in lines):
            return f"building {self.title} failed: the disk is full. It needs {self.disk}; what is built so far is kept"
        return f"building {self.title} failed; the whole log is {log}, and it ends:\n{_tail(lines)}"


def _progress(began: float, total: int) -> Callable[[int, int, int], None]:
    """Return what shows the state of a build: in place on a terminal, else a line now and then."""
    last = began

    def show(left: int, compiled: int, packages: int) -> None:
        nonlocal last
        terminal, now = sys.stderr.isatty(), time.monotonic()
        if now - last < (0.2 if terminal else PROGRESS_SECONDS):
            return
        last = now
        seconds = (now - began) * left / max(total - left, 1) + LINK_SECONDS
        text = f"  {_elapsed(began)}: {compiled} of {packages} packages compiled, about {_rounded(seconds)} left"
        print(f"\r{text}\033[K" if terminal else text, end="" if terminal else "\n", file=sys.stderr, flush=True)

    return show


def _rounded(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(10, round(seconds, -1)):.0f} s"


def search(pattern: str, text: str) -> str | None:
    """Return what a pattern's group matches in a text of lines."""
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else None


def number(version: str) -> Version:
    """Return the numbers of `v3.259.0`, `go1.26.8` or `3.260.0-dev.1`, which compare as versions do."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _go_env() -> dict[str, str]:
    # `local`: no other Go toolchain is downloaded behind the user's back. GOFLAGS and GOWORK of the user's own
    # projects do not belong here.
    return {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": ""}


def _tail(lines: list[str], count: int = 15) -> str:
    return "\n".join(f"  {line}" for line in lines[-count:])


def _elapsed(began: float) -> str:
    minutes, seconds = divmod(int(time.monotonic() - began), 60)
    return f"{minutes} min {seconds:02d} s"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
