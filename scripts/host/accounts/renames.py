"""Renames: one statement for each set of accounts that pass names on to each other, circles by a temporary name.

RENAME USER does its pairs in order, and all of them or none (MySQL manual, "Atomic Data Definition Statement Support").
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from scripts.host.accounts.changes import Change, Subject
from scripts.host.accounts.names import Account
from scripts.host.common.difference import Difference

Move = tuple[Subject, Account]
"""Whose account, with its new name in it, and the former name."""


def renames(moves: Sequence[Move], taken: Collection[Account]) -> list[Change]:
    """Return the changes: of each set one with the statement, and one without for everybody else in it.

    Args:
        moves: nobody's new name is taken, but by somebody who moves, too.
        taken: every account there is.
    """
    waiting = {former: (subject, former) for subject, former in moves}
    new_names = {subject.account for subject, _ in moves}
    changes: list[Change] = []
    # Whose former name nobody wants begins a chain; what is left over are circles.
    for start in [former for former in waiting if former not in new_names] + list(waiting):
        if chain := _chain(start, waiting):
            changes += _changes(chain, _pairs(chain, taken))
    return changes


def _chain(start: Account, waiting: dict[Account, Move]) -> list[Move]:
    """Take a chain out: each member's new name is the former one of the next."""
    chain = []
    name: Account | None = start
    while name in waiting:
        move = waiting.pop(name)
        chain.append(move)
        name = move[0].account
    return chain


def _pairs(chain: Sequence[Move], taken: Collection[Account]) -> list[tuple[Account, Account]]:
    pairs = [(former, subject.account) for subject, former in reversed(chain) if subject.account]
    if pairs[0][1] != pairs[-1][0]:
        return pairs
    number = 0
    while (aside := Account(f"mysql_pair_aside_{number}", pairs[0][0].host)) in taken:
        number += 1
    return [(pairs[0][0], aside), *pairs[1:], (aside, pairs[0][1])]


def _changes(chain: Sequence[Move], pairs: Sequence[tuple[Account, Account]]) -> list[Change]:
    statement = "RENAME USER " + ", ".join(f"{former.sql} TO {new.sql}" for former, new in pairs)
    (first, former), *others = chain
    also = tuple(subject for subject, _ in others)
    changes = [Change(first, (_difference(first, former),), (statement,), essential=True, also=also)]
    return changes + [Change(subject, (_difference(subject, former),)) for subject, former in others]


def _difference(subject: Subject, former: Account) -> Difference:
    return subject.difference("account", subject.account.sql if subject.account else "", former.sql)
