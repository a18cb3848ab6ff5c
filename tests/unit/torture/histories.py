"""Histories and tables for tests, a line an operation."""

from __future__ import annotations

from tests.torture.history import APPEND, LATEST, OK, TOTAL, TRANSFER, Content, Operation
from tests.torture.workload import ACCOUNTS, BALANCE


def append(number: int, end: float, outcome: str = OK, writer: int = 0) -> Operation:
    """Return an append that took a tenth of a second."""
    return Operation(APPEND, end - 0.1, end, outcome, writer=writer, number=number)


def transfer(number: int, end: float, outcome: str = OK) -> Operation:
    """Return a transfer that took a tenth of a second."""
    return Operation(TRANSFER, end - 0.1, end, outcome, number=number)


def latest(start: float, number: int, port: str = "write") -> Operation:
    """Return a read that found a number of the first writer, and took a tenth of a second."""
    return Operation(LATEST, start, start + 0.1, OK, port=port, latest={"0": number} if number else {})


def total(amount: int, port: str = "read", outcome: str = OK) -> Operation:
    """Return a read of all balances."""
    return Operation(TOTAL, 1.0, 1.1, outcome, port=port, total=amount)


def content(*appended: int, moved: int = 0, balances: dict[int, int] | None = None) -> Content:
    """Return tables with these numbers of the first writer, and one transfer of its from account 0 to account 1."""
    expected = dict.fromkeys(range(ACCOUNTS), BALANCE)
    if moved:
        expected |= {0: BALANCE - moved, 1: BALANCE + moved}
    rows = ((0, 1, 0, 1, moved),) if moved else ()
    return Content(tuple((0, number) for number in appended), rows, expected if balances is None else balances)
