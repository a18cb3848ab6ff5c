"""Names and passwords that no quoting may change."""

from __future__ import annotations

import string

AWKWARD = [
    "plain",
    string.punctuation,
    string.punctuation[::-1],
    *(f"a{sign}b" for sign in string.punctuation),
    *(f"{sign}x{sign}" for sign in string.punctuation),
    " in front and behind ",
    "two  blanks",
    "a #b",
    "ünï©ødé",
    "漢字",
    "😀🔑",
    "''",
    "\\'",
    "\\\\",
    '\\n\\t\\s\\"',
    "'$x`id`\\n",
    "$(id)",
    "${HOME}",
    "'${MYSQL_DOLLAR}",
    "%41%zz",
    "p@tcp(192.0.2.1:1)/x?tls=false",
    "x?ssl-mode=DISABLED&ssl_ca=",
]
