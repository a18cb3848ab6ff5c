"""The engine's protocol: the SDK's messages and services, without the SDK, which takes a process three times as long.

A plugin of the lab is started anew in every run of `pulumi`, and none of them needs more of the SDK than these files.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What stands for a string, or for anything, that is not known yet. Source: pulumi.runtime.rpc.UNKNOWN."""
SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of a Struct that stands for something else. Source: pulumi.runtime.rpc, as the next."""
SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol, not a secret

_PACKAGE = "pulumi_protocol"


def package_folder(name: str) -> Path:
    """Return the folder of an installed package, which is not imported for it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no package {name}")
    return Path(spec.origin).parent


def sdk_version(name: str) -> str:
    """Return the version of the provider that an SDK is for."""
    return str(json.loads((package_folder(name) / "pulumi-plugin.json").read_text(encoding="utf-8"))["version"])


def __getattr__(name: str) -> Any:
    """Import one of the files of pulumi.runtime.proto, which know each other by relative names: provider_pb2."""
    if not name.endswith(("_pb2", "_pb2_grpc")):
        raise AttributeError(name)
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(package_folder("pulumi") / "runtime" / "proto")]
        sys.modules[_PACKAGE] = package
    return import_module(f"{_PACKAGE}.{name}")
