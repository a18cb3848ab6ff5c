"""Config of passwords: the secrets, and the generations that count them."""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, NamedTuple, TypeVar

from stack_config.faults import BadValueError
from stack_config.names import has_control_characters
from stack_config.reader import Reader, nearest, part, whole

T = TypeVar("T")

PASSWORDS, GENERATIONS, FINISHED = "userPasswords", "passwordGenerations", "finishedGenerations"
LONGEST = 128
"""Bytes of UTF-8. MySQL's own limit is 256; an option file's line and a URL stay readable well below it."""
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
    secrets = reader.read_secret_table(PASSWORDS, _of_user(reader, PASSWORDS, users, password), _set("KEY"))
    generations = _read_counts(reader, GENERATIONS, users, least=1)
    finished = _read_counts(reader, FINISHED, users, least=0)
    for user, last in finished.items():
        current = generations.get(user, 1)
        if last > current and reader.well_read(part(GENERATIONS, user)):
            reader.note(
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
            reader.note(part(key, user), "is no user in users", nearest(user, users, "Remove it"))
        return convert(user, raw)

    return checked


def password(user: str, raw: Any) -> str:
    """Return a password; no message repeats it."""
    mend = _set(user)
    if not isinstance(raw, str):
        raise BadValueError("is not text", mend)
    if not raw:
        raise BadValueError("is empty", f"{mend}, or remove it for one that the program makes")
    if has_control_characters(raw):
        raise BadValueError("has control characters, a line end for instance", mend)
    if len(raw.encode()) > LONGEST:
        raise BadValueError(f"is longer than {LONGEST} bytes", mend)
    return raw


def _set(user: str) -> str:
    return f"Set it with `pulumi config set --secret --path {PASSWORDS}.{user}`"
