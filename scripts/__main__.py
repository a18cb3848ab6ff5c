"""The operator's command line: `python -m scripts VERB --stack S`, from any stack's outputs and config."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from scripts.ssh import run_ssh
from scripts.stack import OperatorError, Stack

USAGE = 2
"""Exit code of a fault that the operator can mend."""


def main(argv: Sequence[str]) -> int:
    """Do what the command line asks and return the exit code."""
    own, command = split(argv)
    parser = build_parser()
    arguments = parser.parse_args(own)
    try:
        return run_ssh(Stack(arguments.stack), arguments.host, command)
    except OperatorError as error:
        print(f"scripts {arguments.verb}: {error}", file=sys.stderr)
        return USAGE


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what stands before the first `--`, and what stands behind it."""
    words = list(argv)
    cut = words.index("--") if "--" in words else len(words)
    return words[:cut], words[cut + 1 :]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of everything before `--`."""
    parser = argparse.ArgumentParser(prog="python -m scripts", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    ssh = verbs.add_parser(
        "ssh",
        help="open a shell on a host, or run a command there",
        usage="python -m scripts ssh HOST [--stack S] [-- COMMAND...]",
        description="Without COMMAND: a shell. One word behind -- is a line for the host's shell, like "
        "'ls | wc -l'; several are a program and its arguments, passed on as they are. Standard input and "
        "exit code are passed through.",
    )
    ssh.add_argument("host", metavar="HOST", help="server, client-1 or another client's name")
    ssh.add_argument(
        "--stack",
        default=os.environ.get("PULUMI_STACK") or "lab",
        help="the stack to ask (default: $PULUMI_STACK, else lab)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
