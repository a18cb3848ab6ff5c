"""What the Pulumi engine has written down about a lab's stack: which creates it learned of."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

from lab.settings import Lab


def has(lab: Lab, urn: str, resource_id: str) -> bool:
    """Tell whether the engine has an id in the state of a URN's stack, resources yet to be deleted included.

    A backend that is no folder of this machine cannot be asked; the answer is yes then, since a record
    that is wrongly taken over would be deleted with its namesake, while one left behind only waits for
    `lab down`.

    Source: the layout of Pulumi's DIY backend, .pulumi/stacks/<project>/<stack>.json, written at every step.
    """
    fields = urn.split("::")
    if len(fields) < 4:
        return True
    stack, project = fields[0].removeprefix("urn:pulumi:"), fields[1]
    url = os.environ.get("PULUMI_BACKEND_URL") or f"file://{lab.backend}"
    if not url.startswith("file://"):
        return True
    folder = Path(url.removeprefix("file://").partition("?")[0]).expanduser() / ".pulumi" / "stacks" / project
    state = _read(folder / f"{stack}.json")
    if state is None:
        return True
    resources = state.get("checkpoint", {}).get("latest", {}).get("resources") or []
    return any(resource.get("id") == resource_id for resource in resources)


def exists(lab: Lab, project: str) -> bool:
    """Tell whether a lab's own stack has been made."""
    return _read(_own(lab, project)) is not None


def protected(lab: Lab, project: str) -> list[str]:
    """Return the names of the resources of a lab's own stack that the engine is told to protect."""
    state = _read(_own(lab, project)) or {}
    resources = state.get("checkpoint", {}).get("latest", {}).get("resources") or []
    return [resource["urn"].split("::")[-1] for resource in resources if resource.get("protect")]


def _own(lab: Lab, project: str) -> Path:
    return lab.backend / ".pulumi" / "stacks" / project / f"{lab.name}.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        packed = path.with_suffix(".json.gz")  # as PULUMI_DIY_BACKEND_GZIP asks for
        text = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
        content = json.loads(text)
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
