"""What becomes of a user's password and plugin: set, rotated, finished or refused.

A rotation never cuts off a login in use. It is one statement, password and generation together, so a run that was cut
off knows whether it was made (MySQL manual, "ALTER USER Statement": RETAIN CURRENT PASSWORD; "Password Management").
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.host.accounts import digests
from scripts.host.accounts.changes import user_subject
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.names import literal
from scripts.host.accounts.spec import UserSpec
from scripts.host.common.difference import Difference


@dataclass(frozen=True)
class Login:
    """What is to be done with an account's login."""

    clause: str = ""
    """Of ALTER USER; empty where the password and the plugin are right."""
    differences: tuple[Difference, ...] = ()
    refusal: str | None = None
    discard_first: bool = False
    discard_after: bool = False


def new(user: UserSpec) -> str:
    """Return the clause of CREATE USER and ALTER USER that sets plugin and password."""
    return f"IDENTIFIED WITH {literal(user.plugin)} BY {literal(user.password)}"


def refusal(user: UserSpec, server: ServerState) -> str | None:
    """Return why a user's login cannot be made whatever the server has of it."""
    if not user.password:
        return "its password is empty"
    if user.plugin not in server.plugins:
        return f"MySQL {server.version} has no plugin {user.plugin}; it has {', '.join(sorted(server.plugins))}"
    return None


def existing(user: UserSpec, account: CurrentAccount) -> Login:
    """Return what is to be done with the login of an account that is there.

    Args:
        user: as it should be.
        account: one of this program's, or one to be taken over, which counts as of the desired generation.
    """
    is_right = digests.belongs(user.password, account.plugin, account.authentication)
    generation = account.generation if account.user_key == user.key else user.generation
    if generation is None:
        if not is_right or account.plugin != user.plugin:
            return Login(refusal=_lost(user), differences=(_generation(user, "not written on the account"),))
        return _same_generation(user, account, is_right)
    if generation == user.generation:
        return _same_generation(user, account, is_right)
    if why := _against(user, account, generation, is_right):
        return Login(refusal=why, differences=(_generation(user, str(generation)),))
    return Login(
        clause=f"IDENTIFIED BY {literal(user.password)} RETAIN CURRENT PASSWORD",
        differences=(_generation(user, str(generation)),),
        discard_first=account.old_password,
    )


def _same_generation(user: UserSpec, account: CurrentAccount, is_right: bool) -> Login:
    subject = user_subject(user)
    is_finished = user.finished_generation == user.generation
    if account.plugin != user.plugin:
        difference = subject.difference("plugin", user.plugin, account.plugin)
        if account.old_password and not is_finished:
            return Login(refusal=_PLUGIN_WHILE_ROTATING.format(key=user.key), differences=(difference,))
        # Another plugin has no place for the old password: MySQL throws it away.
        return Login(new(user), (difference,))
    differences = []
    clause = _unexpire(account)
    if not is_right:
        differences.append(subject.difference("password", "the desired one", "another one"))
        clause = f"IDENTIFIED BY {literal(user.password)}"
    discard = account.old_password and is_finished
    if discard:
        differences.append(subject.difference("old password", "refused", "accepted"))
    return Login(clause, tuple(differences), discard_after=discard)


def _unexpire(account: CurrentAccount) -> str:
    """Return the clause that ends a password's expiry by hand, and leaves it as it is.

    No option of ALTER USER does that, only setting a password. Set by its digest, the same one is no breach of PASSWORD
    HISTORY (ERROR 3638 otherwise), and the old one of a rotation stays (tried on 9.7.4).
    """
    if not account.attributes["password_expired"]:
        return ""
    return f"IDENTIFIED WITH {literal(account.plugin)} AS 0x{account.authentication.hex()}"


def _against(user: UserSpec, account: CurrentAccount, generation: int, is_right: bool) -> str | None:
    """Return why a password of another generation cannot be set, or None if it can."""
    numbers = {"key": user.key, "desired": user.generation, "current": generation}
    if user.generation < generation:
        return _BACKWARDS.format_map(numbers)
    if user.plugin != account.plugin:
        return _PLUGIN_AND_GENERATION.format_map(numbers | {"plugin": user.plugin, "other": account.plugin})
    if user.finished_generation == user.generation:
        return _AT_ONCE.format_map(numbers)
    if is_right:
        return _NOT_ANOTHER.format_map(numbers)
    if account.old_password and user.finished_generation < generation:
        return _UNFINISHED.format_map(numbers)
    return None


def _generation(user: UserSpec, current: str) -> Difference:
    return user_subject(user).difference("password generation", str(user.generation), current)


def _lost(user: UserSpec) -> str:
    return (
        "the account has lost its password's generation, and its password is not the desired one: nobody can tell"
        f" whether that is a rotation. Write the generation back: ALTER USER {user.account.sql} ATTRIBUTE"
        f' \'{{"mysql_pair": {{"generation": N}}}}\''
    )


_PLUGIN_WHILE_ROTATING = (
    "another plugin would cut off the old password, which is still accepted: finish the rotation first"
    " (finish-rotation {key})"
)
_BACKWARDS = (
    "the server has generation {current} of its password, and the config only {desired}: a rotation is not undone by a"
    " lower number; set passwordGenerations.{key} to {current}, or to more for another password"
)
_PLUGIN_AND_GENERATION = (
    "a rotation keeps the old password, which MySQL cannot do together with another plugin (error 3894; from {other} to"
    " {plugin}): rotate first and change the plugin later, or change it without raising passwordGenerations.{key},"
    " which cuts off the old password at once"
)
_AT_ONCE = (
    "generation {desired} is to be made and finished in one run, so connections with the old password would fail: first"
    " raise passwordGenerations.{key}; raise finishedGenerations.{key} in a later run"
)
_NOT_ANOTHER = (
    "generation {desired} is to be a new password, but it is the same as that of generation {current}: give it another"
    " one"
)
_UNFINISHED = (
    "generation {current} is not finished: the password before it is still accepted, and a rotation to {desired} would"
    " throw it away; finish it first (finish-rotation {key})"
)
