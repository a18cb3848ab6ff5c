"""Which module of the agent does what a verb asks for."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence

VERBS = {
    "converge": ("mysql.converge", "client.converge"),
    "diff": ("mysql.diff", "system.diff"),
    "certify": ("mysql.certify",),
    "renew-certificate": ("mysql.renew_certificate",),
    "accounts": ("accounts.commands",),
    "check-logins": ("client.check_logins",),
}
"""By verb, the modules that do it, in order of preference: a host has those of its own kind."""
FAULT = 2
"""Exit code of a verb that this host's agent does not have."""


def main(argv: Sequence[str]) -> int:
    """Do what the command line asks for and return the exit code."""
    verb, *words = argv or [""]
    for name in VERBS.get(verb, ()):
        room = name.partition(".")[0]
        if importlib.util.find_spec(f"scripts.host.{room}") is not None:
            module = importlib.import_module(f"scripts.host.{name}")
            code: int = module.main(words)
            return code
    fault = f"{verb} is a verb of another kind of host" if verb in VERBS else f"{verb or 'an empty word'} is not a verb"
    print(f"{fault}; the verbs are {', '.join(VERBS)}", file=sys.stderr)
    return FAULT
