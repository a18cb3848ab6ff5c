"""The operator's command line: `python -m scripts VERB --stack S`, from any stack's outputs and config."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from scripts.stack import OperatorError, Stack
from scripts.verb import FAULT, Verb
from scripts.verbs import connect, diagram, drift, finish_rotation, mend, preview_report, rotate, ssh, tunnel, users

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C, as a shell counts it."""

VERBS: dict[str, Verb] = {
    verb.name: verb
    for verb in (
        ssh.VERB,
        connect.VERB,
        tunnel.VERB,
        users.VERB,
        rotate.VERB,
        finish_rotation.VERB,
        drift.VERB,
        mend.VERB,
        diagram.VERB,
        preview_report.VERB,
    )
}


def main(argv: Sequence[str]) -> int:
    """Do what the command line asks and return the exit code."""
    own, behind = split(argv)
    arguments = build_parser().parse_args(own)
    verb = VERBS[arguments.verb]
    if behind and not verb.behind:
        print(f"scripts {verb.name}: this verb passes nothing on, so nothing may stand behind --", file=sys.stderr)
        return FAULT
    try:
        return verb.run(Stack(arguments.stack), arguments, behind)
    except OperatorError as error:
        print(f"scripts {verb.name}: {error}", file=sys.stderr)
        return verb.fault
    except KeyboardInterrupt:
        return INTERRUPTED


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what stands before the first `--`, and what stands behind it."""
    words = list(argv)
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of everything before `--`."""
    parser = argparse.ArgumentParser(prog="python -m scripts", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb in VERBS.values():
        own = verbs.add_parser(
            verb.name,
            help=verb.help,
            description=verb.description or f"{verb.help[0].upper()}{verb.help[1:]}.",
            epilog=f"Behind it: {verb.behind}" if verb.behind else None,
        )
        for argument in verb.arguments:
            argument.add_to(own)
        own.add_argument(
            "--stack",
            default=os.environ.get("PULUMI_STACK") or "lab",
            help="the stack to work on (default: $PULUMI_STACK, else lab)",
        )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
