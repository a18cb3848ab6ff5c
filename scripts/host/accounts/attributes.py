"""An account's attributes, one row each: where the server keeps it, the clause that sets it, and its words.

Whatever is a row here is read, compared, told and put right. The desired value is the field of UserSpec of the same
name, and that field's default is what an account has by default. Privileges (grants.py) and the password (passwords.py)
are no rows. Nor is the lock that failed logins lead to: mysqld keeps it in its memory alone, and nothing shows it.

Source: MySQL manual, "ALTER USER Statement" and "Grant Tables"; tried on 9.7.4.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from scripts.host.accounts.changes import Subject
from scripts.host.accounts.names import literal
from scripts.host.accounts.spec import CERTIFICATE_FIELDS, UNBOUNDED, RequireSpec, UserSpec
from scripts.host.common.difference import Difference

Values = Mapping[str, Any]
"""From an attribute's field to its value."""
SERVER_RULE = "the server's rule"
METADATA_SINCE = (8, 0, 21)
"""The version that has an ATTRIBUTE object for each account; the program writes there whose an account is."""


@dataclass(frozen=True)
class Attribute:
    """One attribute of an account."""

    field: str
    """Of UserSpec."""
    columns: tuple[str, ...]
    """What is selected from mysql.user."""
    words: Callable[[Any], str]
    """The value for people."""
    clause: Callable[[Any], str] | None = None
    """The clause of CREATE USER and ALTER USER that sets it."""
    value: Callable[..., Any] = lambda answer: answer
    """From the columns to the value that UserSpec would have."""
    keyword: str = ""
    """Stands once before such clauses in a row."""
    metadata: str | None = None
    """The key in the account's ATTRIBUTE object that it is kept under, for one without a clause."""
    since: tuple[int, ...] = ()
    """The first version of MySQL that has it; empty if every one has."""

    @property
    def name(self) -> str:
        """Its name for people."""
        return self.field.removesuffix("_days").replace("_", " ")


def _text(template: str, special: Mapping[Any, str] | None = None) -> Callable[[Any], str]:
    """Return what writes a value: by the template, or as the special ones are written."""
    texts = special or {}
    return lambda value: texts[value] if value in texts else template.format(value)


def _limit(field: str, column: str) -> Attribute:
    """Return a resource limit, which is 0 for none."""
    return Attribute(
        field, (column,), _text("{:d}", {0: "no limit"}), clause=_text(f"{field.upper()} {{:d}}"), keyword="WITH"
    )


def _locking(field: str, words: Callable[[Any], str]) -> Attribute:
    """Return a part of what failed logins lead to; MySQL keeps none of an account that has neither part."""
    keyword = field.removesuffix("_days").upper()
    return Attribute(
        field,
        (f"user_attributes->'$.Password_locking.{field}'",),
        words,
        clause=_text(f"{keyword} {{:d}}", {UNBOUNDED: f"{keyword} UNBOUNDED"}),
        value=lambda text: int(text or 0),
        since=(8, 0, 19),
    )


def _require(kind: str, *contents: bytes) -> RequireSpec:
    mode = {"": "NONE", "ANY": "SSL"}.get(kind, kind)
    texts = (content.decode(errors="replace") or None for content in contents)
    return RequireSpec(mode, **dict(zip(CERTIFICATE_FIELDS, texts, strict=True)))


def _require_parts(require: RequireSpec, write: Callable[[str], str]) -> list[str]:
    parts = ((name, getattr(require, name)) for name in CERTIFICATE_FIELDS)
    return [f"{name.upper()} {write(text)}" for name, text in parts if text is not None]


def _require_clause(require: RequireSpec) -> str:
    return "REQUIRE " + (" AND ".join(_require_parts(require, literal)) or require.mode)


def _require_words(require: RequireSpec) -> str:
    return " and ".join(_require_parts(require, str)) or ("none" if require.mode == "NONE" else require.mode)


