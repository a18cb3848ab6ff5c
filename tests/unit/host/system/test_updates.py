"""system/updates.py: what the distribution has newer of MySQL's, and how that is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.system import packages, updates
from scripts.host.system.spec import PackageUpgrade, UpgradeSpec
from tests.unit.host.stand_ins import Bench

OLD, NEW = "8.0.41-0ubuntu0.24.04.1", "8.0.45-0ubuntu0.24.04.1"
POLICY = f"""mysql-common:
  Installed: 5.8+1.1.0
  Candidate: 5.8+1.1.0
  Version table:
 *** 5.8+1.1.0 500
mysql-server-8.0:
  Installed: {OLD}
  Candidate: {NEW}
  Version table:
     {NEW} 500
"""
SIMULATED = f"""Inst libmecab2 (0.996 Ubuntu:24.04/noble [amd64])
Inst mysql-server-8.0 [{OLD}] ({NEW} Ubuntu:24.04/noble-updates [amd64])
Conf mysql-server-8.0 ({NEW} Ubuntu:24.04/noble-updates [amd64])
"""


@pytest.fixture
def host(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Bench:
    """A host whose mirror has a newer MySQL; what apt says is Ubuntu's."""
    installed = f"mysql-common\\t5.8+1.1.0\\tinstall ok installed\\nmysql-server-8.0\\t{OLD}\\tinstall ok installed\\n"
    bench.stand_in("dpkg-query", f"printf '{installed}'")
    bench.stand_in("apt-cache", f"cat <<'END'\n{POLICY}END")
    bench.stand_in("apt-get", f"[ $1 != -s ] || cat <<'END'\n{SIMULATED}END")
    monkeypatch.setattr(packages, "APT_GET", ["apt-get"])
    monkeypatch.setattr(updates, "REBOOT", tmp_path / "reboot-required")
    return bench


def test_a_newer_mysql_is_told_and_nothing_is_changed(host: Bench) -> None:
    assert updates.differences() == [Difference("update", "mysql-server-8.0", "version", NEW, OLD)]
    assert [line.split()[0] for line in host.calls()] == ["dpkg-query", "apt-cache"]


def test_a_reboot_that_is_due_is_told_with_the_packages_that_ask_for_it(host: Bench) -> None:
    host.stand_in("dpkg-query")
    updates.REBOOT.touch()
    assert updates.differences() == [Difference("update", "reboot", "required by", "nothing", "a package")]
    updates.REBOOT.with_suffix(".pkgs").write_text("linux-image\nlibc6\nlinux-image\n")
    assert updates.differences()[0].found == "libc6, linux-image"


def test_an_upgrade_installs_what_was_shown_and_not_what_came_in_between(host: Bench) -> None:
    facts = updates.upgrade(UpgradeSpec(apply=True, no_way_back=False))
    assert facts.packages == (PackageUpgrade("libmecab2", "", "0.996"), PackageUpgrade("mysql-server-8.0", OLD, NEW))
    asked = [line for line in host.calls() if line.startswith("apt-get")]
    assert asked[0] == "apt-get update"
    assert asked[-1] == (f"apt-get install --only-upgrade -o Dpkg::Options::=--force-confold mysql-server-8.0={NEW}")


def test_asked_what_is_newer_the_host_installs_nothing(host: Bench) -> None:
    updates.upgrade(UpgradeSpec(apply=False, no_way_back=False))
    assert not [line for line in host.calls() if line.startswith("apt-get install")]


def test_an_upgrade_that_would_remove_a_package_is_refused(host: Bench) -> None:
    host.stand_in("apt-get", "[ $1 != -s ] || echo 'Remv mysql-server-8.0 [1]'")
    with pytest.raises(HostError, match=r"would remove mysql-server-8\.0, and is left to you: nothing was changed"):
        updates.upgrade(UpgradeSpec(apply=True, no_way_back=False))
