"""A verb of the operator's command line: its words, and what it does."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scripts.stack import Stack

FAULT = 2
"""Exit code of a fault that the operator can mend."""


@dataclass(frozen=True)
class Argument:
    """One argument, as argparse has it."""

    name: str
    help: str
    metavar: str | None = None
    flag: bool = False
    type: Callable[[str], object] = str
    required: bool = False

    def add_to(self, parser: argparse.ArgumentParser) -> None:
        """Let a parser know it."""
        if self.flag:
            parser.add_argument(self.name, help=self.help, action="store_true")
        elif self.name.startswith("-"):
            parser.add_argument(self.name, help=self.help, metavar=self.metavar, type=self.type, required=self.required)
        else:
            parser.add_argument(self.name, help=self.help, metavar=self.metavar, type=self.type)


@dataclass(frozen=True)
class Verb:
    """A verb."""

    name: str
    help: str
    run: Callable[[Stack, argparse.Namespace, Sequence[str]], int]
    """Takes the stack, the arguments, and the words behind `--`; returns the exit code."""
    arguments: Sequence[Argument] = field(default_factory=tuple)
    description: str = ""
    behind: str = ""
    """What the words behind `--` are, as [-- COMMAND...]; without it there may be none."""
    fault: int = FAULT
    """Exit code of an OperatorError."""


USER = Argument("user", "what the stack calls the user: its key", metavar="USER")
YES = Argument("--yes", "do not ask before the changes are made", flag=True)
JSON = Argument("--json", "print JSON", flag=True)
NO_UP = Argument("--no-up", "change the stack's config alone, for a pull request", flag=True)
CLIENT = Argument("--host", "the client host to go through (default: the stack's first)", metavar="HOST")
