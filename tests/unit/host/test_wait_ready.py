"""wait_ready.sh and host_key.sh: when the gate opens, and what is pinned."""

from __future__ import annotations

import pytest

from tests.unit.host.bench import Bench


@pytest.fixture
def booted(bench: Bench) -> Bench:
    """A host whose first boot went well and whose MySQL answers."""
    bench.stand_in("cloud-init", "exit 0")
    bench.stand_in("sudo", 'shift; exec "$@"')
    bench.stand_in("mysql", "exit 0")
    bench.stand_in("cut", "echo ssh-ed25519 AAAA")
    bench.stand_in("tail", "echo the end of the log")
    return bench


@pytest.mark.parametrize("code", [0, 2])
def test_the_gate_opens_after_the_boot_and_tells_the_host_key(booted: Bench, code: int) -> None:
    booted.stand_in("cloud-init", f"exit {code}")
    done = booted.run("wait_ready.sh", "--type=t3.small", "mysql")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


def test_the_first_contact_gets_the_same_key_and_waits_for_nothing(booted: Bench) -> None:
    booted.stand_in("cloud-init", "exit 1")
    done = booted.run("host_key.sh")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


def test_the_gate_waits_for_mysql(booted: Bench) -> None:
    flag = booted.folder / "second-try"
    booted.stand_in("mysql", f"[ -e {flag} ] && exit 0; touch {flag}; exit 1")
    assert booted.run("wait_ready.sh", "--type=t3.small", "mysql").returncode == 0
    assert flag.exists()


def test_the_gate_of_a_client_does_not_ask_for_mysql(booted: Bench) -> None:
    booted.stand_in("mysql", "exit 1")
    assert booted.run("wait_ready.sh", "--type=t3.small").returncode == 0


def test_a_failed_boot_keeps_the_gate_shut_and_shows_the_log(booted: Bench) -> None:
    booted.stand_in("cloud-init", "exit 1")
    done = booted.run("wait_ready.sh", "--type=t3.small")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cloud-init ended with errors" in done.stderr and "the end of the log" in done.stderr
