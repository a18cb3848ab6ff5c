"""wait_ready.sh and host_key.sh: when the readiness check ends, and what is pinned."""

from __future__ import annotations

import json

import pytest

from tests.unit.host.bench import Bench


@pytest.fixture
def booted(bench: Bench) -> Bench:
    """A host whose first boot went well."""
    bench.stand_in("cloud-init", "exit 0")
    bench.stand_in("cut", "echo ssh-ed25519 AAAA")
    log = r"Get:1 x\n(Reading ... \r(Reading ... 55%%\r\n10%%\rthe end of the log\r\nSetting up a (1) ...\n"
    bench.stand_in("sudo", f"""[ "$2 $3" = "cat /var/log/cloud-init-output.log" ] && printf '{log}'""")
    return bench


@pytest.mark.parametrize("code", [0, 2])
def test_it_ends_after_the_boot_and_tells_the_host_key(booted: Bench, code: int) -> None:
    booted.stand_in("cloud-init", f"exit {code}")
    done = booted.run("wait_ready.sh", "--type=t3.small")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


def test_the_first_contact_gets_the_same_key_and_waits_for_nothing(booted: Bench) -> None:
    booted.stand_in("cloud-init", "exit 1")
    done = booted.run("host_key.sh")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


PACKAGES = "('package_update_upgrade_install', ProcessExecutionError())"


def failed_boot(booted: Bench, *errors: str) -> None:
    """Have cloud-init say that its modules failed so."""
    said = json.dumps({"errors": errors, "status": "error"})
    booted.stand_in("cloud-init", f"case $2 in --format=json) cat <<'END'\n{said}\nEND\n;; esac; exit 1")


@pytest.mark.parametrize("error", [PACKAGES, PACKAGES.replace("_", "-")])
def test_packages_that_the_first_boot_could_not_install_keep_nobody_waiting(booted: Bench, error: str) -> None:
    failed_boot(booted, error)
    done = booted.run("wait_ready.sh", "--type=t3.small")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n"), done.stderr


@pytest.mark.parametrize("errors", [[], [PACKAGES, "('write_files', OSError())"]])
def test_a_failed_boot_fails_the_readiness_check_and_shows_the_log(booted: Bench, errors: list[str]) -> None:
    failed_boot(booted, *errors)
    done = booted.run("wait_ready.sh", "--type=t3.small")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cloud-init ended with errors" in done.stderr
    assert done.stderr.endswith("; the end of its log:\nthe end of the log\n"), "no progress bars of apt"
