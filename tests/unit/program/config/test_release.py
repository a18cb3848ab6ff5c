"""The Ubuntu release, and settings that its MySQL does not have."""

from __future__ import annotations

import pulumi
import pytest

import stack_config
from stack_config.aws import HostFacts
from tests.unit.program.configs import GOOD, SECRET, FakeCloud, assert_told, messages, parsed, texts, user
from tests.unit.program.test_program import Run

IMAGES = {"22.04": "ami-22222222222222222", "24.04": "ami-24242424242424242", "26.04": "ami-26262626262626262"}


def with_server(release: str) -> FakeCloud:
    """Return an AWS in which the server is there, of an Ubuntu release."""
    return FakeCloud(server=(HostFacts(IMAGES[release], "10.20.0.10", "subnet-0d0d0d0d", False), "x86_64"))


def test_a_release_that_the_program_does_not_know_is_refused() -> None:
    assert_told({"ubuntuRelease": "20.04"}, "ubuntuRelease", "no Ubuntu release that the program knows")


@pytest.mark.parametrize(("given", "release"), [({}, "24.04"), ({"ubuntuRelease": "26.04"}, "26.04")])
def test_hosts_are_made_from_the_image_of_the_release(given: dict[str, str], release: str) -> None:
    """As text or as a number: YAML takes 26.04 for one."""
    assert parsed(**given).ubuntu_release == release
    assert parsed(ubuntuRelease=26.04).ubuntu_release == "26.04"
    asked = {call.args["name"] for call in Run(None, **given).seen.calls if call.token.startswith("aws:ssm")}
    assert asked == {f"/aws/service/canonical/ubuntu/server/{release}/stable/current/amd64/hvm/ebs-gp3/ami-id"}


# release, setting, what is told of it
SETTINGS = [
    ("26.04", "default_authentication_plugin", "no setting of MySQL 8.4: 8.4 removed it (Ubuntu 26.04)"),
    ("22.04", "mysql_native_password", "no setting of MySQL 8.0: 8.4 brings it (Ubuntu 22.04)"),
    ("24.04", "restrict_fk_on_non_standard_key", "no setting of MySQL 8.0"),
]


@pytest.mark.parametrize(("release", "name", "said"), SETTINGS)
def test_a_setting_that_the_releases_mysql_does_not_have_is_refused_before_anything_is_made(
    release: str, name: str, said: str
) -> None:
    settings: dict[str, object] = {"mysqlSettings": {name: "1"}}
    assert_told(settings | {"ubuntuRelease": release}, f"mysqlSettings.{name}", said)
    assert_told(settings | {"serverAmi": IMAGES[release]}, f"mysqlSettings.{name}", said)
    other = "24.04" if release == "26.04" else "26.04"
    assert parsed(mysqlSettings={name: "1"}, ubuntuRelease=other).server["settings"] == {name: "1"}
    assert parsed(mysqlSettings={name: "1"}, serverAmi="ami-0123456789abcdef0")  # whose name tells nothing


def test_what_counts_is_the_release_of_the_server_that_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi, "warn", warned.append)
    changes: dict[str, object] = {"ubuntuRelease": "26.04", "mysqlSettings": {"default_authentication_plugin": "x"}}
    assert stack_config.parse(GOOD | texts(changes), SECRET, with_server("24.04"))
    assert warned == [
        "mysql-pair:ubuntuRelease: is 26.04, and the server's image is Ubuntu 24.04, which stays as long as the server"
        ". Hosts that are made from now on are of the new release"
    ]
    (told,) = messages(GOOD | texts({**changes, "ubuntuRelease": "24.04"}), cloud=with_server("26.04"))
    assert "default_authentication_plugin: is no setting of MySQL 8.4" in told


def test_a_user_with_a_plugin_that_the_releases_mysql_has_turned_off_is_refused_before_anything_is_made() -> None:
    native = user(plugin="mysql_native_password")
    assert parsed(**native)
    assert_told(native | {"ubuntuRelease": "26.04"}, "users.app.plugin", "mysql_native_password is off in MySQL 8.4")
    assert parsed(**native, ubuntuRelease="26.04", mysqlSettings={"mysql_native_password": True})