FLAG = {"Y": True, "N": False, None: None}.__getitem__
FLAG_WORDS = {True: "yes", False: "no", None: SERVER_RULE}.__getitem__
ATTRIBUTES = (
    # In the order in which CREATE USER and ALTER USER take their clauses, after the password's.
    # The password's clause (passwords.py) ends its expiry.
    Attribute("password_expired", ("password_expired",), FLAG_WORDS, value=FLAG),
    Attribute(
        "require",
        ("ssl_type", *(f"CAST({column} AS BINARY)" for column in ("x509_subject", "x509_issuer", "ssl_cipher"))),
        _require_words,
        _require_clause,
        value=_require,
    ),
    _limit("max_queries_per_hour", "max_questions"),
    _limit("max_updates_per_hour", "max_updates"),
    _limit("max_connections_per_hour", "max_connections"),
    _limit("max_user_connections", "max_user_connections"),
    Attribute(
        "password_lifetime_days",
        ("password_lifetime",),
        _text("{:d} days", {None: SERVER_RULE, 0: "never expires"}),
        _text("PASSWORD EXPIRE INTERVAL {:d} DAY", {None: "PASSWORD EXPIRE DEFAULT", 0: "PASSWORD EXPIRE NEVER"}),
    ),
    Attribute(
        "password_history",
        ("password_reuse_history",),
        _text("{:d} passwords", {None: SERVER_RULE}),
        _text("PASSWORD HISTORY {:d}", {None: "PASSWORD HISTORY DEFAULT"}),
    ),
    Attribute(
        "password_reuse_interval_days",
        ("password_reuse_time",),
        _text("{:d} days", {None: SERVER_RULE}),
        _text("PASSWORD REUSE INTERVAL {:d} DAY", {None: "PASSWORD REUSE INTERVAL DEFAULT"}),
    ),
    Attribute(
        "password_require_current",
        ("password_require_current",),
        FLAG_WORDS,
        {
            None: "PASSWORD REQUIRE CURRENT DEFAULT",
            False: "PASSWORD REQUIRE CURRENT OPTIONAL",
            True: "PASSWORD REQUIRE CURRENT",
        }.__getitem__,
        value=FLAG,
        since=(8, 0, 13),
    ),
    _locking("failed_login_attempts", _text("{:d} attempts", {0: "any number"})),
    _locking("password_lock_time_days", _text("{:d} days", {0: "none", UNBOUNDED: "until it is unlocked"})),
    Attribute(
        "locked",
        ("account_locked",),
        FLAG_WORDS,
        {True: "ACCOUNT LOCK", False: "ACCOUNT UNLOCK"}.__getitem__,
        value=FLAG,
    ),
    Attribute(
        "comment",
        ("user_attributes->'$.metadata.comment'",),
        lambda comment: "none" if comment is None else str(comment),
        value=lambda text: None if text is None else json.loads(text),
        metadata="comment",
        since=METADATA_SINCE,
    ),
)


def _number_of(version: str) -> tuple[int, ...]:
    """Return a server's version as numbers: (8, 0, 45) of 8.0.45-0ubuntu0.22.04.1."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def known_to(version: str) -> list[Attribute]:
    """Return the attributes that accounts have in a server of this version."""
    return [row for row in ATTRIBUTES if row.since <= _number_of(version)]


def values(user: UserSpec | type[UserSpec]) -> dict[str, Any]:
    """Return the values that a user's account is to have; of the class itself, what it has by default."""
    return {row.field: getattr(user, row.field) for row in ATTRIBUTES}


DEFAULTS = values(UserSpec)
NEW_ROLE = DEFAULTS | {"locked": True, "password_expired": True}
"""As CREATE ROLE makes an account."""


def values_of_role(current: Values) -> Values:
    """Return the values that a role's account is to have. It is locked, so its password may be what it likes."""
    return NEW_ROLE | {"password_expired": current["password_expired"]}


def unsupported(desired: Values, version: str) -> str | None:
    """Return what an account is to have that the server's version does not have, or None."""
    needs = {row.name: row.since for row in _changed(desired, DEFAULTS)} | {"the accounts' ownership": METADATA_SINCE}
    missing = [
        f"{name} needs MySQL {'.'.join(map(str, since))}"
        for name, since in needs.items()
        if since > _number_of(version)
    ]
    return f"{', '.join(missing)}; the server has {version}" if missing else None


def differences(subject: Subject, desired: Values, current: Values) -> list[Difference]:
    """Return where an account's attributes are not as desired; those that the server's version lacks are left out."""
    return [
        subject.difference(row.name, row.words(desired[row.field]), row.words(current[row.field]))
        for row in _changed(desired, current)
    ]


def clauses(desired: Values, current: Values, ownership: Mapping[str, Any]) -> str:
    """Return the clauses that make an account's attributes as desired, each with a space before it.

    The ownership, empty for nothing, is written into the account's ATTRIBUTE object with them.
    """
    changed = _changed(desired, current)
    words: list[str] = []
    for keyword, rows in groupby(changed, key=lambda row: row.keyword):
        texts = [row.clause(desired[row.field]) for row in rows if row.clause]
        words += [keyword, *texts] if keyword else texts
    # It is merged into the object that is there; null takes a key away.
    patch = {**ownership} | {row.metadata: desired[row.field] for row in changed if row.metadata}
    if patch:
        words.append(f"ATTRIBUTE {literal(json.dumps(patch))}")
    return "".join(f" {word}" for word in words)


def told(current: Values) -> dict[str, str]:
    """Return, for people, the attributes that an account does not have by default."""
    return {row.name: row.words(current[row.field]) for row in _changed(DEFAULTS, current)}


def _changed(desired: Values, current: Values) -> list[Attribute]:
    return [row for row in ATTRIBUTES if row.field in current and current[row.field] != desired[row.field]]
