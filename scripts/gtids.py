"""Sets of GTIDs as MySQL writes them, `UUID:1-5:7,UUID:TAG:1`: how many transactions one has that another lacks."""

Intervals = dict[str, list[tuple[int, int]]]
"""First and last number, by source and tag."""


def beyond(held: str, other: str) -> int:
    """Return how many transactions of a set another one does not have."""
    known = _intervals(other)
    return sum(
        last - first + 1 - sum(max(0, min(last, end) - max(first, begin) + 1) for begin, end in known.get(source, ()))
        for source, intervals in _intervals(held).items()
        for first, last in intervals
    )


def _intervals(text: str) -> Intervals:
    """Return what a set has (MySQL manual, "GTID Sets"): a tag stands before its numbers, which follow the source."""
    intervals: Intervals = {}
    for part in "".join(text.split()).lower().split(","):
        source, *words = part.split(":")
        key = source
        for word in words:
            first, _, last = word.partition("-")
            if first.isdigit():
                intervals.setdefault(key, []).append((int(first), int(last or first)))
            else:
                key = f"{source}:{word}"
    return intervals
