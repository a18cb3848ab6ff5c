"""What the program says of a server's backups, what a restore is to bring back, and what the verbs answer."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from scripts.host.backups.schedules import on_calendar
from scripts.host.common.checks import checked, matching, utc_time, whole
from scripts.host.common.codec import SpecFault

PACKAGES = ("rclone", "zstd")
"""What a host with backups has besides."""
NEWEST = "newest"
"""The base that a restore takes unless told otherwise: the newest one before the moment or transaction."""
ID = r"\d{8}T\d{6}Z"
"""A base's id: the UTC time of its begin."""
MOMENT = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"
"""A UTC time as specs, manifests and states have it."""
GTID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}:([a-zA-Z_]\w{0,31}:)?[1-9]\d{0,18}"
"""One transaction; MySQL 8.3 and later know tags."""
NAME = r"[^\x00-\x1f\x7f]{1,64}"
"""A database's or table's name."""

bucket_name = matching(
    r"(?!xn--|sthree-)(?!.*\.\.)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    'is not a bucket\'s name (Amazon S3 User Guide, "Bucket naming rules")',
    "Write its name, not its ARN",
)
prefix_text = matching(
    r"/?[\w.=-]+(/[\w.=-]+)*",
    "is no prefix",
    "Write words of letters, digits, dots, hyphens and underscores, joined by slashes",
)
region_name = matching(r"|[a-z]{2,}(-[a-z]+)+-\d", "is no AWS region", "Write one such as eu-central-1")
endpoint_url = matching(
    r"|https?://[\w.\[\]:-]+(/[\w./-]*)?", "is no address", "Write https:// and a host; on AWS leave it empty"
)
base_choice = matching(rf"{NEWEST}|{ID}", "is no base", f"Write {NEWEST}, or an id that `backups` lists")
_moment_text = matching(rf"|{MOMENT}", "is no time", "Write UTC as 2026-12-01T10:30:00Z")
gtid_text = matching(rf"|{GTID}", "is not one transaction", "Write the server's UUID, a colon and a number")
own_name = matching(NAME, "is no name", "Write a database or table as MySQL shows it")


def moment(raw: Any) -> str:
    """Return a UTC time that the calendar has, or nothing."""
    text: str = _moment_text(raw)
    return utc_time(text) if text else text


def bucket_if_any(raw: Any) -> str:
    """Return the name of a bucket, or nothing."""
    return "" if raw == "" else bucket_name(raw)


@dataclass(frozen=True)
class RepositorySpec:
    """Where backups are kept, and what they are encrypted with. Name the fields: the key is the first."""

    key: str = field(repr=False)
    """A secret: what is encrypted with it is lost without it."""
    bucket: str = checked(bucket_if_any)
    """Empty for a folder of the host's own, which tests use; `prefix` is then its path."""
    prefix: str = checked(prefix_text)
    """What the names of this server's objects begin with; no slash at its end."""
    region: str = checked(region_name)
    endpoint: str = checked(endpoint_url, default="")
    """Of another S3 than AWS's; empty for AWS, and on the lab."""

    def faults(self) -> Iterator[SpecFault]:
        """Yield what a single field does not show; a key is not repeated."""
        if not _is_key(self.key):
            hint = "Use 16 to 256 printable ASCII characters without spaces, random ones"
            yield SpecFault("key", "is no key", hint)
        if bool(self.bucket) == self.prefix.startswith("/"):
            wrong = f"{self.prefix!r} begins with a slash" if self.bucket else f"{self.prefix!r} is no folder"
            hint = "Begin it with a word" if self.bucket else "Name a bucket, or write a path from / on"
            yield SpecFault("prefix", wrong, hint, ("bucket",))


@dataclass(frozen=True)
class BackupSpec(RepositorySpec):
    """A server's backups."""

    base_schedule: str = checked(on_calendar, default="daily")
    """When a base is made; systemd.time(7)."""
    drill_schedule: str = checked(on_calendar, default="weekly")
    """When a restore is rehearsed; systemd.time(7)."""
    retention_days: int = checked(whole(1, 3650, " days"), default=7)
    """How long the bucket keeps what is put into it: the host deletes nothing, and only tells by it what is left."""

    @property
    def repository(self) -> RepositorySpec:
        """The part of it that a restore needs."""
        return RepositorySpec(self.key, self.bucket, self.prefix, self.region, self.endpoint)


