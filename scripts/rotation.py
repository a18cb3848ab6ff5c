"""Where the rotation of a user's password stands: what the stack's config asks for, and what the server has."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import dataclass

from scripts.accounts import account_of
from scripts.ssh import logins
from scripts.stack import OperatorError, Stack

GENERATIONS, FINISHED, PASSWORDS = "passwordGenerations", "finishedGenerations", "userPasswords"
FIRST = 1


@dataclass(frozen=True)
class Rotation:
    """One user's."""

    user: str
    wanted: int
    """Config's generation."""
    finished: int
    """Config's finished generation; 0: none."""
    live: int
    """The server's generation."""
    old_accepted: bool
    """Whether the server still accepts the password before."""
    own_password: bool
    """Whether config has the password; otherwise the program makes it."""

    @classmethod
    def of(cls, stack: Stack, user: str) -> Rotation:
        """Read it.

        Raises:
            OperatorError: the server has no such user, or one of both cannot be read.
        """
        with logins(stack) as ssh:
            account = account_of(ssh, user)
        return cls(
            user,
            wanted=generation(stack, GENERATIONS, user, FIRST),
            finished=generation(stack, FINISHED, user, 0),
            live=account["generation"] or FIRST,
            old_accepted=account["old_password_accepted"],
            own_password=user in stack.config_table(PASSWORDS),
        )


def generation(stack: Stack, key: str, user: str, default: int) -> int:
    """Return a user's entry of a table of generations.

    Raises:
        OperatorError: it is no whole number.
    """
    value = stack.config_table(key).get(user, default)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise OperatorError(f"{key}.{user} of stack {stack.name!r} is no whole number: {value!r}") from error


def bring_up(stack: Stack, arguments: Namespace) -> int:
    """Run `pulumi up` as the arguments say, and return its exit code; without one to ask, it has to be told to go on.

    Raises:
        OperatorError: there is no `pulumi`.
    """
    code = stack.up("--yes") if arguments.yes else stack.up()
    if code != 0:
        print(
            f"scripts {arguments.verb}: the config is changed, and `pulumi up` did not end well ({code}). Run "
            f"`{arguments.verb}` or `pulumi up` again: both go on from where the server is.",
            file=sys.stderr,
        )
    return code


def refuse_unattended(arguments: Namespace, reads_stdin: bool = False) -> None:
    """Refuse what would change the config and then stop at a question that nobody can answer.

    Raises:
        OperatorError: neither --yes nor --no-up, and no terminal.
    """
    if not (arguments.yes or arguments.no_up or (sys.stdin.isatty() and sys.stdout.isatty())):
        because = "standard input is the password" if reads_stdin else "there is no terminal to ask at"
        raise OperatorError(f"{because}: give --yes, or --no-up to change the config alone")
