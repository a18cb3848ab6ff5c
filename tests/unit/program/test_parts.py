"""The pure parts of the components: names, the agent's files, what a host is to have."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import cast

import pytest
import yaml  # type: ignore[import-untyped]

from components.component import InvalidArgsError
from components.data_volume import DataVolume, DataVolumeArgs
from components.host.agent import ROOT, agent_files, agent_folder
from components.host.host import HostArgs, HostKeyMismatchError, parameter_name, same_key
from components.host.remote import limited
from components.host.user_data import cloud_config, host_spec, join, user_data
from components.mysql.server import ServerArgs
from components.mysql.servers import digest
from scripts.host.mysql.spec import MySqlSpec, Setting


@pytest.mark.parametrize(
    ("architectures", "part"), [(["x86_64"], "/amd64/"), (["i386", "x86_64"], "/amd64/"), (["arm64"], "/arm64/")]
)
def test_the_image_fits_the_instance_type(architectures: list[str], part: str) -> None:
    assert part in parameter_name(architectures, "24.04")


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
    assert f"[mysqld]\nname = {text}\n" in MySqlSpec({"name": value}).option_file


def test_another_content_is_another_folder_of_the_agent() -> None:
    one, two = {"a.py": "one"}, {"a.py": "two"}
    assert agent_folder(one) == agent_folder(dict(one)) != agent_folder(two)


# a file of the agent, the roles of the hosts on which a change of it runs anything
CHANGES = [
    ("mysql/settings.py", ["server"]),
    ("accounts/plan.py", ["server"]),
    ("client/check_logins.py", ["client"]),
    ("system/packages.py", ["client", "server"]),
    ("common/codec.py", ["client", "server"]),
    ("constants.py", ["client", "server"]),
    ("__main__.py", ["client", "server"]),
    ("first_boot/install.py", []),
]


@pytest.mark.parametrize(("path", "roles"), CHANGES)
def test_a_changed_comment_runs_nothing_on_a_host_that_does_not_need_the_file(
    tmp_path: Path, path: str, roles: list[str]
) -> None:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    changed = tmp_path / "scripts" / "host" / path
    changed.write_text(f"{changed.read_text()}\n# another comment\n")
    assert [role for role in ("client", "server") if agent_files(role) != agent_files(role, tmp_path)] == roles


@pytest.mark.parametrize("role", ["client", "server"])
def test_the_agent_of_a_host_imports_nothing_that_it_does_not_have(role: str) -> None:
    files = agent_files(role)
    for path, text in files.items():
        for name in imported(text):
            assert {f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"} & files.keys(), path


def imported(text: str) -> set[str]:
    """Return the agent's modules that a module imports; a name that it imports from a package may be a module too."""
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            modules = {name for name in full if (ROOT / f"{name.replace('.', '/')}.py").exists()}
            names |= modules or {node.module}
    return {name for name in names if name.startswith("scripts")}


def test_user_data_is_joined_list_by_list() -> None:
    common, role = {"packages": ["a"], "package_update": True}, {"packages": ["b"], "package_update": False}
    assert join(common, role) == {"packages": ["a", "b"], "package_update": False}
    assert common == {"packages": ["a"], "package_update": True}


@pytest.mark.parametrize("role", ["server", "client"])
def test_a_converged_host_is_told_all_that_a_fresh_one_was(role: str) -> None:
    fresh, later = (
        yaml.safe_load(user_data(role, {"/etc/more": "more\n"})),
        host_spec(role, cast("HostArgs", {"packages": ["extra"]}), {"/etc/more": "more\n"}),
    )
    assert later.packages == (*fresh["packages"], "extra")
    assert [list(command) for command in later.boot_commands] == fresh["bootcmd"][:-1], "the last is the first boot's"
    assert [(file.path, file.content) for file in later.files] == [
        (file["path"], file["content"]) for file in fresh["write_files"]
    ]


def test_a_changed_sshd_file_makes_sshd_read_it() -> None:
    changed = {file.path: file.on_change for file in host_spec("server", cast("HostArgs", {})).files}
    assert "systemctl reload ssh" in str(changed["/etc/ssh/sshd_config.d/00-mysql-pair.conf"])
    assert changed["/etc/apt/apt.conf.d/80-mysql-pair"] == ()


def test_passwords_do_not_open_a_host() -> None:
    for role in ("server", "client"):
        files = {file["path"]: file["content"] for file in cloud_config(role)["write_files"]}
        assert "PasswordAuthentication no\n" in files["/etc/ssh/sshd_config.d/00-mysql-pair.conf"]
        assert cloud_config(role)["ssh_pwauth"] is False


def test_a_host_that_shows_its_own_key_is_the_one() -> None:
    assert same_key("server", "ssh-ed25519 AAAA\n", "ssh-ed25519 AAAA root@server\n") == "ssh-ed25519 AAAA"


def test_a_host_that_shows_another_key_is_an_error_that_names_both() -> None:
    with pytest.raises(HostKeyMismatchError) as caught:
        same_key("server", "ssh-ed25519 AAAA", "ssh-ed25519 BBBB")
    said = str(caught.value)
    assert "known: ssh-ed25519 AAAA" in said and "seen:  ssh-ed25519 BBBB" in said and "sshHostKeys" in said


# args of a volume, the field that is told
VOLUMES: list[tuple[dict[str, object], str]] = [
    ({}, "size_gib"),
    ({"size_gib": 70000}, "size_gib"),
    ({"size_gib": 16, "iops": 16000}, "iops"),
    ({"size_gib": 16, "throughput": 1000}, "throughput"),
    ({"size_gib": 16, "kms_key": "alias/mine"}, "kms_key"),
    ({"volume_id": "vol-0a0a0a0a", "snapshot_id": "snap-0a0a0a0a"}, "snapshot_id"),
    ({"volume_id": "vol-0a0a0a0a", "iops": 4000}, "iops"),
    ({"size_gib": 16, "colour": "blue"}, "colour"),
]


@pytest.mark.parametrize(("args", "field"), VOLUMES)
def test_a_volume_that_cannot_be_is_refused_where_a_program_makes_it(args: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidArgsError) as caught:
        DataVolume("data", cast("DataVolumeArgs", {"zone": "eu-central-1a", **args}))
    assert [fault.field for fault in caught.value.faults] == [field]


def test_a_groups_digest_is_the_same_in_the_next_up_and_another_one_with_any_change() -> None:
    def of(instance_type: str = "t3.small", ami: str | None = None, before: str | None = None, **volume: object) -> str:
        server = cast("ServerArgs", {"instance_type": instance_type, **({"ami": ami} if ami else {})})
        return digest([server], [cast("DataVolumeArgs", {"size_gib": 16, **volume})], {"before": before})

    assert of(zone="") == of(zone="eu-central-1a") == of(ami="ami-of-a-new-member")
    assert len({of(), of("t3.large"), of(size_gib=20), of(before="26.04")}) == 4
