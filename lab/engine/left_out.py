"""What a Go program is built without: packages that the lab does not use are replaced before the build.

Each file of a folder has its place in its first line: that of a package, there already or not, or of some of its files.
The modules that it is in are copied from Go's cache, which is never changed, and the copies are what is built.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

PLACE = re.compile(r"// In the place of (?P<package>[^\s,:]+)(?:, its (?P<files>[^\s:]+))?: ")


class StandIn(NamedTuple):
    """A file that is built instead of others."""

    module: str
    package: str
    files: str
    """A pattern of those that are left out."""
    path: Path


def digest(folder: Path) -> str:
    """Return what tells one folder's contents from another's."""
    contents = [path.read_bytes() for path in sorted(folder.glob("*.go"))]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:8]


def stand_ins(folder: Path, go_mod: str) -> list[StandIn]:
    """Return what is replaced, by module; each file's package is in one of those that go.mod requires."""
    return sorted(_read(folder, re.findall(r"^\s+(\S+) v\S+", go_mod, re.MULTILINE)))


def _read(folder: Path, modules: list[str]) -> Iterator[StandIn]:
    for path in folder.glob("*.go"):
        place = PLACE.match(path.read_text(encoding="utf-8"))
        assert place, f"{path} says its place"  # noqa: S101  a file of the lab's own
        package = place["package"]
        module = max((name for name in modules if f"{package}/".startswith(f"{name}/")), key=len)
        yield StandIn(module, package, place["files"] or "*.go", path)


def write(target: Path, module: Path, folder: Path, fetched: Callable[[str], Path]) -> None:
    """Write a Go module like `module` that is built without what a folder leaves out.

    Args:
        target: Where; what is there is replaced.
        module: The folder of a go.mod and go.sum.
        folder: Of the stand-ins.
        fetched: Returns the folder of a required module's source, by the module's name.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    go_mod = (module / "go.mod").read_text(encoding="utf-8")
    language, replaced = re.findall(r"^go \S+$", go_mod, re.MULTILINE)[0], []
    for number, (name, places) in enumerate(groupby(stand_ins(folder, go_mod), lambda place: place.module)):
        copy = target / str(number)
        for place in places:
            _replace(place, copy, fetched, language)
        replaced.append(f"replace {name} => ./{number}")
    (target / "go.mod").write_text("\n".join([go_mod, *replaced, ""]), encoding="utf-8")
    shutil.copyfile(module / "go.sum", target / "go.sum")


def _replace(place: StandIn, copy: Path, fetched: Callable[[str], Path], language: str) -> None:
    if not copy.exists() and place.package == place.module:  # nothing else is built of it: not fetched at all
        copy.mkdir()
        (copy / "go.mod").write_text(f"module {place.module}\n\n{language}\n", encoding="utf-8")
    elif not copy.exists():
        ignored = shutil.ignore_patterns("testdata", "*_test.go")
        shutil.copytree(fetched(place.module), copy, ignore=ignored, copy_function=shutil.copyfile)
        for below in (copy, *copy.rglob("*/")):
            below.chmod(0o755)  # Go's cache is read-only
    package = copy / place.package.removeprefix(place.module).lstrip("/")
    package.mkdir(exist_ok=True)
    for path in package.glob(place.files):
        path.unlink()
    shutil.copyfile(place.path, package / f"left_out_{place.path.name}")
