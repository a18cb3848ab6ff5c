"""What becomes of a user's password and plugin: set, rotated, finished or refused.

A rotation never cuts off a login in use. It is one statement, password and generation together, so a run that was cut
off knows whether it was made (MySQL manual, "ALTER USER Statement": RETAIN CURRENT PASSWORD; "Password Management").
Whether a password is the account's is found by hashing it, never by logging in.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from itertools import cycle, islice

from scripts.host.accounts.changes import Change, subject_of
from scripts.host.accounts.current import CurrentAccount, ServerState
from scripts.host.accounts.names import Account, literal
from scripts.host.accounts.spec import UserSpec
from scripts.host.common.difference import Difference

SHA256_FORMS = {
    "caching_sha2_password": rb"\$A\$(?P<thousands>[0-9A-Fa-f]{3})\$(?P<salt>.{20})(?P<digest>.{43})",
    "sha256_password": rb"\$5\$(?P<salt>.{20})\$(?P<digest>.{43})",
}
"""Authentication strings of SHA-256 crypt (Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512"), but with salts of
20 bytes, which crypt(3) would cut off at 16. Rounds are in thousands (MySQL manual, "Caching SHA-2 Pluggable
Authentication", "SHA-256 Pluggable Authentication")."""
SHA256_THOUSANDS = b"5"
"""Of sha256_password, which does not write them."""
ALPHABET = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PERIOD = 42
"""Rounds after which SHA-256 crypt's pattern (odd, by three, by seven) begins anew."""


@dataclass(frozen=True)
class Login:
    """What is to be done with an account's login."""

    clause: str = ""
    """Of ALTER USER; nobody is cut off by it."""
    differences: tuple[Difference, ...] = ()
    """That the clause puts right."""
    refusal: str | None = None
    discard_first: bool = False
    last: tuple[Change, ...] = ()
    """What cuts off a password in use."""


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

    One that is to be taken over counts as of the desired generation.
    """
    is_right = belongs(user.password, account.plugin, account.authentication)
    generation = account.generation if account.user_key == user.key else user.generation
    if generation == user.generation or (generation is None and is_right and account.plugin == user.plugin):
        return _same_generation(user, account, is_right)
    subject = subject_of(user)
    found = "not written on the account" if generation is None else str(generation)
    difference = subject.difference("password generation", str(user.generation), found)
    if why := _against(user, account, generation, is_right):
        return Login(refusal=why, differences=(difference,))
    return Login(
        clause=f"IDENTIFIED BY {literal(user.password)} RETAIN CURRENT PASSWORD",
        differences=(difference,),
        discard_first=account.old_password,
    )


def _same_generation(user: UserSpec, account: CurrentAccount, is_right: bool) -> Login:
    subject = subject_of(user)
    is_finished = user.finished_generation == user.generation
    if account.plugin != user.plugin:
        difference = subject.difference("plugin", user.plugin, account.plugin)
        if account.old_password and not is_finished:
            why = (
                "another plugin would cut off the old password, which is still accepted: finish the rotation first"
                f" (finish-rotation {user.key})"
            )
            return Login(refusal=why, differences=(difference,))
        # Another plugin has no place for the old password: MySQL throws it away.
        return Login(last=(_replaced(user, account, difference, new(user)),))
    last = []
    if not is_right:
        difference = subject.difference("password", "the desired one", "another one")
        last.append(_replaced(user, account, difference, f"IDENTIFIED BY {literal(user.password)}"))
    if account.old_password and is_finished:
        statement = f"ALTER USER {user.account.sql} DISCARD OLD PASSWORD"
        last.append(subject.change("old password", "refused", "accepted", statement, cuts_off=True))
    # No option of ALTER USER ends an expiry by hand, only setting a password.
    clause = _same(account) if is_right and account.attributes["password_expired"] else ""
    return Login(clause, last=tuple(last))


def _replaced(user: UserSpec, account: CurrentAccount, difference: Difference, clause: str) -> Change:
    """Return the change from one password, or plugin, to another at once."""
    alter = f"ALTER USER {user.account.sql} "
    undo = (_forget(user.account), alter + _same(account))
    return Change(subject_of(user), (difference,), (alter + clause,), cuts_off=True, undo=undo)


def _forget(account: Account) -> str:
    """Return the statement that takes the password in use out of PASSWORD HISTORY.

    Otherwise the next run could not set it again (ERROR 3638). mysqld reads the history from the table itself
    (auth_verify_password_history in sql/auth/sql_user.cc), where it keeps the same digest as in mysql.user.
    """
    name, host = literal(account.name), literal(account.host)
    digest = f"SELECT authentication_string FROM mysql.user WHERE user = {name} AND host = {host}"  # noqa: S608  ours
    return f"DELETE FROM mysql.password_history WHERE user = {name} AND host = {host} AND password = ({digest})"  # noqa: S608


def _same(account: CurrentAccount) -> str:
    """Return the clause that sets the password that an account has.

    Set by its digest, the same one is no breach of PASSWORD HISTORY (ERROR 3638 otherwise), and the old one of a
    rotation stays (tried on 9.7.4).
    """
    digest = f"0x{account.authentication.hex()}" if account.authentication else "''"
    return f"IDENTIFIED WITH {literal(account.plugin)} AS {digest}"


def _against(user: UserSpec, account: CurrentAccount, generation: int | None, is_right: bool) -> str | None:
    """Return why a password of another generation cannot be set, or None if it can."""
    key, desired = user.key, user.generation
    if generation is None:
        return (
            "the account has lost its password's generation, and its password is not the desired one: nobody can tell"
            f" whether that is a rotation. Write the generation back: ALTER USER {user.account.sql} ATTRIBUTE"
            f' \'{{"mysql_pair": {{"generation": N}}}}\''
        )
    if desired < generation:
        return (
            f"the server has generation {generation} of its password, and the config only {desired}: a rotation is not"
            f" undone by a lower number; set passwordGenerations.{key} to {generation}, or to more for another password"
        )
    if user.plugin != account.plugin:
        return (
            "a rotation keeps the old password, which MySQL cannot do together with another plugin (error 3894; from"
            f" {account.plugin} to {user.plugin}): rotate first and change the plugin later, or change it without"
            f" raising passwordGenerations.{key}, which cuts off the old password at once"
        )
    if user.finished_generation == desired:
        return (
            f"generation {desired} is to be made and finished in one run, so connections with the old password would"
            f" fail: first raise passwordGenerations.{key}; raise finishedGenerations.{key} in a later run"
        )
    if is_right:
        return (
            f"generation {desired} is to be a new password, but it is the same as that of generation {generation}:"
            " give it another one"
        )
    if account.old_password and user.finished_generation < generation:
        return (
            f"generation {generation} is not finished: the password before it is still accepted, and a rotation to"
            f" {desired} would throw it away; finish it first (finish-rotation {key})"
        )
    return None


def belongs(password: str, plugin: str, stored: bytes) -> bool:
    """Return whether an authentication_string, empty for an empty password, was made of this password."""
    plain = password.encode()
    if not plain or not stored:
        return not plain and not stored
    if plugin == "mysql_native_password":
        once = hashlib.sha1(plain, usedforsecurity=False).digest()  # MySQL's own choice
        made = b"*" + hashlib.sha1(once, usedforsecurity=False).hexdigest().upper().encode()
        return hmac.compare_digest(made, stored)
    match = re.fullmatch(SHA256_FORMS[plugin], stored, re.DOTALL) if plugin in SHA256_FORMS else None
    if match is None:
        return False
    rounds = int(match.groupdict().get("thousands", SHA256_THOUSANDS), 16) * 1000
    return hmac.compare_digest(sha256_crypt(plain, match["salt"], rounds), match["digest"])


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
