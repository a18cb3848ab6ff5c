"""Python libraries of this machine, brought to a client host that has none of them."""

from __future__ import annotations

import base64
import importlib
import io
import tarfile
from collections.abc import Sequence
from pathlib import Path

LIBRARIES = ["dotenv", "pymysql", "sqlalchemy", "typing_extensions"]
"""Those of requirements-dev.txt, without what is compiled: the hosts' Python is another."""


def libraries(names: Sequence[str] = LIBRARIES) -> str:
    """Return a tar of libraries, in Base64."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name in names:
            file = Path(str(importlib.import_module(name).__file__))
            path = file.parent if file.stem == "__init__" else file
            tar.add(path, path.name, filter=lambda member: None if member.name.endswith((".so", ".pyc")) else member)
    return base64.b64encode(packed.getvalue()).decode()
