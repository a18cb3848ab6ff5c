"""Times of systemd's timers (systemd.time(7), "Calendar Events"), checked before a host sees them.

systemd has the last word: what passes here and means nothing to it fails the command on the host, in its own words.
"""

import re
from collections.abc import Sequence
from typing import Any

from scripts.host.common.checks import InvalidValueError

EXAMPLE = "Write one like daily, *-*-* 03:30:00 or Sat 04:00:00"
DAYS = {"minutely": 1, "hourly": 1, "daily": 1, "weekly": 7, "monthly": 31}
RARE = {"quarterly": 92, "semiannually": 184, "yearly": 366, "annually": 366}
"""Words for a calendar event, with the days that lie between two of them at most."""
MONTH_DAYS, YEAR_DAYS = 31, 366
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = r"(?:mon(?:day)?|tue(?:sday)?|wed(?:nesday)?|thu(?:rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_WEEKDAY_LIST = re.compile(rf"{_WEEKDAY}(?:\.\.{_WEEKDAY})?(?:,{_WEEKDAY}(?:\.\.{_WEEKDAY})?)*,?")
_DATE = re.compile(r"(?:(?P<year>[^-~\s]+)-)?(?P<month>[^-~\s]+)[-~](?P<day>[^-~\s]+)")
_ZONE = re.compile(r"utc|[a-z]+(?:/[a-z0-9_+-]+)+")
_HIGHEST = {"year": 2199, "month": 12, "day": 31, "hour": 23, "minute": 59, "second": 59}
_LOWEST = {"year": 1970, "month": 1, "day": 1}


def on_calendar(raw: Any) -> str:
    """Return a calendar event of systemd's."""
    longest_gap(raw)
    return str(raw)


def at_least_monthly(raw: Any) -> str:
    """Return a calendar event that comes every month, whatever else is in it."""
    days = longest_gap(raw)
    if days > MONTH_DAYS:
        raise InvalidValueError(f"{raw!r} leaves out whole months", "Choose one that comes each month, like weekly")
    return str(raw)


def longest_gap(raw: Any) -> int:
    """Return how many days lie between two of a calendar event's times at most; rather too many than too few."""
    if not isinstance(raw, str) or not raw.strip() or not raw.isprintable():
        raise InvalidValueError(f"{raw!r} is no calendar event of systemd's", EXAMPLE)
    words = raw.lower().split()
    if words[0] in DAYS | RARE and (len(words) == 1 or (len(words) == 2 and _ZONE.fullmatch(words[1]))):
        return (DAYS | RARE)[words[0]]
    weekdays, date, time, rest = "", "", "", words
    if rest and _WEEKDAY_LIST.fullmatch(rest[0]):
        weekdays, rest = rest[0], rest[1:]
    if rest and _is_date(rest[0]):
        date, rest = rest[0], rest[1:]
    if rest and _is_time(rest[0]):
        time, rest = rest[0], rest[1:]
    if rest and _ZONE.fullmatch(rest[0]):
        rest = rest[1:]
    if rest or not (weekdays or date or time):
        raise InvalidValueError(f"{raw!r} is no calendar event of systemd's", EXAMPLE)
    return max(_gap_of_date(date), _gap_of_weekdays(weekdays))


def _gap_of_date(date: str) -> int:
    """Return the days between two dates that a pattern fits, in the roughest way: a day, a month, or more."""
    parts = _DATE.fullmatch(date)
    if parts is None:
        return 1
    if parts["month"] != "*" or parts["year"] not in (None, "*"):
        return YEAR_DAYS
    return 1 if parts["day"] == "*" and "~" not in date else MONTH_DAYS


def _gap_of_weekdays(weekdays: str) -> int:
    chosen: set[int] = set()
    for part in filter(None, weekdays.split(",")):
        first, _, last = part.partition("..")
        begin, end = WEEKDAYS.index(first[:3]), WEEKDAYS.index((last or first)[:3])
        chosen |= {day % 7 for day in range(begin, (end if end >= begin else end + 7) + 1)}
    days = sorted(chosen)
    return max(
        ((after - before) % 7 or 7 for before, after in zip(days, [*days[1:], *days[:1]], strict=True)), default=1
    )


def _is_date(word: str) -> bool:
    parts = _DATE.fullmatch(word)
    return parts is not None and all(value is None or _fits(value, unit) for unit, value in parts.groupdict().items())


def _is_time(word: str) -> bool:
    parts: Sequence[str] = word.split(":")
    units = ("hour", "minute", "second")
    return len(parts) in (2, 3) and all(map(_fits, parts, units))


def _fits(value: str, unit: str) -> bool:
    """Return whether a part of a calendar event is a list of numbers, ranges and repetitions of that unit."""
    for entry in value.split(","):
        match = re.fullmatch(r"(?:\*|(\d{1,4})(?:\.\.(\d{1,4}))?)(?:/\d{1,4})?", entry)
        if match is None:
            return False
        if any(not _LOWEST.get(unit, 0) <= int(number) <= _HIGHEST[unit] for number in match.groups() if number):
            return False
    return True
