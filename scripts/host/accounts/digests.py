"""Whether a password is the one that an authentication string was made of: found by hashing it, never by logging in.

The forms are those of MySQL's plugins ("Caching SHA-2 Pluggable Authentication", "SHA-256 Pluggable Authentication",
"Native Pluggable Authentication"). The first two are SHA-256 crypt (Ulrich Drepper, "Unix crypt using SHA-256 and
SHA-512") with salts of 20 bytes, which crypt(3) would cut off at 16.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from itertools import cycle, islice

SALT, DIGEST = 20, 43
"""Bytes in an authentication string."""
SHA256_ROUNDS = 5000
"""sha256_password's; caching_sha2_password writes its own, in thousands, as hexadecimal digits."""
ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PERIOD = 42
"""Rounds after which SHA-256 crypt's pattern (odd, by three, by seven) begins anew."""


def belongs(password: str, plugin: str, stored: bytes) -> bool:
    """Return whether an account's password is this one.

    Args:
        password: in plain.
        plugin: the account's authentication plugin.
        stored: its authentication_string; empty for an empty password.
    """
    plain = password.encode()
    if not plain or not stored:
        return not plain and not stored
    form = FORMS.get(plugin)
    made = form(plain, stored) if form else None
    return made is not None and hmac.compare_digest(made, stored)


def _caching_sha2(plain: bytes, stored: bytes) -> bytes | None:
    """Return $A$ROUNDS$ and then salt and digest without a separator."""
    if len(stored) != 7 + SALT + DIGEST or not stored.startswith(b"$A$"):
        return None
    try:
        rounds = int(stored[3:6], 16) * 1000
    except ValueError:
        return None
    salt = stored[7 : 7 + SALT]
    return stored[:7] + salt + sha256_crypt(plain, salt, rounds)


def _sha256(plain: bytes, stored: bytes) -> bytes | None:
    """Return $5$SALT$DIGEST."""
    if len(stored) != 4 + SALT + DIGEST or not stored.startswith(b"$5$"):
        return None
    salt = stored[3 : 3 + SALT]
    return b"$5$" + salt + b"$" + sha256_crypt(plain, salt, SHA256_ROUNDS)


def _native(plain: bytes, _stored: bytes) -> bytes:
    once = hashlib.sha1(plain, usedforsecurity=False).digest()  # MySQL's own choice
    return b"*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper().encode()


FORMS: dict[str, Callable[[bytes, bytes], bytes | None]] = {
    "caching_sha2_password": _caching_sha2,
    "sha256_password": _sha256,
    "mysql_native_password": _native,
}
"""By plugin: from a password and an authentication string to the one that the password makes with its salt."""


def sha256_crypt(plain: bytes, salt: bytes, rounds: int) -> bytes:
    """Return the 43 characters of SHA-256 crypt's digest, for a salt of any length."""
    sha256 = hashlib.sha256
    alternate = sha256(plain + salt + plain).digest()
    bits, length = b"", len(plain)
    while length:
        bits += alternate if length & 1 else plain
        length >>= 1
    digest = sha256(plain + salt + _filled(alternate, len(plain)) + bits).digest()
    secret = _filled(sha256(plain * len(plain)).digest(), len(plain))
    salted = _filled(sha256(salt * (16 + digest[0])).digest(), len(salt))
    around = [_around(number, secret, salted) for number in range(PERIOD)]
    for before, after in islice(cycle(around), rounds):
        digest = sha256(before + digest + after).digest()
    return _encoded(digest)


def _around(number: int, secret: bytes, salted: bytes) -> tuple[bytes, bytes]:
    """Return what a round hashes before and after the former round's digest."""
    middle = (salted if number % 3 else b"") + (secret if number % 7 else b"")
    return (secret + middle, b"") if number % 2 else (b"", middle + secret)


def _filled(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def _encoded(digest: bytes) -> bytes:
    """Return crypt's own base 64: three bytes at a time, gathered from all over the digest."""
    text = b""
    first, second, third = 0, 10, 20
    for _ in range(10):
        text += _characters(digest[first] << 16 | digest[second] << 8 | digest[third], 4)
        first, second, third = third + 1, first + 1, second + 1
    return text + _characters(digest[31] << 8 | digest[30], 3)


def _characters(value: int, count: int) -> bytes:
    return bytes(ALPHABET[value >> 6 * place & 63] for place in range(count))
