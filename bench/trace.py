"""One `up` from an empty lab to the first query, as one picture: engine, first boots, packages, MySQL, remote commands.

Begins and ends are wall clock: of the engine's steps when its event log tells them, of a host's those that
cloud-init, apt, systemd and MySQL have written down. Host and engine share the machine's clock.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench import plots
from bench.labs import PROJECT_ROOT
from lab.cloud.model import Instance
from lab.cloud.store import Store
from lab.machine import hosts
from lab.machine.plane import Plane
from lab.settings import Lab

READ_SECONDS = 0.01
"""Between two looks into the engine's event log."""
FACTS = """
systemctl show --timestamp=us+utc -p UserspaceTimestamp -p FinishTimestamp
cloud-init analyze dump 2>/dev/null
echo
grep -E '^(Start|End)-Date|^Commandline' /var/log/apt/history.log
grep -hE 'MY-01(3169|3172|0116|0931)' /var/log/mysql/error.log 2>/dev/null || true
"""
"""What a host tells of its first boot, its packages and MySQL."""
STAGES = {"init-local", "init-network", "modules-config", "modules-final"}
COMPONENTS = ("network", "firewall", "backups", "snapshots")
FIRST_QUERY = "client-1-logins"
"""The command that logs in from a client host and looks for databases."""


class Span(NamedTuple):
    """Something that took a while."""

    group: str
    """Of rows, which have one colour."""
    row: str
    begin: float
    """Seconds since `up` began."""
    end: float


def traced_up(name: str) -> dict[str, Any]:
    """Bring up a lab that is set up and empty; return the spans, and the seconds to the first query and to the end."""
    with tempfile.TemporaryDirectory(prefix="trace-") as folder:
        began = time.time()
        events = _up(name, Path(folder) / "events")
    took = time.time() - began
    found = [*engine_spans(events, began, took), *_hosts_spans(name, began)]
    spans = sorted(found, key=lambda span: _order(span.group))
    query = next((span.end for span in spans if span.row == FIRST_QUERY), took)
    print(f"trace: first query after {query:.1f} s, `up` ended after {took:.1f} s", flush=True)
    return {"spans": spans, "query": query, "took": took, "load": os.getloadavg()[0]}


def _order(group: str) -> str:
    """Return what groups are sorted by: the engine's first, then AWS, then host by host."""
    return {"engine": "0", "AWS": "1"}.get(group, group)


def _up(name: str, log: Path) -> list[tuple[float, dict[str, Any]]]:
    """Bring the lab up, and return the engine's events, each with the moment at which it told it."""
    log.touch()
    variables = {**os.environ, "PULUMI_DEBUG_COMMANDS": "true", "PULUMI_OPTION_EVENT_LOG": str(log)}
    command = [sys.executable, "-m", "lab", "up", "--lab", name]
    with tempfile.TemporaryFile("w+") as said:
        run = subprocess.Popen(command, cwd=PROJECT_ROOT, env=variables, stdout=said, stderr=said, text=True)
        ended = threading.Event()
        events: list[tuple[float, dict[str, Any]]] = []
        reader = threading.Thread(target=_follow, args=(log, ended, events))
        reader.start()
        code = run.wait()
        ended.set()
        reader.join()
        if code != 0:
            said.seek(0)
            sys.exit(f"bench: lab up failed\n{said.read()}")
    return events


def _follow(log: Path, ended: threading.Event, events: list[tuple[float, dict[str, Any]]]) -> None:
    """Read a file of JSON lines while it is written, until its writer has ended."""
    rest = b""
    with log.open("rb") as file:
        while True:
            last = ended.is_set()
            now, lines = time.time(), (rest + file.read()).split(b"\n")
            rest = lines.pop()
            events += [(now, json.loads(line)) for line in lines]
            if last:
                return
            time.sleep(READ_SECONDS)


def engine_spans(events: list[tuple[float, dict[str, Any]]], began: float, took: float) -> Iterator[Span]:
    """Return the spans that the engine's events tell: its own, those of AWS by component, and every command's."""
    begins: dict[str, float] = {}
    steps: list[tuple[str, str, float, float]] = []
    for moment, event in events:
        if pre := event.get("resourcePreEvent"):
            begins[pre["metadata"]["urn"]] = moment - began
        elif (post := event.get("resOutputsEvent")) and (urn := post["metadata"]["urn"]) in begins:
            steps.append((post["metadata"]["type"], urn.rsplit("::", 1)[1], begins[urn], moment - began))
    told = events[0][0] - began
    done = [step for step in steps if not step[0].startswith(("pulumi:", "mysql-pair:"))]
    first, last = min(step[2] for step in done), max(step[3] for step in done)
    yield Span("engine", "lab and stack", 0, told)
    yield Span("engine", "program's start", told, first)
    yield Span("engine", "outputs and end", last, took)
    groups: dict[str, list[tuple[float, float]]] = {}
    for kind, name, begin, end in done:
        if kind.startswith("command:remote"):
            yield Span(f"{_host_of(name)}: commands", name, begin, end)
        else:
            groups.setdefault(_part_of(kind, name), []).append((begin, end))
    for part, times in groups.items():
        for begin, end in joined(times):
            yield Span("AWS", part, begin, end)


