"""User data of a first boot: the cloud-config files of scripts/cloud_init, joined as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are no dependency of the program

LIMIT = 16 * 1024
"""Bytes before base64 (EC2 User Guide, "Run commands at launch using user data")."""

FOLDER = Path(__file__).resolve().parent.parent / "scripts" / "cloud_init"


def user_data(role: str) -> str:
    """Return the cloud-config of a role: common.yaml, with what <role>.yaml adds to it.

    Raises:
        ValueError: the result is more than EC2 takes.
    """
    document = join(_read("common"), _read(role))
    text: str = "#cloud-config\n" + yaml.safe_dump(document, sort_keys=False)
    if len(text.encode()) > LIMIT:
        raise ValueError(f"the user data of {role} is {len(text.encode())} bytes, EC2 takes {LIMIT}")
    return text


def join(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Return both documents as one: lists one after the other, of all else the later value."""
    joined = dict(base)
    for key, value in more.items():
        both_lists = isinstance(value, list) and isinstance(base.get(key), list)
        joined[key] = [*base[key], *value] if both_lists else value
    return joined


def _read(role: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / f"{role}.yaml").read_text())
    return document
