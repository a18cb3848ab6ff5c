"""backups/binary_log.py, notes.py and watch.py on a member of a group: what it sends, and when a base is begun."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.host.backups import binary_log, chosen, listing, notes, status, watch
from scripts.host.backups.chosen import Group
from scripts.host.backups.listing import Chain, Contents
from scripts.host.backups.spec import BackupSpec
from scripts.host.common import codec, state_file
from scripts.host.group.view import Seen
from scripts.host.mysql import server
from tests.unit.host.backups.conftest import SERVER, manifest
from tests.unit.host.backups.test_binary_log import RCLONE
from tests.unit.host.backups.test_binary_log import Mysqld as Alone
from tests.unit.host.stand_ins import Bench

OTHER = "11111111-ebe0-11f1-bdda-6e8c315f54a6"
BEGUN = datetime(2024, 12, 1, 9, 0, tzinfo=UTC)
"""When the files of the log were begun."""


class Secondary(Alone):
    """A secondary: what waits to be applied, and when what it has applied was committed."""

    waiting, applied, cloned = 0, 0.0, 3

    def new_file(self, number: int) -> None:
        """Go on in a file, whose first event has a time."""
        super().new_file(number)
        seconds = int(BEGUN.timestamp()).to_bytes(4, "little")
        (self.folder / f"binlog.{number:06d}").write_bytes(b"\xfebin" + seconds + b"events")

    def rows(self, query: str, args: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Answer for the files, the heading of one, and what waits."""
        if query == notes.WAITING:
            return [(self.waiting,)]
        if query.startswith("SHOW BINLOG EVENTS"):
            number = int(query.split("'")[1].rpartition(".")[2])
            return [
                ("binlog", 4, "Format_desc", 1, 126, ""),
                ("binlog", 126, "Previous_gtids", 1, 157, f"{SERVER}:{number}"),
            ]
        return super().rows(query, args)

    def one(self, query: str) -> Any:
        """Answer for variables, and for what was applied."""
        return (
            self.applied
            if query == notes.APPLIED
            else f"{OTHER}:1-{self.cloned}"
            if "purged" in query
            else super().one(query)
        )


def view(chosen_one: str = OTHER) -> Group:
    """Return a group of three: the third is the primary."""
    own, other = ("10.0.0.1", "10.0.0.2") if chosen_one == SERVER else ("10.0.0.2", "10.0.0.1")
    rows = ((SERVER, own, "SECONDARY"), (OTHER, other, "SECONDARY"), ("primary", "10.0.0.3", "PRIMARY"))
    return Group(SERVER, tuple(Seen(uuid, address, "ONLINE", role, "9.7.4") for uuid, address, role in rows))


class Site:
    """A member, its clock, the group as it sees it, and what it has put into the repository."""

    def __init__(self, mysqld: Secondary, bench: Bench, folder: Path) -> None:
        self.mysqld, self._bench, self._folder = mysqld, bench, folder
        self.clock, self.group = BEGUN.timestamp() + 3600, view()
        self.manifests: tuple[dict[str, Any], ...] = ()
        self.gap = ""

    def time(self) -> float:
        """Return the time."""
        return self.clock

    def put(self) -> list[str]:
        """Return the names of the objects that were put since the last time, in order."""
        words = [call.split() for call in self._bench.calls()]
        names = [call[-1].removeprefix("repository:") for call in words if {"rcat", "copyto"} & {*call}]
        return [name.removeprefix(f"logs/{SERVER}/") for name in names]

    def note(self) -> dict[str, Any]:
        """Return the note that was put last."""
        note: dict[str, Any] = json.loads((self._folder / "note").read_text())
        return note

    def begins_base(self) -> bool:
        """Send the log, and return whether that has begun a base."""
        self._bench.calls()
        watch.log()
        return "systemctl start --no-block mysql-pair-base.service" in self._bench.calls()


