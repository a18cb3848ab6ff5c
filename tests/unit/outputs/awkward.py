"""Names and passwords that no quoting may change."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable

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


def each(texts: Iterable[str] = AWKWARD) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Have a test look at every one of these in turn: as a test each, they would take longer to report than to run."""

    def of_all(test: Callable[[str], None]) -> Callable[[], None]:
        def one_by_one() -> None:
            for text in texts:
                try:
                    test(text)
                except BaseException as fault:
                    fault.add_note(f"with {text!r}")
                    raise

        one_by_one.__name__, one_by_one.__doc__ = test.__name__, test.__doc__
        return one_by_one

    return of_all
