"""Print a new password and nothing else: 32 characters that need no quoting or encoding anywhere.

Usage: handed to python3 -c on the machine that the program runs on, so it needs nothing but Python. Letters, digits, -
and _ give 6 bits each, about 190 in all; a letter of each case, a digit and a - are among them, as the policies of
validate_password ask for.
"""

import secrets
import string

LENGTH = 32
ALPHABET = string.ascii_letters + string.digits + "-_"
KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def password() -> str:
    """Return a password; it begins with a letter, so that no command line takes it for an option."""
    while True:
        made = secrets.choice(string.ascii_letters) + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
        if "-" in made and all(set(kind) & set(made) for kind in KINDS):
            return made


if __name__ == "__main__":
    print(password())
