"""The lab's own Pulumi: its stack's config, its variables, its plugins, its launchers."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from lab.engine import environment, plugins, stack_file
from lab.engine.build import Engine
from lab.engine.launcher import is_launcher, write_launcher
from lab.project_config import ProjectConfig
from lab.settings import Lab, LabError

ENGINE = Engine(Path("/bin/true"), "3.259.0", has_language_host=True)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    monkeypatch.delenv(plugins.CHOICE, raising=False)
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    return Lab("lab", tmp_path / "it's a folder" / "lab", project)


@pytest.mark.parametrize(
    ("values", "given", "current", "result"),
    [
        pytest.param({"a": 1}, {}, {}, {"a": 1}, id="first run"),
        pytest.param({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, id="nothing new"),
        pytest.param({"a": 2}, {"a": 1}, {"a": 1}, {"a": 2}, id="the project gives another value"),
        pytest.param({"a": 1}, {"a": 1}, {"a": 9}, {"a": 9}, id="the user changed it"),
        pytest.param({"a": 2}, {"a": 1}, {"a": 9}, {"a": 2}, id="both changed it"),
        pytest.param({"a": 1}, {"a": 1}, {}, {}, id="the user removed it"),
        pytest.param({"a": 1}, {"a": 1}, {"a": 1, "b": 5}, {"a": 1, "b": 5}, id="the user added one"),
        pytest.param({}, {"a": 1}, {"a": 1}, {}, id="the project gives it no longer"),
    ],
)
def test_what_the_user_set_in_the_stack_stays(
    values: dict[str, int], given: dict[str, int], current: dict[str, int], result: dict[str, int]
) -> None:
    assert stack_file.merged(values, given, current) == result


def select(folder: Path, home: Path, stack: str) -> None:
    """Write what the engine writes when a stack is selected in a project's folder."""
    digest = hashlib.sha1(str(folder / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    file = home / "workspaces" / f"tiny-{digest}-workspace.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"stack": stack}))


def test_pulumi_is_asked_for_a_stack_that_is_not_there_or_not_selected(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, ...]] = []
    monkeypatch.setattr(stack_file, "_pulumi", lambda _, folder, *words: asked.append((folder, *words)))

    def folders() -> list[Path]:
        asked.clear()
        stack_file.ensure_stack(lab, ProjectConfig({}, {}))
        return [folder for folder, *_ in asked]

    for folder in (lab.folder, lab.project):
        select(folder, lab.pulumi_home, lab.name)
    assert folders() == [lab.folder, lab.project], "it is not there"
    state = lab.backend / f".pulumi/stacks/tiny/{lab.name}.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    assert folders() == []
    select(lab.project, lab.pulumi_home, "another")
    assert folders() == [lab.project]


def test_everything_is_private_and_made_twice_the_same(lab: Lab) -> None:
    environment.prepare(lab, ENGINE)
    passphrase = lab.passphrase_file.read_text()
    environment.prepare(lab, ENGINE)
    assert lab.passphrase_file.read_text() == passphrase
    for path in (lab.folder, lab.pulumi_home, lab.backend, lab.bin):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (lab.passphrase_file, lab.environment_file):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("wanted", [False, True])
def test_a_run_is_logged_where_somebody_has_made_a_folder_for_it(lab: Lab, wanted: bool) -> None:
    logs = lab.pulumi_home / "logs"
    if wanted:
        logs.mkdir(parents=True)
    environment.prepare(lab, ENGINE)
    assert logs.is_dir() if wanted else "Remove the file" in logs.read_text()


def test_exports_survive_any_shell_and_folder(lab: Lab) -> None:
    environment.prepare(lab, ENGINE)
    script = f'{environment.exports(lab)}\n{environment.exports(lab)}\nprintf "%s\\n" "$PULUMI_HOME" "$PATH"'
    for shell in ("sh", "bash"):
        told = subprocess.run(
            [shell, "-eu", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
        )
        assert told.stdout.splitlines() == [str(lab.pulumi_home), f"{lab.bin}:/usr/bin:/bin"]


def test_a_users_own_stack_and_passphrase_do_not_reach_the_lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "the user's own")
    monkeypatch.setenv("PULUMI_STACK", "prod")
    environment.prepare(lab, ENGINE)
    variables = environment.variables(lab)
    assert not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_STACK"} & set(variables)
    assert variables["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(lab.passphrase_file)


def test_a_lab_that_is_not_set_up_says_so(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"lab lab is not set up: run `.*python.* -m lab up`"):
        environment.exports(lab)


def test_a_lost_passphrase_is_told_before_a_new_one_hides_it(lab: Lab) -> None:
    environment.prepare(lab, ENGINE)
    lab.stack_config.write_text("encryptionsalt: v1:abc\n")
    lab.passphrase_file.unlink()
    with pytest.raises(LabError, match="passphrase is gone"):
        environment.prepare(lab, ENGINE)


def official(home: Path) -> Path:
    path = plugins.plugin_path(home, "command")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x7fELF official")
    path.chmod(0o755)
    return path


def test_without_an_official_plugin_both_names_are_stand_ins(lab: Lab) -> None:
    plugins.install_plugins(lab, ENGINE)
    assert is_launcher(plugins.plugin_path(lab.pulumi_home, "aws"))
    assert is_launcher(plugins.plugin_path(lab.pulumi_home, "command"))


def test_an_official_plugin_in_the_labs_home_is_never_overwritten(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    path = official(lab.pulumi_home)
    plugins.install_plugins(lab, ENGINE)
    assert path.read_bytes() == b"\x7fELF official"
    monkeypatch.setenv(plugins.CHOICE, "/bin/true")
    with pytest.raises(LabError, match="an official plugin is installed in"):
        plugins.install_plugins(lab, ENGINE)
    assert path.read_bytes() == b"\x7fELF official"


def test_the_users_official_plugin_is_used_untouched(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.install_plugins(lab, ENGINE)
    installed = official(tmp_path / "home" / ".pulumi")
    plugins.install_plugins(lab, ENGINE)
    plugins.install_plugins(lab, ENGINE)
    own = plugins.plugin_path(lab.pulumi_home, "command")
    assert own.samefile(installed)
    monkeypatch.setenv(plugins.CHOICE, "/bin/true")
    plugins.install_plugins(lab, ENGINE)
    assert is_launcher(own)
    assert installed.read_bytes() == b"\x7fELF official"


def test_the_users_plugin_that_is_gone_gives_way_to_the_stand_in(lab: Lab, tmp_path: Path) -> None:
    installed = official(tmp_path / "home" / ".pulumi")
    plugins.install_plugins(lab, ENGINE)
    installed.unlink()
    installed.parent.rmdir()
    plugins.install_plugins(lab, ENGINE)
    assert is_launcher(plugins.plugin_path(lab.pulumi_home, "command"))


@pytest.mark.parametrize("choice", ["/no/such/binary", "/tmp", "instal"])  # noqa: S108, a folder, not a file
def test_a_mistyped_choice_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch, choice: str) -> None:
    monkeypatch.setenv(plugins.CHOICE, choice)
    with pytest.raises(LabError, match=f"{plugins.CHOICE}={choice}: no executable of that name"):
        plugins.install_plugins(lab, ENGINE)


def test_a_refused_installation_says_what_the_engine_said(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "pulumi"
    refusing.write_text("#!/bin/sh\necho 'error: 404' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv(plugins.CHOICE, "install")
    with pytest.raises(LabError, match=r"(?s)cannot be installed.*error: 404"):
        plugins.install_plugins(lab, Engine(refusing, "3.259.0", True))


def test_a_launcher_takes_its_words_literally(tmp_path: Path) -> None:
    path = tmp_path / "launch er"
    write_launcher(path, ["printf", "%s|", "it's $HOME", "*"], {"A": "`b` c"})
    ran = subprocess.run([path, "last one"], capture_output=True, text=True, check=True)
    assert ran.stdout == "it's $HOME|*|last one|"
    subprocess.run(["shellcheck", "--exclude=SC2016", path], check=True)  # what is in single quotes is meant so
