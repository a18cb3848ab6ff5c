"""wait_ready.sh and host_key.sh: when the readiness check ends, and what is pinned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.host.stand_ins import Bench


@pytest.fixture
def booted(bench: Bench) -> Bench:
    """A host whose first boot went well."""
    bench.stand_in("cloud-init", "exit 0")
    bench.stand_in("cut", "echo ssh-ed25519 AAAA")
    bench.stand_in("sleep")
    log = r"Get:1 x\n(Reading ... \r(Reading ... 55%%\r\n10%%\rthe end of the log\r\nSetting up a (1) ...\n"
    bench.stand_in("sudo", f"""[ "$2 $3" = "cat /var/log/cloud-init-output.log" ] && printf '{log}'""")
    return bench


@pytest.mark.parametrize("code", [0, 2])
def test_it_ends_after_the_boot_and_tells_the_host_key(booted: Bench, code: int) -> None:
    booted.stand_in("cloud-init", f"exit {code}")
    done = booted.run("wait_ready.sh", "--type=t3.small")
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")


def result(folder: Path, *errors: str) -> str:
    """Return the path of what cloud-init writes at its end."""
    file = folder / "result.json"
    file.write_text(json.dumps({"v1": {"datasource": "DataSourceEc2Local", "errors": errors}}, indent=1))
    return str(file)


def test_a_boot_that_has_ended_well_is_seen_without_cloud_init(booted: Bench, tmp_path: Path) -> None:
    done = booted.run("wait_ready.sh", "--type=t3.small", result(tmp_path))
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")
    assert not [call for call in booted.calls() if call.startswith("cloud-init")]


def test_cloud_init_is_asked_now_and_then_whether_it_still_runs(booted: Bench, tmp_path: Path) -> None:
    booted.stand_in("sleep")
    turns = tmp_path / "turns"
    ended = f"echo >>{turns}; [ $(wc -l <{turns}) -lt 3 ] && echo status: running || echo status: disabled"
    booted.stand_in("cloud-init", f'case "$*" in status) {ended} ;; esac')
    done = booted.run("wait_ready.sh", "--type=t3.small", str(tmp_path / "no result"))
    assert (done.returncode, done.stdout) == (0, "ssh-ed25519 AAAA\n")
    calls = booted.calls()
    assert [call for call in calls if call.startswith("cloud-init")] == [
        *["cloud-init status"] * 3,
        "cloud-init status --wait",
    ]
    assert calls.count("sleep 0.2") == 149


def test_a_result_with_errors_is_for_cloud_init_to_judge(booted: Bench, tmp_path: Path) -> None:
    failed_boot(booted, "('write_files', OSError())")
    done = booted.run("wait_ready.sh", "--type=t3.small", result(tmp_path, "('write_files', OSError())"))
    assert (done.returncode, done.stdout) == (1, "")


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
