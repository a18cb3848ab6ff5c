"""Print a new password and nothing else: 32 signs of 66, none of which has to be quoted or encoded anywhere.

Usage: handed to python3 -c on the machine that the program runs on, it needs nothing but Python; `rotate` has it.
"""

import secrets
import string

LENGTH = 32
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.~")
"""One of each at least (MySQL manual, validate_password.policy)."""


def password() -> str:
    """Return a password; it begins with a letter, so that no program takes it for an option."""
    signs = "".join(KINDS)
    while True:
        made = secrets.choice(string.ascii_letters) + "".join(secrets.choice(signs) for _ in range(LENGTH - 1))
        if all(set(kind) & set(made) for kind in KINDS):
            return made


if __name__ == "__main__":
    print(password())
