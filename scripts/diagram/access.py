"""What a MySQL user may do, in a word or two: the kind of access, not the list of its privileges."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.redaction import SECRET
from scripts.table import printable

KINDS: Mapping[str, list[str]] = tomllib.loads(Path(__file__).with_name("access.toml").read_text("utf-8"))


def words(grants: Any, roles: Any) -> str:
    """Return it, from a user's properties as the state has them (components/properties.py).

    Grants are not guessed where they are masked, or text, as a former program left them.
    """
    readable = isinstance(grants, Mapping) and all(isinstance(grant, Mapping) for grant in grants.values())
    if not readable or SECRET in str([grants, roles]):
        return "not known"
    by_kind: dict[str, list[str]] = {}
    for target, grant in sorted(grants.items()):
        place = "the server" if target == "*.*" else printable(target.removesuffix(".*"))
        by_kind.setdefault(_kind(grant), []).append(place)
    parts = [f"{kind} {', '.join(places)}" for kind, places in by_kind.items() if kind]
    parts += [f"role {printable(str(role))}" for role in roles]
    return "; ".join(parts) or "nothing granted"


def _kind(grant: Mapping[str, Any]) -> str:
    without_columns = {re.sub(r"\(.*\)", "", str(privilege)).strip() for privilege in grant.get("privileges") or []}
    kinds = [_kind_of_privileges(held)] if (held := without_columns - {"USAGE"}) else []
    kinds += ["hands on"] if grant.get("grant_option") is True else []
    return " and ".join(kinds)


def _kind_of_privileges(held: set[str]) -> str:
    if held <= {"ALL", "ALL PRIVILEGES"}:
        return "all of"
    covered = set[str]()
    for kind, privileges in KINDS.items():
        covered |= {*privileges}
        if held <= covered:
            return kind
    return "administers"
