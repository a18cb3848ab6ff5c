"""Where the rotation of a user's password stands: what the stack's config asks for, and what the server has."""

import sys
from dataclasses import dataclass
from typing import Self

from scripts.account_agent import list_accounts
from scripts.ssh import logins
from scripts.stack import OperatorError, Stack

GENERATIONS, FINISHED, PASSWORDS = "passwordGenerations", "finishedGenerations", "userPasswords"
FIRST = 1


@dataclass(frozen=True)
class Rotation:
    """One user's."""

    user: str
    desired: int
    """Config's generation."""
    finished: int
    """Config's finished generation; 0: none."""
    current: int
    """The server's generation."""
    old_accepted: bool
    """Whether the server still accepts the password before."""
    own_password: bool
    """Whether config has the password; otherwise the program makes it."""
    hands_out_former: bool
    """Whether the stack's outputs still have the password before."""

    @classmethod
    def of(cls, stack: Stack, user: str) -> Self:
        """Read it."""
        with logins(stack) as ssh:
            accounts = {account.key: account for account in list_accounts(ssh).users if account.key}
            hands_out_former = ssh.access.state.hands_out_former(user)
        if user not in accounts:
            names = ", ".join(sorted(accounts)) or "none"
            raise OperatorError(
                f"the server has no user {user!r} of stack {stack.name!r}; it has {names}. "
                "If the user is in the config, run `pulumi up` first"
            )
        account = accounts[user]
        return cls(
            user,
            desired=generation(stack, GENERATIONS, user, FIRST),
            finished=generation(stack, FINISHED, user, 0),
            current=account.generation or FIRST,
            old_accepted=account.old_password_accepted,
            own_password=user in stack.config_table(PASSWORDS),
            hands_out_former=hands_out_former,
        )


def generation(stack: Stack, key: str, user: str, default: int) -> int:
    """Return a user's entry of a table of generations."""
    value = stack.config_table(key).get(user, default)
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise OperatorError(f"{key}.{user} of stack {stack.name!r} is no whole number: {value!r}") from error


def bring_up(stack: Stack, verb: str, yes: bool) -> None:
    """Run `pulumi up`, which asks at the terminal unless it is told yes. If it fails, the exit code is pulumi's."""
    code = stack.up(*(["--yes"] if yes else []))
    if code != 0:
        raise OperatorError(
            f"the config is changed, and `pulumi up` failed with exit code {code}. Run `{verb}` or `pulumi up` again: "
            "both go on from where the server is",
            exit_code=code,
        )


def refuse_unattended(answered: bool, reads_stdin: bool = False) -> None:
    """Refuse what would change the config and then stop at a question that nobody can answer."""
    if not (answered or (sys.stdin.isatty() and sys.stdout.isatty())):
        because = "standard input is the password" if reads_stdin else "there is no terminal to ask at"
        raise OperatorError(f"{because}: give --yes, or --no-up to change the config alone")
