"""Config of passwords: the secrets, and the generations that count them."""

from collections.abc import Set
from typing import Any, NamedTuple

from scripts.host.common.checks import InvalidValueError, has_control_characters, nearest, whole
from stack_config.reader import Reader, part

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
    """Return the passwords and their generations; `users` are the keys of the users, None if they are not known."""

    def check_user(key: str, user: str) -> None:
        if users is not None and user not in users:
            reader.add_fault(part(key, user), "is no user in users", nearest(user, users, "Remove it"))

    def read_counts(key: str, least: int) -> dict[str, int]:
        def count(user: str, raw: Any) -> int:
            check_user(key, user)
            return whole(least, LAST_GENERATION)(raw)

        return reader.read_table(key, count, 'Write a table like {"app": 2}')

    def secret(user: str, raw: Any) -> str:
        check_user(PASSWORDS, user)
        return password(user, raw)

    secrets = reader.read_table(PASSWORDS, secret, _hint("KEY"), f"--path {PASSWORDS}.KEY")
    generations, finished = read_counts(GENERATIONS, 1), read_counts(FINISHED, 0)
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
