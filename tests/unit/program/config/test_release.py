"""The Ubuntu release, and settings that its MySQL does not have."""

from __future__ import annotations

import pulumi
import pytest

import stack_config
from stack_config.aws import HostFacts
from tests.unit.program.configs import GOOD, SECRET, FakeCloud, assert_told, messages, parsed, texts, user
from tests.unit.program.program_run import run_with

IMAGES = {"22.04": "ami-22222222222222222", "24.04": "ami-24242424242424242", "26.04": "ami-26262626262626262"}


VOLUME, OWN = "vol-0a0a0a0a", "ami-0123456789abcdef0"


def with_server(release: str, volume: str | None = None) -> FakeCloud:
    """Return an AWS in which the server is there, of an Ubuntu release, with a data volume that it began on or none."""
    facts = HostFacts(IMAGES.get(release, release), "10.20.0.10", "subnet-0d0d0d0d", False, volume, volume is not None)
    return FakeCloud(server=(facts, "x86_64"))


def read(cloud: FakeCloud, **changes: object) -> stack_config.StackConfig:
    """Return what config says of a stack whose data volume has 20 GiB."""
    return stack_config.parse(GOOD | texts({"dataVolumeSize": 20, **changes}), SECRET, cloud)


def test_a_release_that_the_program_does_not_know_is_refused() -> None:
    assert_told({"ubuntuRelease": "20.04"}, "ubuntuRelease", "no Ubuntu release that the program knows")


@pytest.mark.parametrize(("given", "release"), [({}, "24.04"), ({"ubuntuRelease": "26.04"}, "26.04")])
def test_hosts_are_made_from_the_image_of_the_release(given: dict[str, str], release: str) -> None:
    """As text or as a number: YAML takes 26.04 for one."""
    assert parsed(**given).ubuntu_release == release
    assert parsed(ubuntuRelease=26.04).ubuntu_release == "26.04"
    asked = {call.args["name"] for call in run_with(**given).seen.calls if call.token.startswith("aws:ssm")}
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
        ". Hosts that are made from now on are of the new release; serverUbuntuRelease moves the server"
    ]
    (told,) = messages(GOOD | texts({**changes, "ubuntuRelease": "24.04"}), cloud=with_server("26.04"))
    assert "default_authentication_plugin: is no setting of MySQL 8.4" in told


def test_a_user_with_a_plugin_that_the_releases_mysql_has_turned_off_is_refused_before_anything_is_made() -> None:
    native = user(plugin="mysql_native_password")
    assert parsed(**native)
    assert_told(native | {"ubuntuRelease": "26.04"}, "users.app.plugin", "mysql_native_password is off in MySQL 8.4")
    assert parsed(**native, ubuntuRelease="26.04", mysqlSettings={"mysql_native_password": True})


def test_a_release_for_the_server_moves_it_once_and_a_snapshot_is_made_and_stays_known() -> None:
    cloud = with_server("24.04", VOLUME)
    moving = read(cloud, serverUbuntuRelease="26.04")
    assert (moving.server["ami"], moving.snapshot_before) == (IMAGES["26.04"], "26.04")
    assert (moving.distribution, moving.ubuntu_release) == ("MySQL 8.4 (Ubuntu 26.04)", "24.04"), "clients stay"
    cloud = with_server("26.04", VOLUME)
    cloud.snapshots.add("server-data-before-26.04")
    moved = read(cloud, serverUbuntuRelease="26.04")
    assert (moved.server.get("ami"), moved.snapshot_before) == (None, "26.04"), "it keeps the image that it has then"
    cloud.snapshots.clear()  # deleted by hand
    assert read(cloud, serverUbuntuRelease="26.04").snapshot_before is None


def test_a_new_server_of_a_release_has_no_snapshot_and_one_that_was_cut_off_gets_it() -> None:
    fresh = read(FakeCloud(), serverUbuntuRelease="26.04")
    assert (fresh.server["ami"], fresh.snapshot_before) == (IMAGES["26.04"], None)
    without_host, not_attached = FakeCloud(), with_server("26.04")
    for cloud in (without_host, not_attached):
        cloud.volumes["server-data"] = VOLUME
        assert read(cloud, serverUbuntuRelease="26.04").snapshot_before == "26.04"


def test_an_image_of_its_own_gets_a_snapshot_unless_both_are_known_to_be_of_one_release() -> None:
    assert read(with_server("24.04", VOLUME), serverAmi=OWN).snapshot_before == OWN
    assert read(with_server(OWN, VOLUME), serverAmi=OWN).snapshot_before is None
    assert read(with_server("22.04", VOLUME), serverAmi=IMAGES["24.04"]).snapshot_before == IMAGES["24.04"]
    assert read(with_server("24.04", VOLUME), serverAmi=IMAGES["24.04"]).snapshot_before is None
    assert read(with_server("24.04", VOLUME)).snapshot_before is None


# the server that there is, its volume, changes to config, what is told of serverUbuntuRelease
MOVES: list[tuple[str, str | None, dict[str, object], str]] = [
    ("24.04", VOLUME, {"serverUbuntuRelease": "20.04"}, "no Ubuntu release that the program knows"),
    ("24.04", VOLUME, {"serverUbuntuRelease": "26.04", "serverAmi": IMAGES["26.04"]}, "is set beside serverAmi"),
    (
        OWN,
        VOLUME,
        {"serverUbuntuRelease": "26.04"},
        "does not tell its release. Set serverAmi to an image of Ubuntu 26.04",
    ),
    ("26.04", VOLUME, {"serverUbuntuRelease": "24.04"}, "MySQL 8.0 does not start on data that MySQL 8.4 has had"),
    ("24.04", None, {"serverUbuntuRelease": "26.04", "dataVolumeSize": 0}, "its data are on its root volume"),
]


@pytest.mark.parametrize(("release", "volume", "changes", "said"), MOVES)
def test_a_move_that_cannot_be_is_refused_before_anything_is_touched(
    release: str, volume: str | None, changes: dict[str, object], said: str
) -> None:
    told = messages(GOOD | texts({"dataVolumeSize": 20, **changes}), cloud=with_server(release, volume))
    assert [line for line in told if line.startswith("mysql-pair:serverUbuntuRelease: ") and said in line], told


def test_the_way_back_is_another_volume_and_makes_no_snapshot_of_it() -> None:
    cloud = with_server("26.04", VOLUME)
    back = read(cloud, serverUbuntuRelease="24.04", dataVolumeSnapshot="snap-0a0a0a0a", dataVolumeSize=100)
    assert (back.server["ami"], back.snapshot_before) == (IMAGES["24.04"], None)


def test_a_setting_of_the_new_release_is_taken_in_the_up_that_moves_the_server_to_it() -> None:
    cloud, native = with_server("24.04", VOLUME), {"mysqlSettings": {"mysql_native_password": True}}
    assert read(cloud, serverUbuntuRelease="26.04", **native)
    assert "8.4 brings it" in messages(GOOD | texts({"dataVolumeSize": 20, **native}), cloud=cloud)[0]
