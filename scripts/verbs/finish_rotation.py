"""`finish-rotation USER`: the old password is no longer accepted; the second of two steps."""

import typer

from scripts.rotation import FINISHED, Rotation, bring_up, refuse_unattended
from scripts.stack import OperatorError, Stack
from scripts.verbs import DEFAULT_STACK, NoUp, StackName, User, Yes


def finish_rotation(user: User, stack: StackName = DEFAULT_STACK, yes: Yes = False, no_up: NoUp = False) -> None:
    """Let the server forget a user's old password, once nobody uses it any more.

    Says so in the stack's config and runs `pulumi up`. Safe to repeat after an interruption.
    """
    target = Stack(stack)
    rotation = Rotation.of(target, user)
    current = rotation.current
    if rotation.desired != current:
        raise OperatorError(
            f"config asks for generation {rotation.desired} of {user}'s password and the server has {current}: "
            "run `pulumi up` first"
        )
    if not rotation.old_accepted:
        print(f"Nothing to do: no password of {user}'s before generation {current} is accepted.")
        return
    if rotation.hands_out_former:
        raise OperatorError(
            f"the outputs still have {user}'s password before, as the last `up` failed after it had changed MySQL: run "
            "`pulumi up` first, so that everybody can read the new one"
        )
    refuse_unattended(yes or no_up)
    if rotation.finished != current:
        target.set_in_config_table(FINISHED, user, current)
    if no_up:
        print(f"The config ends the rotation of {user}'s password. The next `up` discards the old one.")
        return
    bring_up(target, "finish-rotation", yes)
    if Rotation.of(target, user).old_accepted:
        print(f"`up` has ended, and the old password of {user} is still accepted.")
        raise typer.Exit(1)
    print(f"\nOnly {user}'s password of generation {current} is accepted now.")
