"""The lab's pair: a server of an instance type, and a client host with sysbench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from bench.database.sites import Site, site
from bench.labs import PROJECT_ROOT, boot_golden, lab
from lab.settings import Lab
from tests.lab.pair import Pair

NAME = "benchdatabase"
CONFIG: Mapping[str, object] = {
    "clients": [{"name": "client", "packages": ["python3-pymysql", "sysbench"]}],
    # No base backup is to begin meanwhile.
    "backupDays": 0,
    "snapshotCount": 0,
}


class Stack:
    """The stack, once it is up."""

    def __init__(self, name: str) -> None:
        """Find its hosts."""
        self.pair = Pair(Lab.named(name), PROJECT_ROOT)
        outputs = self.pair.outputs()
        self.server: Site = site(self.pair.lab, outputs["server_instance_id"])
        self.client: Site = site(self.pair.lab, outputs["client_instance_ids"][0])
        url = urlsplit(outputs["connection_string"])
        self.login: Mapping[str, Any] = {
            "host": url.hostname,
            "port": url.port,
            "user": unquote(url.username or ""),
            "password": unquote(url.password or ""),
        }
        self._volume: str = outputs["data_volume_id"]

    def throttle(self) -> bool:
        """Hold the server to its volume's pace; return whether this machine can."""
        return self.server.throttle(self._volume)

    def become(self, instance_type: str) -> None:
        """Make the server an instance of a type."""
        self.server.forget_throttle()
        self.pair.configure({"serverInstanceType": instance_type})
        self.pair.up()


@contextmanager
def up(instance_type: str, name: str = NAME, more: Mapping[str, object] = MappingProxyType({})) -> Iterator[Stack]:
    """Give the stack, which is taken down afterwards; `more` is of its config."""
    boot_golden(True)
    lab("setup", name)
    try:
        Pair(Lab.named(name), PROJECT_ROOT).configure({**CONFIG, **more, "serverInstanceType": instance_type})
        lab("up", name)
        stack = Stack(name)
        try:
            yield stack
        finally:
            stack.server.forget_throttle()
    finally:
        lab("down", name)