def _part_of(kind: str, name: str) -> str:
    """Return which row an AWS resource, or a generated password, is in: its component's, or its own."""
    if kind.startswith("command:local"):
        return "passwords and keys"
    component = name.split("-")[0]
    return component if component in COMPONENTS else name


def _host_of(command: str) -> str:
    """Return the host that a command is about."""
    return "client-1" if command.startswith("client-1") else "server"


def joined(times: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Return times that overlap as one."""
    begin, end = min(times)
    for more_begin, more_end in sorted(times):
        if more_begin > end:
            yield begin, end
            begin, end = more_begin, more_end
        end = max(end, more_end)
    yield begin, end


def _hosts_spans(name: str, began: float) -> Iterator[Span]:
    store = Store(Lab.named(name).cloud)
    plane = Plane(Lab.named(name), store)
    for instance in store.all(Instance):
        host = instance.tags["Name"].removeprefix(f"mysql-pair-{name}-")
        told = hosts.execute(plane.host_name(instance.id), "sh", "-c", FACTS).stdout
        for row, begin, end in host_times(told):
            yield Span(f"{host}: boot", f"{host} {row}", begin - began, end - began)


def host_times(told: str) -> Iterator[tuple[str, float, float]]:
    """Return rows with begin and end (seconds since 1970) from what a host answers to FACTS."""
    shown = dict(re.findall(r"^(\w+)Timestamp=\w+ (\S+ \S+) UTC$", told, re.MULTILINE))
    events = json.loads(told[told.index("\n[") : told.index("\n]") + 2])
    begins: dict[str, float] = {}
    if kernel := shown.get("Userspace"):
        start = datetime.strptime(f"{kernel} +0000", "%Y-%m-%d %H:%M:%S.%f %z").timestamp()
        yield "systemd", start, min(event["timestamp"] for event in events)
    for event in events:
        name = event["name"]
        if name in STAGES and event["event_type"] == "start":
            begins.setdefault(name, event["timestamp"])
        elif name in STAGES and event["event_type"] == "finish":
            yield f"cloud-init {name}", begins[name], event["timestamp"]
    apt = r"^Start-Date: (.*)\nCommandline: apt-get .* install (.*)\nEnd-Date: (.*)$"
    for start_date, names, end_date in re.findall(apt, told, re.MULTILINE):
        words = [word for word in names.split() if not word.startswith("-") and "::" not in word]
        yield f"apt: {', '.join(words[-2:])}", _apt_time(start_date), _apt_time(end_date) + 1
    mysql = re.findall(r"^(\S+)Z \d+ \[System\] \[MY-0(\d+)\] .*$", told, re.MULTILINE)
    times = {code: datetime.fromisoformat(f"{moment}+00:00").timestamp() for moment, code in reversed(mysql)}
    for row, begin, end in (("mysqld --initialize", "13169", "13172"), ("mysqld starts", "10116", "10931")):
        if begin in times and end in times:
            yield row, times[begin], times[end]


def _apt_time(text: str) -> float:
    """Return the moment that apt's history names, in UTC as the hosts' clocks, to a second."""
    return datetime.strptime(text, "%Y-%m-%d  %H:%M:%S").replace(tzinfo=UTC).timestamp()


def markdown(measured: dict[str, Any], folder: Path) -> str:
    """Return what docs/performance.md says of it; the plot goes into a folder."""
    plots.waterfall(folder / "up.svg", measured["spans"], ("first query", measured["query"]))
    return "\n".join(
        [
            "## Time to the first query",
            "",
            "One `python -m lab up` on an empty lab whose engine and image are cached: the first login from the client "
            f"host has found its database after {measured['query']:.0f} s, and `up` has ended after "
            f"{measured['took']:.0f} s (load average of the machine: {measured['load']:.1f}). Rows of one colour "
            "belong together; a host's own rows are what it wrote down itself (apt to the second).",
            "",
            "![trace of an up](performance/up.svg)",
            "",
        ]
    )