@pytest.fixture
def site(bench: Bench, status_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A secondary with backups, which is not the chosen one."""
    spec = BackupSpec(key="k" * 16, bucket="", prefix="/r", region="")
    state_file.save("backups/spec.json", codec.as_data(spec))
    (tmp_path / "list").write_text("[]")
    keep = f"*rcat*) cat >{tmp_path}/note ;;\nesac"
    bench.stand_in("rclone", RCLONE.format(store=tmp_path).replace("esac", keep))
    bench.stand_in("systemctl")
    mysqld = Secondary(tmp_path)
    site = Site(mysqld, bench, tmp_path)
    monkeypatch.setattr(server, "Session", lambda: mysqld)
    monkeypatch.setattr(chosen, "view", lambda _session: site.group)
    monkeypatch.setattr("time.time", site.time)
    monkeypatch.setattr(listing, "contents", lambda _repo: Contents(site.manifests, ()))
    monkeypatch.setattr(
        listing, "chains", lambda _repo, bases: {base["id"]: Chain((), base["started"], site.gap) for base in bases}
    )
    assert status_file.parent.parent.exists()
    return site


def test_a_note_goes_before_each_file_with_the_transactions_before_and_after_it(site: Site) -> None:
    site.mysqld.commit()
    watch.log()
    note, file = site.put()
    assert note == f"{file}.first.gtids"
    # 10:00 by its clock, and a second for what is on its way.
    assert file.startswith("binlog.000007.20241201T095959Z.")
    assert site.note() == {
        "before": f"{SERVER}:7,{OTHER}:1-3",
        "after": f"{SERVER}:8,{OTHER}:1-3",
        "begun": "2024-12-01T09:00:00Z",
        "members": [SERVER, OTHER, "primary"],
    }


def test_a_note_says_by_its_name_whether_its_file_goes_on_from_the_one_before(site: Site) -> None:
    site.mysqld.commit()
    watch.log()
    site.mysqld.commit()
    watch.log()
    first, _, second, _ = site.put()
    assert first.endswith(".first.gtids") and not second.endswith(".first.gtids")
    # A clone begins the log anew, with a number that would follow.
    site.mysqld.files = []
    site.mysqld.new_file(9)
    site.mysqld.cloned = 5
    site.mysqld.commit()
    watch.log()
    names = [name for name in site.put() if name.endswith(".gtids")]
    assert [name.endswith(".first.gtids") for name in names] == [True] and names[0].startswith("binlog.000009.")


def test_what_waits_to_be_applied_is_in_no_file_that_was_sent_so_its_name_says_so(site: Site) -> None:
    site.mysqld.waiting, site.mysqld.applied = 5, BEGUN.timestamp() + 3000.5
    site.mysqld.commit()
    watch.log()
    assert site.put()[-1].startswith("binlog.000007.20241201T095000Z.")
    # Known once, it stays known, whatever MySQL has forgotten by a start.
    site.mysqld.applied = 0.0
    site.mysqld.commit()
    watch.log()
    assert site.put()[-1].startswith("binlog.000008.20241201T095000Z.")
    site.mysqld.waiting = 0
    site.mysqld.commit()
    watch.log()
    assert site.put()[-1].startswith("binlog.000009.20241201T095959Z.")


def test_a_file_that_mysql_has_closed_itself_is_complete_up_to_where_the_one_before_is(site: Site) -> None:
    site.mysqld.commit()
    watch.log()
    site.put()
    site.mysqld.new_file(9)
    site.mysqld.commit()
    site.clock += 60
    watch.log()
    sent = [name.split(".")[1:3] for name in site.put() if not name.endswith(".gtids")]
    assert sent == [["000008", "20241201T095959Z"], ["000009", "20241201T100059Z"]]


def test_a_member_that_is_out_of_the_group_tells_whom_it_was_in_it_with(site: Site) -> None:
    site.mysqld.commit()
    watch.log()
    site.group = Group(SERVER, (Seen(SERVER, "10.0.0.1", "ERROR", "", "9.7.4"),))
    site.mysqld.applied = BEGUN.timestamp() + 60
    site.mysqld.commit()
    watch.log()
    assert site.note()["members"] == [SERVER, OTHER, "primary"]
    assert site.put()[-1].startswith("binlog.000008.20241201T095959Z.")


def test_a_member_that_comes_ends_a_file_though_nothing_was_committed(site: Site) -> None:
    site.mysqld.commit()
    watch.log()
    watch.log()
    assert len(site.put()) == 2
    site.clock += 600
    site.group = Group(SERVER, (*site.group.members, Seen("new", "10.0.0.4", "RECOVERING", "SECONDARY", "9.7.4")))
    watch.log()
    assert site.note()["members"] == [SERVER, OTHER, "primary", "new"]
    assert site.put()[-1].startswith("binlog.000008.20241201T100959Z.")


def test_a_member_that_is_not_chosen_begins_no_base_and_tells_no_gap(site: Site) -> None:
    site.mysqld.commit()
    assert not site.begins_base()
    # A clone has taken its log away.
    site.mysqld.files = []
    site.mysqld.new_file(1)
    site.mysqld.commit()
    assert not site.begins_base()
    assert (status.load()["gap"], status.load()["gap_seen"]) == (None, None)
    assert binary_log.ship()["file"] == "binlog.000001"


def test_the_chosen_one_begins_a_base_where_the_group_has_none(site: Site) -> None:
    site.group = view(chosen_one=SERVER)
    site.manifests = (manifest("20241201T095900Z", server_uuid="of another group"),)
    assert site.begins_base() and site.begins_base()
    site.manifests = (manifest(status.parsed(status.now()).strftime(status.ID_FORM), server_uuid=OTHER),)
    assert not site.begins_base()


def test_one_that_is_chosen_after_a_loss_goes_on_with_the_others_bases_until_they_are_late(site: Site) -> None:
    begun = datetime.now(UTC)
    site.manifests = (manifest(begun.strftime(status.ID_FORM), server_uuid="lost", members=["lost", SERVER]),)
    site.group = view(chosen_one=SERVER)
    assert not site.begins_base()
    assert status.load()["newest_base"] == status.written(begun)
    late = begun - timedelta(days=1, hours=3)
    site.manifests = (manifest(late.strftime(status.ID_FORM), server_uuid="lost", members=["lost", SERVER]),)
    status.update(newest_base=status.written(late))
    assert site.begins_base()


@pytest.mark.parametrize("gap", ["", "what binlog.000009 of server 11111111 goes on from is in no member's log"])
def test_a_gap_of_the_chosen_ones_log_is_one_only_if_no_other_member_fills_it(
    site: Site, gap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.manifests = (manifest(datetime.now(UTC).strftime(status.ID_FORM), server_uuid=OTHER),)
    site.group, site.gap = view(chosen_one=SERVER), gap
    site.mysqld.commit()
    watch.log()
    site.mysqld.new_file(10)
    site.mysqld.new_file(11)
    site.mysqld.purge(11)
    site.mysqld.commit()
    # The others may fill it with what they send next.
    assert not site.begins_base() and status.load()["gap"] is None
    monkeypatch.setattr(watch, "GAP_SECONDS", -1)
    assert site.begins_base() is bool(gap)
    assert ((status.load()["gap"] or {}).get("reason") or "") == gap
