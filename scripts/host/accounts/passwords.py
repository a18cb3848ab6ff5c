"""What becomes of a user's password and plugin: set, rotated, finished or refused.

A rotation never cuts off a login in use. It is one statement, password and mark together, so a run that was cut off
knows whether it was made (MySQL manual, "ALTER USER Statement": RETAIN CURRENT PASSWORD; "Password Management").
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.host.accounts import digests
from scripts.host.accounts.change import Point
from scripts.host.accounts.current import Found, State
from scripts.host.accounts.document import User
from scripts.host.accounts.sql import is_text, literal

PASSWORD_BYTES = 256
"""The plugins take no more (MAX_PLAINTEXT_LENGTH)."""


@dataclass(frozen=True)
class Login:
    """What is to be done with an account's login."""

    clause: str = ""
    """Of ALTER USER; empty where the password and the plugin are right."""
    points: tuple[Point, ...] = ()
    refusal: str | None = None
    discard_first: bool = False
    discard_after: bool = False


def new(user: User) -> str:
    """Return the clause of CREATE USER and ALTER USER that sets plugin and password."""
    return f"IDENTIFIED WITH {literal(user.plugin)} BY {literal(user.password)}"


def fault(user: User, state: State) -> str | None:
    """Return what is wrong with a user's login whatever the server has of it."""
    if not user.password:
        return "its password is empty"
    if not is_text(user.password) or len(user.password.encode()) > PASSWORD_BYTES:
        return f"its password is longer than {PASSWORD_BYTES} bytes, or no text"
    if user.finished_generation > user.generation:
        return (
            f"finishedGenerations says {user.finished_generation}, but passwordGenerations only {user.generation}:"
            " a generation is finished after it was made"
        )
    if user.plugin not in state.plugins:
        return f"MySQL {state.version} has no plugin {user.plugin}; it has {', '.join(sorted(state.plugins))}"
    return None


def existing(user: User, found: Found) -> Login:
    """Return what is to be done with the login of an account that is there.

    Args:
        user: as it should be.
        found: an account of this program's, or one to be taken over, which counts as of the wanted generation.
    """
    is_right = digests.belongs(user.password, found.plugin, found.authentication)
    generation = found.generation if found.user_key == user.key else user.generation
    if generation is None:
        if not is_right or found.plugin != user.plugin:
            return Login(refusal=_lost(user), points=(_generation(user, "not in the account's mark"),))
        return _same_generation(user, found, is_right)
    if generation == user.generation:
        return _same_generation(user, found, is_right)
    if why := _against(user, found, generation, is_right):
        return Login(refusal=why, points=(_generation(user, str(generation)),))
    return Login(
        clause=f"IDENTIFIED BY {literal(user.password)} RETAIN CURRENT PASSWORD",
        points=(_generation(user, str(generation)),),
        discard_first=found.old_password,
    )


def _same_generation(user: User, found: Found, is_right: bool) -> Login:
    is_finished = user.finished_generation == user.generation
    if found.plugin != user.plugin:
        point = Point("plugin", user.plugin, found.plugin)
        if found.old_password and not is_finished:
            return Login(refusal=_PLUGIN_WHILE_ROTATING.format(key=user.key), points=(point,))
        # Another plugin has no place for the old password: MySQL throws it away.
        return Login(new(user), (point,))
    points = [] if is_right else [Point("password", "the wanted one", "another one")]
    clause = "" if is_right else f"IDENTIFIED BY {literal(user.password)}"
    discard = found.old_password and is_finished
    if discard:
        points.append(Point("old password", "refused", "accepted"))
    return Login(clause, tuple(points), discard_after=discard)


def _against(user: User, found: Found, generation: int, is_right: bool) -> str | None:
    """Return why a password of another generation cannot be set, or None if it can."""
    numbers = {"key": user.key, "wanted": user.generation, "found": generation}
    if user.generation < generation:
        return _BACKWARDS.format_map(numbers)
    if user.plugin != found.plugin:
        return _PLUGIN_AND_GENERATION.format_map(numbers | {"plugin": user.plugin, "other": found.plugin})
    if user.finished_generation == user.generation:
        return _AT_ONCE.format_map(numbers)
    if is_right:
        return _NOT_ANOTHER.format_map(numbers)
    if found.old_password and user.finished_generation < generation:
        return _UNFINISHED.format_map(numbers)
    return None


def _generation(user: User, found: str) -> Point:
    return Point("password generation", str(user.generation), found)


def _lost(user: User) -> str:
    return (
        f"its mark has lost the password's generation, and its password is not the wanted one: whether that is a"
        f" rotation nobody can tell. Write the generation back: ALTER USER {user.account.sql} ATTRIBUTE"
        f' \'{{"mysql_pair": {{"generation": N}}}}\''
    )


_PLUGIN_WHILE_ROTATING = (
    "another plugin would cut off the old password, which is still accepted: finish the rotation first"
    " (finish-rotation {key})"
)
_BACKWARDS = (
    "the server has generation {found} of its password, and the config only {wanted}: a rotation is not undone by a"
    " lower number; set passwordGenerations.{key} to {found}, or to more for another password"
)
_PLUGIN_AND_GENERATION = (
    "a rotation keeps the old password, which MySQL cannot do together with another plugin (error 3894; from {other} to"
    " {plugin}): rotate first and change the plugin later, or change it without raising passwordGenerations.{key},"
    " which cuts off the old password at once"
)
_AT_ONCE = (
    "generation {wanted} is to be made and finished in one run, so connections with the old password would fail: first"
    " raise passwordGenerations.{key}; raise finishedGenerations.{key} in a later run"
)
_NOT_ANOTHER = (
    "generation {wanted} is to be a new password, but it is the same as that of generation {found}: give it another one"
)
_UNFINISHED = (
    "generation {found} is not finished: the password before it is still accepted, and a rotation to {wanted} would"
    " throw it away; finish it first (finish-rotation {key})"
)
