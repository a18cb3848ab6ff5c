"""Secrets that are unique, and a search for them wherever a secret could leak to."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from tests.lab.pair import Pair

LETTERS = "abcdefghijkmnpqrstuvwxyz"
HOST_FOLDERS = ["/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr/local", "/var"]  # noqa: S108
"""Where a host could keep something; /var has MySQL's data and all logs."""
PROGRAM, CONFIG = b"pulumi-language-python-exec", b"PULUMI_CONFIG="
"""Pulumi's language hosts hand the program its config in its environment, decrypted; no other process has it."""
OWN_FILES = {"operator-key", "passphrase"}
"""The lab's own key files, which hold these secrets on purpose, for their owner alone."""
VOLUMES = "volumes.img"
"""The hosts' volumes, of a TiB: what is on them is looked through on the hosts."""


def canary() -> str:
    """Return a password that occurs nowhere else, with characters that every encoding changes."""
    word = "".join(secrets.choice(LETTERS) for _ in range(24))
    return f"A1-{word}/é"


def forms(secret: str) -> dict[str, bytes]:
    """Return how a secret would look in a leak: plain, percent-encoded, in base64 and in hex.

    Of base64 the part that does not depend on what stands before and after it, at each of the three offsets.
    """
    raw = secret.encode()
    found = {
        "plain": re.sub(rb"[^ -~].*", b"", raw),  # as far as JSON and others leave it as it is
        "percent-encoded": quote(secret, safe="").encode(),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        found[f"base64 at {offset}"] = encoded[4 if offset else 0 : len(raw) // 3 * 4 - 4]
    return found


class Search:
    """A search for some secrets, and where they were found. What it holds is never printed."""

    def __init__(self, named: dict[str, str]) -> None:
        self.needles = {
            (name, form): text for name, secret in named.items() for form, text in forms(secret).items() if text
        }
        self.found: set[str] = set()

    def look(self, where: str, content: bytes) -> None:
        """Look through a content."""
        for (name, form), text in self.needles.items():
            if text in content:
                self.found.add(f"{name} ({form}) in {where}")

    def files(self, paths: Iterable[Path]) -> None:
        """Look through files of this machine."""
        for path in paths:
            if path.is_file() and path.name not in {*OWN_FILES, VOLUMES}:
                self.look(str(path), path.read_bytes())

    def host(self, pair: Pair, host: str) -> None:
        """Look through what a host has on its disk and in its journal."""
        wanted = b"\n".join(set(self.needles.values())).decode() + "\n"
        options = "--recursive --files-with-matches --text --fixed-strings --devices=skip --file=/dev/stdin"
        done = pair.ssh(host, f"sudo grep {options} {' '.join(HOST_FOLDERS)} 2>/dev/null; true", stdin=wanted)
        self.found |= {f"a secret in {line} of {host}" for line in done.stdout.splitlines()}
        journal = pair.ssh(host, "sudo journalctl --no-pager --output=export").stdout
        assert len(journal) > 1000, "there is a journal to search"
        self.look(f"the journal of {host}", journal.encode())

    @contextmanager
    def watching_processes(self) -> Iterator[Callable[[], int]]:
        """Meanwhile look at argv and environment of every process, the hosts' too; gives how often that was done."""
        ended, rounds = threading.Event(), [0]

        def watch() -> None:
            while not ended.is_set():
                self._processes()
                rounds[0] += 1
                time.sleep(0.005)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            yield lambda: rounds[0]
        finally:
            ended.set()
            watcher.join()

    def _processes(self) -> None:
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                environment = Path(entry.path, "environ").read_bytes()
                # After the environment: of a process between two programs it is empty, and so may be the program's.
                argv = Path(entry.path, "cmdline").read_bytes()
            except OSError:
                continue
            self.look("cmdline of a process", argv)
            if PROGRAM in argv or not argv:
                environment = b"\0".join(one for one in environment.split(b"\0") if not one.startswith(CONFIG))
            self.look("environ of a process", environment)


def tree(folder: Path) -> Iterator[Path]:
    """Return every file under a folder of this machine."""
    yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def pulumi(pair: Pair, search: Search, where: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `pulumi` and look through all that it prints."""
    done = pair.pulumi(*arguments, "--non-interactive", "--color", "never")
    search.look(f"what {where} printed", (done.stdout + done.stderr).encode())
    return done
