"""Print, as JSON, what a Python has: its executable, its version, its distributions and their pulumi-plugin.json.

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


def plugin_json(distribution: Distribution) -> dict[str, Any] | None:
    """Return what a package says of the Pulumi plugin it needs, or None where it says nothing."""
    # Of RECORD, as text: pulumi_aws's has ten thousand lines, and each run of `pulumi` asks for this.
    if match := re.search(r"^[^/\n]+/pulumi-plugin\.json(?=,)", distribution.read_text("RECORD") or "", re.MULTILINE):
        content: dict[str, Any] = json.loads(Path(str(distribution.locate_file(match[0]))).read_text(encoding="utf-8"))
        return content
    return None


def facts() -> dict[str, Any]:
    """Return the whole of it; `direct` says that no other distribution requires this one."""
    installed = {canonical(distribution.metadata["Name"]): distribution for distribution in distributions()}
    required = {
        canonical(match[0])
        for distribution in installed.values()
        for requirement in distribution.requires or []
        if "extra ==" not in requirement and (match := re.match(r"[\w.-]+", requirement))
    }
    return {
        "executable": sys.executable,
        "version": platform.python_version(),
        "packages": [
            {
                "name": name,
                "version": distribution.version,
                "direct": name not in required,
                "plugin": plugin_json(distribution),
            }
            for name, distribution in sorted(installed.items())
        ],
    }


if __name__ == "__main__":
    print(json.dumps(facts()))
