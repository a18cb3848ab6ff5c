"""mysql/service.py and server.py: how long a start is waited for, and what is said when mysqld does not come up."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import server, service
from tests.unit.host.stand_ins import Bench

ERROR = "2026-11-25T16:02:58.809656Z 0 [ERROR] [MY-010262] [Server] Cannot start server: cannot resolve hostname!"


@pytest.fixture
def log(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An error log, and limits of a test's size: half a second of silence, a minute in all."""
    path = bench.folder / "error.log"
    path.write_text("of an earlier start\n")
    monkeypatch.setattr(service, "ERROR_LOG", path)
    monkeypatch.setattr(service, "QUIET_SECONDS", 0.5)
    monkeypatch.setattr(service, "LONGEST_SECONDS", 60)
    monkeypatch.setattr(process, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(server, "is_up", lambda: True)
    return path


def starting(bench: Bench, script: str) -> None:
    """Have systemd restart the service so."""
    bench.stand_in("systemctl", f"[ $1 = restart ] || exit 0; {script}")


def test_a_restart_in_which_mysqld_tells_of_its_recovery_is_waited_for(bench: Bench, log: Path) -> None:
    starting(bench, f"for i in 1 2 3 4 5 6; do sleep 0.1; echo scanned up to $i >>{log}; done")
    server.restart()
    assert bench.calls() == ["systemctl reset-failed mysql", "systemctl restart mysql"]


def test_a_restart_without_a_word_is_given_up(bench: Bench, log: Path) -> None:
    assert log.exists()
    starting(bench, "exec sleep 5")
    with pytest.raises(HostError, match="`systemctl restart mysql` did not end within 1 seconds"):
        server.restart()


def test_a_restart_that_goes_on_for_ever_is_given_up(bench: Bench, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LONGEST_SECONDS", 1.6)
    starting(bench, f"while :; do sleep 0.1; echo more >>{log} || exit; done")
    with pytest.raises(HostError, match="did not end within 2 seconds"):
        server.restart()


def test_a_start_is_waited_for_in_the_same_way_and_never_becomes_a_restart(
    bench: Bench, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert log.exists()
    monkeypatch.setattr(server, "is_up", lambda: False)
    bench.stand_in("systemctl", "exec sleep 5")
    with pytest.raises(HostError, match="`systemctl start mysql` did not end"):
        server.start()
    assert bench.calls() == ["systemctl start mysql"]


def test_a_failed_restart_is_told_in_mysqld_s_words_of_this_start(bench: Bench, log: Path) -> None:
    starting(bench, f"echo '{ERROR}' >>{log}; exit 1")
    with pytest.raises(HostError) as caught:
        server.restart()
    words = "[ERROR] [MY-010262] [Server] Cannot start server: cannot resolve hostname!"
    assert str(caught.value) == f"mysqld does not come up: {words}"


def test_a_server_that_ends_again_is_told(bench: Bench, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "is_up", lambda: False)
    starting(bench, f"echo '{ERROR}' >>{log}")
    with pytest.raises(HostError, match=r"does not stay up: .*cannot resolve hostname"):
        server.restart()


def test_a_host_without_the_driver_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(HostError, match="this host has no python3-pymysql"):
        server.Session()


def test_a_server_that_is_down_is_told_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "SOCKET", str(tmp_path / "no.sock"))
    with pytest.raises(server.Error, match=r"^ERROR 2003: Can't connect") as caught:
        server.Session()
    assert caught.value.number == server.CANNOT_CONNECT
    assert server.is_up() is False
