"""Writes and reads notes on a client host, at a steady pace, and counts the requests that fail.

Usage: request_load.py PORT PER_SECOND, on the client host. Every second request writes a note, the one after it reads
it back. It prints `started`, and at the end of standard input one JSON object: how many requests were made, and every
failure.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from urllib.request import Request, urlopen

WORKERS = 16
SECONDS = 15
"""How long an answer may take."""


@dataclass
class Load:
    """What was asked and what failed."""

    url: str
    made: int = 0
    failures: list[str] = field(default_factory=list)
    due: queue.Queue[int | None] = field(default_factory=queue.Queue)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def work(self) -> None:
        """Write and read a note whenever one is due."""
        while (number := self.due.get()) is not None:
            text = f"note {number}"
            self.ask(json.dumps({"text": text}).encode(), text)
            self.ask(None, text)

    def ask(self, body: bytes | None, expected: str) -> None:
        """Make one request, whose answer must have the note in it."""
        fault = ""
        try:
            request = Request(self.url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310  http
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310  http
                if f'"{expected}"' not in answer.read().decode():
                    fault = f"{expected} is not in the answer"
        except OSError as error:
            fault = repr(error)
        with self.lock:
            self.made += 1
            self.failures += [fault] if fault else []


def main(port: str, per_second: float) -> None:
    """Go on until standard input ends."""
    load = Load(f"http://127.0.0.1:{port}/notes")
    workers = [threading.Thread(target=load.work, daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    ended = threading.Event()
    pacer = threading.Thread(target=pace, args=(load, per_second / 2, ended), daemon=True)
    pacer.start()
    print("started", flush=True)
    sys.stdin.read()
    ended.set()
    pacer.join()
    for _ in workers:
        load.due.put(None)
    for worker in workers:
        worker.join(2 * SECONDS)
    print(json.dumps({"made": load.made, "failures": load.failures}))


def pace(load: Load, per_second: float, ended: threading.Event) -> None:
    """Ask for a note, so many times a second."""
    began, count = time.monotonic(), 0
    while not ended.is_set():
        count += 1
        load.due.put(count)
        time.sleep(max(0.0, began + count / per_second - time.monotonic()))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
