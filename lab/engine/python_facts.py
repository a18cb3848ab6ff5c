"""Print, as JSON, what a Python has: its executable, its version, its distributions and their pulumi-plugin.json.

And when each folder that it finds them in was changed last: what is installed or removed later changes one.

The language host runs this file with the project's own Python, so it imports the standard library alone.
"""

import json
import platform
import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any


def canonical(name: str) -> str:
    """Return a distribution's name in the one form that compares (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def plugin_json(distribution: Distribution, name: str) -> dict[str, Any] | None:
    """Return what a package says of the Pulumi plugin it needs, or None where it says nothing.

    Where it is looked for is the stock host's choice too (pulumi/pulumi, sdk/python/toolchain): the lists of files of
    large packages take long to read.
    """
    file = Path(str(distribution.locate_file(""))) / name.replace("-", "_") / "pulumi-plugin.json"
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return content


def facts() -> dict[str, Any]:
    """Return the whole of it; `direct` says that no other distribution requires this one."""
    # Before they are read. The first is this file's own.
    folders = {folder: Path(folder).stat().st_mtime_ns for folder in sys.path[1:] if Path(folder).is_dir()}
    metadata = [(distribution.metadata, distribution) for distribution in distributions()]  # parsed at each access
    installed = {canonical(said["Name"]): (said, distribution) for said, distribution in metadata}
    required = {
        canonical(match[0])
        for said, _ in installed.values()
        for requirement in said.get_all("Requires-Dist") or []
        if "extra ==" not in requirement and (match := re.match(r"[\w.-]+", requirement))
    }
    return {
        "executable": sys.executable,
        "version": platform.python_version(),
        "folders": folders,
        "packages": [
            {
                "name": name,
                "version": said["Version"],
                "direct": name not in required,
                "plugin": plugin_json(distribution, name),
            }
            for name, (said, distribution) in sorted(installed.items(), key=lambda entry: entry[0])
        ],
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