@dataclass(frozen=True)
class SetUpSpec:
    """Verbs `backup set-up` and `backup diff`: the backups of this server; None turns them off and deletes nothing."""

    backups: BackupSpec | None = None


@dataclass(frozen=True)
class SetUpFacts:
    """What the set-up of backups finds out."""

    rclone: str
    """Its version; empty where backups are off."""
    base_begun: bool = False
    """Whether a first base was begun, in the background."""


@dataclass(frozen=True)
class RestoreSpec:
    """Verb `backup restore`: what a server without data is given. Of `at` and `gtid` one at most."""

    source: RepositorySpec
    base: str = checked(base_choice, default=NEWEST)
    at: str = checked(moment, default="")
    """Replayed is what was committed before this UTC time; empty for all that the log has."""
    gtid: str = checked(gtid_text, default="")
    """Replayed is what came before this transaction; empty for all that the log has."""
    snapshot: str = ""
    """The snapshot that the data came from, over which the log is replayed, and no base is loaded; empty otherwise."""

    def faults(self) -> Iterator[SpecFault]:
        """Yield what a single field does not show."""
        if self.at and self.gtid:
            yield SpecFault("gtid", "is given beside a time", "Leave one of the two out", ("at",))
        if self.snapshot and self.base != NEWEST:
            yield SpecFault("base", "is given beside a snapshot", "Leave one of the two out", ("snapshot",))

    def without_key(self) -> "RestoreSpec":
        """Return it as it may be kept and told."""
        return replace(self, source=replace(self.source, key=""))


@dataclass(frozen=True)
class RestoreFacts:
    """What was restored."""

    base: str
    """Its id, or that of the snapshot."""
    server_uuid: str
    """Of the server that it was made on."""
    restored_to: str
    """UTC time up to which the log was replayed, the base's own if there was no log; or "before" a transaction."""
    tables: int
    rows_bytes: int
    """Of the base's dump, in bytes, before compression."""
    logs: int
    """Files of the binary log that were replayed."""
    seconds: float
    already: bool = False
    """Whether an earlier run of the same spec had done it, and nothing was changed now."""


@dataclass(frozen=True)
class ExtractSpec:
    """Verb `backup extract`: databases or tables of a moment as a file of SQL, beside the running server."""

    databases: tuple[str, ...] = ()
    """All of the base's if empty."""
    tables: tuple[str, ...] = ()
    """Of the one database; all of it if empty."""
    base: str = checked(base_choice, default=NEWEST)
    at: str = checked(moment, default="")
    gtid: str = checked(gtid_text, default="")

    def faults(self) -> Iterator[SpecFault]:
        """Yield what a single field does not show."""
        if self.at and self.gtid:
            yield SpecFault("gtid", "is given beside a time", "Leave one of the two out", ("at",))
        if self.tables and len(self.databases) != 1:
            yield SpecFault("tables", "are not of one database", "Name the one database", ("databases",))


@dataclass(frozen=True)
class ExtractFacts:
    """The file of an extraction."""

    path: str
    """On the host, for root alone; it holds SQL, compressed by zstd, and is yours to delete."""
    bytes: int
    restored_to: str
    seconds: float


@dataclass(frozen=True)
class Base:
    """A base in the repository, as `backup list` tells it."""

    id: str
    server_uuid: str
    started: str
    ended: str
    bytes: int
    """Compressed, as it was sent."""
    mysql_version: str
    earliest: str
    """The earliest moment that it can be restored to."""
    latest: str
    """The last one: the log was sent up to then, or to a gap."""
    gap: str = ""
    """Why the log does not go on from there; empty if it only ends there."""


@dataclass(frozen=True)
class BackupList:
    """Verb `backup list`: all that can be restored."""

    bases: tuple[Base, ...]
    """The newest first."""
    earliest: str
    """The earliest moment of all; empty without a base."""
    latest: str
    """The last one."""
    unreadable: tuple[str, ...] = ()
    """Ids of bases whose manifest this key does not open."""


def _is_key(text: str) -> bool:
    return 16 <= len(text) <= 256 and text.isascii() and text.isprintable() and " " not in text
