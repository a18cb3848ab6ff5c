"""The pure parts of the components: names, URLs, option files, what a host is to have."""

from __future__ import annotations

import pytest
import yaml  # type: ignore[import-untyped]

from components.host import HostKeyMismatchError, same_key
from components.host_tools import folder_of
from components.image import parameter_name
from components.mysql_options import Setting, option_file
from components.remote_command import limited
from components.user_data import document, join, state, user_data


@pytest.mark.parametrize(
    ("architectures", "part"), [(["x86_64"], "/amd64/"), (["i386", "x86_64"], "/amd64/"), (["arm64"], "/arm64/")]
)
def test_the_image_fits_the_instance_type(architectures: list[str], part: str) -> None:
    assert part in parameter_name(architectures)


def test_a_command_is_one_line_that_ends_in_time() -> None:
    assert limited(["echo", "it's a; b"], 5) == """timeout --kill-after=10 5 echo 'it'"'"'s a; b'"""


# value, how mysqld's option file has it
SETTINGS: list[tuple[Setting, str]] = [
    (True, "ON"),
    (False, "OFF"),
    (200, "200"),
    (0.5, "0.5"),
    ("STRICT_TRANS_TABLES,NO_ZERO_DATE", '"STRICT_TRANS_TABLES,NO_ZERO_DATE"'),
    ('a#b"c\\d', '"a#b\\"c\\\\d"'),
]


@pytest.mark.parametrize(("value", "text"), SETTINGS)
def test_a_setting_is_written_as_mysqld_reads_it(value: Setting, text: str) -> None:
    assert f"[mysqld]\nname = {text}\n" in option_file({"name": value})


def test_another_content_is_another_folder_of_tools() -> None:
    one, two = {"a.sh": "one"}, {"a.sh": "two"}
    assert folder_of(one) == folder_of(dict(one)) != folder_of(two)


def test_user_data_is_joined_list_by_list() -> None:
    common, role = {"packages": ["a"], "package_update": True}, {"packages": ["b"], "package_update": False}
    assert join(common, role) == {"packages": ["a", "b"], "package_update": False}
    assert common == {"packages": ["a"], "package_update": True}


@pytest.mark.parametrize("role", ["server", "client"])
def test_a_converged_host_is_told_all_that_a_fresh_one_was(role: str) -> None:
    fresh, later = (
        yaml.safe_load(user_data(role, {"/etc/more": "more\n"})),
        document(role, ["extra"], {"/etc/more": "more\n"}),
    )
    assert later["packages"] == [*fresh["packages"], "extra"]
    assert later["commands"] == fresh["bootcmd"]
    assert [(file["path"], file["content"]) for file in later["files"]] == [
        (file["path"], file["content"]) for file in fresh["write_files"]
    ]


def test_a_changed_sshd_file_makes_sshd_read_it() -> None:
    changed = {file["path"]: file["on_change"] for file in document("server")["files"]}
    assert "systemctl reload ssh" in str(changed["/etc/ssh/sshd_config.d/00-mysql-pair.conf"])
    assert changed["/etc/apt/apt.conf.d/80-mysql-pair"] is None


def test_passwords_do_not_open_a_host() -> None:
    for role in ("server", "client"):
        files = {file["path"]: file["content"] for file in state(role)["write_files"]}
        assert "PasswordAuthentication no\n" in files["/etc/ssh/sshd_config.d/00-mysql-pair.conf"]
        assert state(role)["ssh_pwauth"] is False


def test_a_host_that_shows_its_own_key_is_the_one() -> None:
    assert same_key("server", "ssh-ed25519 AAAA\n", "ssh-ed25519 AAAA root@server\n") == "ssh-ed25519 AAAA"


def test_a_host_that_shows_another_key_is_an_error_that_names_both() -> None:
    with pytest.raises(HostKeyMismatchError) as caught:
        same_key("server", "ssh-ed25519 AAAA", "ssh-ed25519 BBBB")
    said = str(caught.value)
    assert "known: ssh-ed25519 AAAA" in said and "seen:  ssh-ed25519 BBBB" in said and "sshHostKeys" in said
