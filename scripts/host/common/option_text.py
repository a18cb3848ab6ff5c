"""How MySQL's option files write a value (MySQL manual, "Using Option Files")."""

ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def quoted(value: str) -> str:
    """Return a value in quotes; backslashes are escapes there."""
    return '"' + value.translate(ESCAPES) + '"'
