"""Which function of the agent does what a verb asks for."""

import importlib
import importlib.util
import sys
from collections.abc import Sequence

VERBS = {
    "converge": ("mysql.host.converge_verb", "client.host.converge_verb"),
    "diff": ("mysql.host.diff_verb", "client.host.diff_verb"),
    "upgrade": ("mysql.upgrade.upgrade_verb", "system.updates.upgrade_verb"),
    "upgrade-check": ("mysql.upgrade_check.check_verb",),
    "mount-data": ("mysql.data_volume.mount_verb",),
    "authority": ("mysql.certificate.authority_verb",),
    "certify": ("mysql.certificate.certify_verb",),
    "renew-certificate": ("mysql.certificate.renew_verb",),
    "group": ("group.verbs.main",),
    "accounts": ("accounts.commands.main",),
    "backup": ("backups.verbs.main",),
    "check-group": ("client.group_check.main",),
    "check-logins": ("client.check_logins.main",),
}
"""By verb, the functions that do it, in order of preference: a host has those of its own kind.

They take the words after the verb and return the exit code.
"""
FAULT = 2
"""Exit code of a verb that this host's agent does not have."""


def main(argv: Sequence[str]) -> int:
    """Do what the command line asks for and return the exit code."""
    verb, *words = argv or [""]
    for name in VERBS.get(verb, ()):
        room, module, function = name.split(".")
        if importlib.util.find_spec(f"scripts.host.{room}") is not None:
            code: int = getattr(importlib.import_module(f"scripts.host.{room}.{module}"), function)(words)
            return code
    fault = f"{verb} is a verb of another kind of host" if verb in VERBS else f"{verb or 'an empty word'} is not a verb"
    print(f"{fault}; the verbs are {', '.join(VERBS)}", file=sys.stderr)
    return FAULT
