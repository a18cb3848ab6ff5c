"""Config of passwords: the secrets, and the generations that count them."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple, TypeVar

from scripts.host.common.checks import InvalidValueError, has_control_characters, nearest, whole
from stack_config.reader import Reader, part

T = TypeVar("T")

PASSWORDS, GENERATIONS, FINISHED = "userPasswords", "passwordGenerations", "finishedGenerations"
PASSWORD_BYTES = 128
"""MySQL's own limit is 256; an option file's line and a URL stay readable well below it."""
LAST_GENERATION = 1_000_000


class Passwords(NamedTuple):
    """What config has of passwords, by user key."""

    secrets: dict[str, str]
    generations: dict[str, int]
    finished: dict[str, int]


def read_passwords(reader: Reader, users: Set[str] | None) -> Passwords:
    """Return the passwords and their generations.

    Args:
        reader: the raw values.
        users: the keys of the users there are; None if they are not known.
    """
    secrets = reader.read_secret_table(PASSWORDS, _of_user(reader, PASSWORDS, users, password), _hint("KEY"))
    generations = _read_counts(reader, GENERATIONS, users, least=1)
    finished = _read_counts(reader, FINISHED, users, least=0)
    for user, last in finished.items():
        current = generations.get(user, 1)
        if last > current:
            finished[user] = current
            if reader.is_readable(part(GENERATIONS, user)):
                reader.add_fault(
                    part(FINISHED, user),
                    f"is {last}, and the password in use is of generation {current}",
                    f"Write {current} to end the password before it, or raise {part(GENERATIONS, user)}",
                )
    return Passwords(secrets, generations, finished)


def _read_counts(reader: Reader, key: str, users: Set[str] | None, least: int) -> dict[str, int]:
    count = whole(least, LAST_GENERATION)
    convert = _of_user(reader, key, users, lambda _, raw: count(raw))
    return reader.read_table(key, convert, 'Write a table like {"app": 2}')


def _of_user(
    reader: Reader, key: str, users: Set[str] | None, convert: Callable[[str, Any], T]
) -> Callable[[str, Any], T]:
    """Return the converter with a look at the entry's key before it: it has to be a user's."""

    def checked(user: str, raw: Any) -> T:
        if users is not None and user not in users:
            reader.add_fault(part(key, user), "is no user in users", nearest(user, users, "Remove it"))
        return convert(user, raw)

    return checked


def password(user: str, raw: Any) -> str:
    """Return a password; no message repeats it."""
    hint = _hint(user)
    if not isinstance(raw, str):
        raise InvalidValueError("is not text", hint)
    if not raw:
        raise InvalidValueError("is empty", f"{hint}, or remove it for one that the program makes")
    if has_control_characters(raw):
        raise InvalidValueError("has control characters, a line end for instance", hint)
    if len(raw.encode()) > PASSWORD_BYTES:
        raise InvalidValueError(f"is longer than {PASSWORD_BYTES} bytes", hint)
    return raw


def _hint(user: str) -> str:
    return f"Set it with `pulumi config set --secret --path {PASSWORDS}.{user}`"
