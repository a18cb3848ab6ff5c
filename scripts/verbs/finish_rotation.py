"""`finish-rotation USER`: the old password is not accepted any more; the second of two steps."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from scripts.rotation import FINISHED, Rotation, bring_up, refuse_unattended
from scripts.stack import OperatorError, Stack
from scripts.verb import NO_UP, USER, YES, Verb


def run(stack: Stack, arguments: Namespace, _behind: Sequence[str]) -> int:
    """Do the second step; return 0 or pulumi's exit code."""
    rotation = Rotation.of(stack, arguments.user)
    user, live = rotation.user, rotation.live
    if rotation.wanted != live:
        raise OperatorError(
            f"config asks for generation {rotation.wanted} of {user}'s password and the server has {live}: "
            "run `pulumi up` first"
        )
    if not rotation.old_accepted:
        print(f"Nothing to do: no password of {user}'s before generation {live} is accepted.")
        return 0
    refuse_unattended(arguments)
    if rotation.finished != live:
        stack.set_in_config_table(FINISHED, user, live)
    if arguments.no_up:
        print(f"The config ends the rotation of {user}'s password. The next `up` discards the old one.")
        return 0
    if code := bring_up(stack, arguments):
        return code
    if Rotation.of(stack, user).old_accepted:
        print(f"`up` has ended, and the old password of {user} is still accepted.")
        return 1
    print(f"\nOnly {user}'s password of generation {live} is accepted now.")
    return 0


VERB = Verb(
    name="finish-rotation",
    help="let the server forget a user's old password, when nobody uses it any more",
    arguments=[USER, YES, NO_UP],
    run=run,
)
