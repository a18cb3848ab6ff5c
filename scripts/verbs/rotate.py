"""`rotate USER`: a new password, while the old one is still accepted; the first of two steps.

What has been done is read from the server. The config's generation is raised before its password is changed: an `up`
in between refuses the raised generation with the old password, and nothing is lost. The other way round it would set
the new password without keeping the old one, and connections would break.
"""

from __future__ import annotations

import getpass
import sys
from argparse import Namespace
from collections.abc import Sequence

from scripts import generate_password
from scripts.rotation import GENERATIONS, PASSWORDS, Rotation, bring_up, refuse_unattended
from scripts.stack import OperatorError, Stack
from scripts.verb import NO_UP, USER, YES, Argument, Verb


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Do the first step; return 0 or pulumi's exit code."""
    refuse_unattended(arguments, arguments.stdin)
    rotation = Rotation.of(stack, arguments.user)
    refuse(rotation, arguments.stdin)
    password = given() if arguments.stdin else generate_password.password()
    target = rotation.live + 1
    if rotation.wanted != target:
        stack.set_in_config_table(GENERATIONS, arguments.user, target)
    if rotation.own_password:
        stack.set_in_config_table(PASSWORDS, arguments.user, password, secret=True)
    if arguments.no_up:
        print(f"The config asks for generation {target} of {arguments.user}'s password. The next `up` sets it.")
        return 0
    if code := bring_up(stack, arguments):
        return code
    return told(Rotation.of(stack, arguments.user), target, stack.name)


def refuse(rotation: Rotation, stdin: bool) -> None:
    """Refuse what would throw away a password that is in use, or what the config cannot mean.

    Raises:
        OperatorError: as the words say.
    """
    user, wanted, live = rotation.user, rotation.wanted, rotation.live
    if rotation.old_accepted:
        raise OperatorError(
            f"the password before is still accepted, and a second rotation would throw it away: run "
            f"`finish-rotation {user}` first. If the last `up` was cut off, run `pulumi up` before that"
        )
    if wanted not in (live, live + 1):
        raise OperatorError(
            f"config asks for generation {wanted} of {user}'s password and the server has {live}: "
            + ("run `pulumi up` first" if wanted > live else f"set {GENERATIONS}.{user} to {live} first")
        )
    if stdin and not rotation.own_password:
        raise OperatorError(
            f"{user}'s password is made by the program. To give it one of your own, set {PASSWORDS}.{user} with "
            "`pulumi config set --secret --path`"
        )


def told(now: Rotation, target: int, stack: str) -> int:
    """Say what the server has now and what is next; return the exit code."""
    if now.live != target:
        print(f"`up` has ended, and {now.user}'s password is still of generation {now.live}: nothing is rotated.")
        return 1
    print(
        f"\n{now.user}'s password is of generation {now.live}; the one before is still accepted.\n"
        "Next: whoever reads the connection strings takes the new one (applications deployed, `up` of the stacks that "
        "read them).\n"
        f"Then: python -m scripts finish-rotation {now.user} --stack {stack}"
    )
    return 0


def given() -> str:
    """Return the password on standard input; at a terminal it is asked for.

    Raises:
        OperatorError: there is none.
    """
    text = getpass.getpass("New password: ") if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    if not text:
        raise OperatorError("the new password is empty")
    return text


VERB = Verb(
    name="rotate",
    help="give a user a new password, while the old one is still accepted",
    description="Raises the user's password generation in the stack's config, changes the password there if config has "
    "it, and runs `pulumi up`. Safe to repeat after an interruption. Refused while an old password is still accepted.",
    arguments=[
        USER,
        YES,
        NO_UP,
        Argument("--stdin", "read the new password from standard input, instead of making one", flag=True),
    ],
    run=run,
)
