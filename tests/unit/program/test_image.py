"""The golden image: which packages are in it, and that a first boot from it asks for none."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from components.host.agent import ROOT
from components.host.host import parameter_name
from components.host.user_data import cloud_config, user_data
from components.mysql import proxy
from components.mysql.server import VOLUME_PACKAGES
from stack_config.release import IMAGE_NAME

TEMPLATES = ROOT / "image" / "aws"
SEMAPHORE = "/var/lib/cloud/instance/sem/config_package_update_upgrade_install"


def test_it_has_the_packages_of_both_hosts_and_no_other() -> None:
    asked = {*cloud_config("server")["packages"], *cloud_config("client")["packages"], *VOLUME_PACKAGES}
    asked |= {*proxy.PACKAGES}
    assert (ROOT / "image" / "packages.txt").read_text().split() == sorted(asked)


def test_the_distributions_own_proxy_does_not_run_beside_that_of_a_client_host() -> None:
    assert "systemctl disable --quiet haproxy\n" in (ROOT / "image" / "provision.sh").read_text()


def test_packer_makes_it_of_the_image_that_hosts_are_made_from() -> None:
    text = (TEMPLATES / "plugins.pkr.hcl").read_text()
    name = re.search(r'name\s*= "(/aws/service/.*)"', text)
    assert name and name[1] == parameter_name(["x86_64"], "${var.ubuntu_release}").replace(
        "amd64", "${var.architecture}"
    )


def test_the_program_reads_the_release_from_the_image_s_name() -> None:
    text = (TEMPLATES / "mysql-pair.pkr.hcl").read_text()
    base, name = (re.search(rf'^  {key} = "(.*)"$', text, re.MULTILINE) for key in ("base", "name"))
    assert base and name
    filled = (
        base[1].replace("${local.codenames[var.ubuntu_release]}", "noble").replace("${var.ubuntu_release}", "24.04")
    )
    made = name[1].replace("${local.base}", filled)
    found = IMAGE_NAME.search(made)
    assert found and found[1] == "24.04", made


@pytest.mark.parametrize(
    ("installed", "skips"),
    [("openssl tzdata cloud-guest-utils mysql-client", True), ("openssl tzdata cloud-guest-utils", False), ("", False)],
    ids=["all", "one is missing", "none"],
)
def test_a_first_boot_asks_for_packages_only_where_one_is_missing(tmp_path: Path, installed: str, skips: bool) -> None:
    """dpkg-query says "installed" for each that is, and fails where it does not know one."""
    command = yaml.safe_load(user_data("client"))["bootcmd"][-1]
    assert command[4:] == cloud_config("client")["packages"] and SEMAPHORE in command[2]
    dpkg = tmp_path / "dpkg-query"
    here = f'case " {installed} " in *" $name "*) echo installed ;; *) code=1; echo "no $name" >&2 ;; esac'
    dpkg.write_text(f"#!/bin/sh\nshift 3; code=0; for name; do {here}; done; exit $code\n")
    dpkg.chmod(0o755)
    mark = tmp_path / "semaphore"
    argv = [*command[:2], command[2].replace(SEMAPHORE, str(mark)), *command[3:]]
    done = subprocess.run(argv, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, mark.exists()) == (0, "", skips)
