"""A folder of packages that goes before the mirror: an apt repository without subfolders, copied into the image.

It is for those who have packages that the mirror does not: another MySQL, for example Ubuntu's. The folder has an index
(`Packages`, `.gz` or `.xz`) and the files that it names. A copy is in the image, so a host does not need the folder.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lab.settings import LabError

ON_HOSTS = Path("/usr/local/share/lab-packages")
"""Where hosts have the copy."""
ORIGIN = "lab-packages"
"""What apt calls it, by its Release file."""
PREFERENCES = f"Package: *\nPin: release o={ORIGIN}\nPin-Priority: 1001\n"
"""Above 1000: also where the mirror has a newer version (apt_preferences(5))."""
HOW = "make one with `dpkg-scanpackages --multiversion . >Packages` (package dpkg-dev) in the folder"

READERS: dict[str, Callable[[bytes], bytes]] = {
    "Packages": lambda content: content,
    "Packages.gz": gzip.decompress,
    "Packages.xz": lzma.decompress,
}


@dataclass(frozen=True)
class PackageFolder:
    """A folder that was read: two of the same content are the same, wherever they are."""

    path: Path = field(repr=False, compare=False)
    digest: str
    """Of the index, which has each package's own digest."""
    files: tuple[str, ...] = field(repr=False, compare=False)
    """What the index names, relative to the folder."""

    @classmethod
    def read(cls, path: Path, variable: str) -> PackageFolder:
        """Read a folder's index, and see that what it names is there.

        Args:
            path: the folder.
            variable: what named it, for messages.

        Raises:
            LabError: there is no such folder, it cannot be read, it has no index, or the index names no package, or
                one that is not there.
        """
        says = f"{variable} is {path}, "
        try:
            if not path.is_dir():
                raise LabError(f"{says}which is no folder of this machine")
            index = _read_index(path)
            if index is None:
                raise LabError(f"{says}which has no index of packages: {HOW}")
            files = _files(index)
            if not files:
                raise LabError(f"{says}whose index names no package: put packages there, then {HOW}")
            for name, size in files.items():
                if (path / name).stat().st_size != size:
                    raise LabError(f"{says}whose index does not fit {name}: {HOW}")
        except FileNotFoundError as error:
            raise LabError(f"{says}whose index names {error.filename}, which is not there: {HOW}") from error
        except OSError as error:
            raise LabError(f"{says}which cannot be read: {error.filename}: {error.strerror}") from error
        return cls(path.absolute(), hashlib.sha256(index).hexdigest(), tuple(files))

    def copy(self, to: Path) -> None:
        """Copy index and packages to a new folder, with a Release file by which apt's preferences know them."""
        index = _read_index(self.path) or b""
        for name in self.files:
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.path / name, to / name)
        (to / "Packages").write_bytes(index)
        digest = f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
        (to / "Release").write_text(f"Origin: {ORIGIN}\nDate: Thu, 01 Jan 1970 00:00:00 UTC\n{digest}")


def _read_index(folder: Path) -> bytes | None:
    """Return a folder's index as plain text, or None where there is none."""
    for name, plain in READERS.items():
        path = folder / name
        if path.exists():
            try:
                return plain(path.read_bytes())
            except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
                raise OSError(0, f"not in the form of its name ({error})", str(path)) from error
    return None


def _files(index: bytes) -> dict[str, int]:
    """Return the sizes of the files that an index names."""
    files = {}
    for paragraph in index.decode(errors="replace").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if "Filename" in fields:
            files[fields["Filename"]] = int(fields.get("Size", "0"))
    return files
