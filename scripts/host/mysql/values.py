"""When a desired value and the one the server shows are the same, as MySQL reads them."""

from __future__ import annotations

import re
from decimal import Decimal

from scripts.host.mysql.spec import Setting

SUFFIXES = "KMGTPE"
"""Powers of 1024 (MySQL manual, "Using Options to Set Program Variables")."""
TRUTHS = {"on": True, "1": True, "true": True, "yes": True, "off": False, "0": False, "false": False, "no": False}


def same(desired: Setting, live: str) -> bool:
    """Return whether the value the server shows is the desired one.

    Args:
        desired: as configured: True, 1, "ON" and "on" mean one thing; "1G" and 1073741824 too.
        live: as in performance_schema.global_variables.
    """
    left, right = number(desired), number(live)
    if left is not None and right is not None:
        return left == right
    if (truth := TRUTHS.get(str(desired).lower())) is not None:
        return truth is TRUTHS.get(live.lower())
    return _folded(str(desired)) == _folded(live)


def number(value: Setting) -> Decimal | None:
    """Return the number that a value is, or None; ON is none."""
    if isinstance(value, bool):
        return None
    match = re.fullmatch(rf"([+-]?\d+(?:\.\d+)?)([{SUFFIXES}]?)", str(value).strip(), re.IGNORECASE)
    if match is None:
        # What Python writes as 1e-05.
        return Decimal(repr(value)) if isinstance(value, float) else None
    power = SUFFIXES.index(match[2].upper()) + 1 if match[2] else 0
    return Decimal(match[1]) * Decimal(1024) ** power


def argument(desired: Setting, live: str) -> int | Decimal | str:
    """Return what SET GLOBAL takes for the value: no suffix there, and no text where a number is shown."""
    if isinstance(desired, bool):
        return "ON" if desired else "OFF"
    amount = number(desired)
    if amount is None or number(live) is None:
        return str(desired)
    return int(amount) if amount == int(amount) else amount


def free_form(desired: Setting) -> bool:
    """Return whether MySQL may show the value in words of its own, as sql_mode's ANSI or a file's full path."""
    return isinstance(desired, str) and number(desired) is None and desired.lower() not in TRUTHS


def _folded(text: str) -> str:
    # A path keeps its case; MySQL adds the last slash to a folder by itself.
    return text.rstrip("/") if "/" in text else text.casefold()
