"""Sets of GTIDs, which say what a server has executed: whether one has all of another's (MySQL manual, "GTID Sets")."""

import re
from dataclasses import dataclass

_SOURCE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r"[a-z_]\w{0,31}")
_INTERVAL = re.compile(r"(\d+)(?:-(\d+))?")
Intervals = list[tuple[int, int]]
"""First and last numbers, in order; none touches the next."""


@dataclass(frozen=True)
class GtidSet:
    """A set of GTIDs."""

    sources: dict[str, Intervals]
    """By UUID and tag."""

    @classmethod
    def parsed(cls, text: str) -> "GtidSet":
        """Return the set that a text has, as MySQL writes it.

        Raises:
            ValueError: it is none.
        """
        sources: dict[str, Intervals] = {}
        for entry in filter(None, "".join(text.lower().split()).split(",")):
            uuid, *parts = entry.split(":")
            if not parts or not _SOURCE.fullmatch(uuid):
                raise ValueError(f"{entry} is no GTID")
            source = uuid
            for part in parts:
                if match := _INTERVAL.fullmatch(part):
                    sources.setdefault(source, []).append((int(match[1]), int(match[2] or match[1])))
                elif _TAG.fullmatch(part):
                    source = f"{uuid}:{part}"
                else:
                    raise ValueError(f"{part} is no interval of GTIDs")
        return cls({source: _joined(intervals) for source, intervals in sources.items()})

    def __or__(self, other: "GtidSet") -> "GtidSet":
        """Return what either has."""
        sources = self.sources.keys() | other.sources.keys()
        return GtidSet(
            {source: _joined(self.sources.get(source, []) + other.sources.get(source, [])) for source in sources}
        )

    def __le__(self, other: "GtidSet") -> bool:
        """Return whether the other one has all of this."""
        return all(
            any(begin <= first and last <= end for begin, end in other.sources.get(source, []))
            for source, intervals in self.sources.items()
            for first, last in intervals
        )

    def beyond(self, other: "GtidSet") -> int:
        """Return how many of these the other one does not have."""
        return sum(
            last - first + 1 - sum(max(0, min(last, end) - max(first, begin) + 1) for begin, end in known)
            for source, intervals in self.sources.items()
            for known in [other.sources.get(source, [])]
            for first, last in intervals
        )


def together(*texts: str) -> str:
    """Return what any of some sets has, as one text."""
    return ",".join(filter(None, ("".join(text.split()) for text in texts)))


def _joined(intervals: Intervals) -> Intervals:
    joined: Intervals = []
    for first, last in sorted(intervals):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
