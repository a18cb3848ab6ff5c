"""`rotate USER`: a new password, while the old one is still accepted; the first of two steps.

What has been done is read from the server. The config's generation is raised before its password is changed: an `up`
in between refuses the raised generation with the old password, and nothing is lost. The other way round it would set
the new password without keeping the old one, and connections would break.
"""

import getpass
import sys
from typing import Annotated

import typer

from scripts import generate_password
from scripts.rotation import GENERATIONS, PASSWORDS, Rotation, bring_up, refuse_unattended
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, NoUp, StackName, User, Yes

Stdin = Annotated[bool, typer.Option("--stdin", help="Read the new password from standard input.")]


def rotate(
    user: User, stack: StackName = DEFAULT_STACK, yes: Yes = False, no_up: NoUp = False, stdin: Stdin = False
) -> None:
    """Give a user a new password, while the old one is still accepted.

    Raises the user's password generation in the stack's config, changes the password there if config has it, and runs
    `pulumi up`. Safe to repeat after an interruption. Refused while an old password is still accepted.
    """
    target = Stack(stack)
    refuse_unattended(yes or no_up, stdin)
    rotation = Rotation.of(target, user)
    refuse(rotation, stdin)
    password = read_password() if stdin else generate_password.password()
    generation = rotation.current + 1
    if rotation.desired != generation:
        target.set_in_config_table(GENERATIONS, user, generation)
    if rotation.own_password:
        target.set_in_config_table(PASSWORDS, user, password, secret=True)
    if no_up:
        print(f"The config asks for generation {generation} of {user}'s password. The next `up` sets it.")
        return
    bring_up(target, "rotate", yes)
    rotated = Rotation.of(target, user)
    if rotated.current != generation:
        print(f"`up` has ended, and {user}'s password is still of generation {rotated.current}: nothing is rotated.")
        raise typer.Exit(1)
    print(
        f"\n{user}'s password is of generation {generation}; the one before is still accepted.\n"
        "Next: whoever reads the connection strings takes the new one (applications deployed, `up` of the stacks that "
        "read them).\n"
        f"Then: python -m scripts finish-rotation {user} --stack {stack}"
    )


def refuse(rotation: Rotation, stdin: bool) -> None:
    """Refuse what would throw away a password that is in use, or what the config cannot mean."""
    user, desired, current = rotation.user, rotation.desired, rotation.current
    if rotation.old_accepted:
        raise OperatorError(
            f"the password before is still accepted, and a second rotation would throw it away: run "
            f"`finish-rotation {user}` first. If the last `up` was cut off, run `pulumi up` before that"
        )
    if desired not in (current, current + 1):
        raise OperatorError(
            f"config asks for generation {desired} of {user}'s password and the server has {current}: "
            + ("run `pulumi up` first" if desired > current else f"set {GENERATIONS}.{user} to {current} first")
        )
    if stdin and not rotation.own_password:
        raise OperatorError(
            f"{user}'s password is made by the program. To give it one of your own, set {PASSWORDS}.{user} with "
            "`pulumi config set --secret --path`"
        )


def read_password() -> str:
    """Return the password on standard input; at a terminal it is asked for."""
    text = getpass.getpass("New password: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    if not text:
        raise OperatorError("the new password is empty")
    return text
