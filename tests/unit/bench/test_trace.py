"""bench/trace.py: what the engine's events and a host's own notes say of when something began and ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import trace

TOLD = """\
UserspaceTimestamp=Sun 2026-11-29 21:51:16.250000 UTC
FinishTimestamp=Sun 2026-11-29 21:51:41.752455 UTC
[
 {
  "event_type": "start",
  "name": "init-local",
  "timestamp": 1795989078.5
 },
 {
  "event_type": "finish",
  "name": "init-local/check-cache",
  "timestamp": 1795989078.6
 },
 {
  "event_type": "finish",
  "name": "init-local",
  "timestamp": 1795989079.0
 }
]

Start-Date: 2026-11-29  21:51:45
Commandline: apt-get -q -y -o DPkg::Lock::Timeout=300 install -o Dpkg::Options::=--force-confold mysql-server
End-Date: 2026-11-29  21:51:57
2026-11-29T21:51:50.500000Z 0 [System] [MY-013169] [Server] /usr/sbin/mysqld (mysqld 9.7.4-2) initializing of server
2026-11-29T21:51:52.500000Z 6 [System] [MY-013172] [Server] Received SHUTDOWN from user boot.
2026-11-29T21:51:56.632672Z 0 [System] [MY-010116] [Server] /usr/sbin/mysqld (mysqld 9.7.4-2) starting as process 1715
"""
NOON = 1795989076.0
"""21:51:16 on that day."""


def _urn(kind: str, name: str) -> dict[str, Any]:
    return {"metadata": {"urn": f"urn:pulumi:x::project::{kind}::{name}", "type": kind}}


def _events(*steps: tuple[str, str, float, float]) -> list[tuple[float, dict[str, Any]]]:
    begins = [(begin, {"resourcePreEvent": _urn(kind, name)}) for kind, name, begin, _ in steps]
    ends = [(end, {"resOutputsEvent": _urn(kind, name)}) for kind, name, _, end in steps]
    return [(NOON + 1, {"preludeEvent": {}}), *sorted([*begins, *ends], key=lambda event: event[0])]


def test_a_host_tells_of_systemd_cloud_init_apt_and_mysql() -> None:
    rows = {row: (begin - NOON, end - NOON) for row, begin, end in trace.host_times(TOLD)}
    assert rows == {
        "systemd": (0.25, 2.5),
        "cloud-init init-local": (2.5, 3.0),
        "apt: mysql-server": (29, 42),
        "mysqld --initialize": (34.5, 36.5),
    }, "and not of a start of mysqld that has no end"


def test_commands_have_rows_of_their_own_and_aws_has_one_for_each_component() -> None:
    events = _events(
        ("pulumi:pulumi:Stack", "stack", NOON + 2, NOON + 9),
        ("aws:ec2/vpc:Vpc", "network-vpc", NOON + 3, NOON + 4),
        ("aws:ec2/subnet:Subnet", "network-public-1", NOON + 3.5, NOON + 5),
        ("aws:ec2/instance:Instance", "server-instance", NOON + 5, NOON + 6),
        ("command:remote:Command", "client-1-ready", NOON + 6, NOON + 7),
        ("command:remote:Command", "accounts-applied", NOON + 7, NOON + 8),
    )
    assert [tuple(span) for span in trace.engine_spans(events, NOON, 10)] == [
        ("engine", "lab and stack", 0, 1),
        ("engine", "program's start", 1, 3),
        ("engine", "outputs and end", 8, 10),
        ("client-1: commands", "client-1-ready", 6, 7),
        ("server: commands", "accounts-applied", 7, 8),
        ("AWS", "network", 3, 5),
        ("AWS", "server-instance", 5, 6),
    ]


def test_the_page_shows_the_picture(tmp_path: Path) -> None:
    spans = [("engine", "lab", 0.0, 1.0), ("server: boot", "systemd", 1.0, 2.0)]
    text = trace.markdown({"spans": spans, "query": 2.0, "took": 3.0, "load": 0.5}, tmp_path)
    assert "after 2 s, and `up` has ended after 3 s" in text
    assert (tmp_path / "up.svg").exists()


@pytest.mark.parametrize(
    ("times", "joined"),
    [
        ([(1.0, 2.0), (3.0, 4.0)], [(1.0, 2.0), (3.0, 4.0)]),
        ([(3.0, 4.0), (1.0, 3.5)], [(1.0, 4.0)]),
        ([(1.0, 9.0), (2.0, 3.0)], [(1.0, 9.0)]),
    ],
    ids=["apart", "overlapping", "inside"],
)
def test_times_that_overlap_are_one(times: list[tuple[float, float]], joined: list[tuple[float, float]]) -> None:
    assert list(trace.joined(times)) == joined
