"""The language-host stand-in: what it makes of Pulumi.yaml's options, of packages, and of exit codes."""

import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import language_pb2 as pb

from lab.engine import language_host, python_facts


def toolchain(root: Path, **options: Any) -> language_host.Toolchain:
    info = pb.ProgramInfo(root_directory=str(root), program_directory=str(root), entry_point=".")
    info.options.update(options)
    return language_host.Toolchain(info)


@pytest.mark.parametrize("inside", [True, False])
def test_virtualenv_is_relative_to_the_project(tmp_path: Path, inside: bool) -> None:
    project = tmp_path / "project"
    venv = project / ".venv" if inside else tmp_path / "shared"
    project.mkdir()
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").touch()
    toolchain_of_project = toolchain(project, virtualenv=".venv" if inside else "../shared")
    assert Path(toolchain_of_project.python).samefile(venv / "bin" / "python")
    assert Path(toolchain_of_project.environment()["VIRTUAL_ENV"]).samefile(venv)
    assert Path(toolchain_of_project.environment()["PATH"].split(":")[0]).samefile(venv / "bin")


@pytest.mark.parametrize("exists", [True, False])
def test_a_missing_virtualenv_is_told_with_the_commands_that_make_it(tmp_path: Path, exists: bool) -> None:
    if exists:
        (tmp_path / ".venv").mkdir()
    with pytest.raises(language_host.HostError) as told:
        _ = toolchain(tmp_path, virtualenv=".venv").python
    assert ("is not a virtual environment" if exists else "does not exist") in str(told.value)
    assert f"python3 -m venv {tmp_path}/.venv\n" in str(told.value)
    assert f"{tmp_path}/.venv/bin/python -m pip install -r {tmp_path}/requirements.txt" in str(told.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"toolchain": "uv"}, "toolchain 'uv' is not supported"),
        ({"toolchain": "poetry"}, "toolchain 'poetry' is not supported"),
        ({"typechecker": "mypy"}, "typechecker option is not supported"),
        ({"virtualenv": True}, "must be a string"),
    ],
)
def test_an_option_the_stand_in_lacks_is_refused(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    with pytest.raises(language_host.HostError, match=told):
        toolchain(tmp_path, **options)


@pytest.mark.parametrize(
    ("code", "cancelled", "error", "bail"),
    [
        (0, False, "", False),
        (32, False, "", True),
        (3, False, "program exited with non-zero exit code: 3", False),
        (-9, False, "program exited unexpectedly: signal: Killed", False),
        (-15, True, "", True),
    ],
)
def test_exit_codes_are_told_in_the_stock_hosts_words(code: int, cancelled: bool, error: str, bail: bool) -> None:
    assert language_host._verdict(code, cancelled) == pb.RunResponse(error=error, bail=bail)


def test_the_installed_sdks_name_their_plugins() -> None:
    packages = python_facts.facts()["packages"]
    plugins = {
        (plugin.name, plugin.version)
        for plugin in map(language_host._plugin, filter(language_host._has_plugin, packages))
    }
    assert {("aws", "v7.51.1"), ("command", "v1.2.1")} <= plugins


def test_a_python_is_asked_again_when_something_was_installed_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, home = tmp_path / "project", tmp_path / "home"
    project.mkdir()
    venv.create(project / ".venv")
    packages = next((project / ".venv" / "lib").iterdir()) / "site-packages"
    monkeypatch.setenv("PULUMI_HOME", str(home))
    runs: list[list[str]] = []
    run = subprocess.run

    def counted(command: list[str], **more: Any) -> Any:
        runs.append(command)
        return run(command, **more)

    monkeypatch.setattr(subprocess, "run", counted)

    def names() -> tuple[list[str], int]:
        found = [package["name"] for package in toolchain(project, virtualenv=".venv").facts()["packages"]]
        return found, len(runs)

    assert [names(), names()] == [([], 1), ([], 2)], "no home: nothing is kept"
    home.mkdir()
    assert [names(), names()] == [([], 3), ([], 3)]
    (packages / "mine-1.0.dist-info").mkdir()
    (packages / "mine-1.0.dist-info" / "METADATA").write_text("Name: mine\nVersion: 1.0\n")
    assert [names(), names()] == [(["mine"], 4), (["mine"], 4)]
    (packages / "mine-1.0.dist-info").rename(packages / "removed")
    assert [names(), names()] == [([], 5), ([], 5)]
    (home / "python-facts.json").write_text("{half")
    assert [names(), names()] == [([], 6), ([], 6)]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert [names(), names()] == [([], 7), ([], 7)]


@pytest.mark.parametrize(
    ("package", "needs_plugin"),
    [
        ({"name": "pulumi-random", "version": "4.0.0", "plugin": None}, True),
        ({"name": "pulumi-policy", "version": "1.21.0", "plugin": None}, False),
        ({"name": "pulumi-mine", "version": "1.0.0", "plugin": {"resource": False}}, False),
        ({"name": "another", "version": "1.0.0", "plugin": {"resource": True, "name": "mine"}}, True),
        ({"name": "pyyaml", "version": "6.0", "plugin": None}, False),
    ],
)
def test_which_packages_need_a_plugin(package: dict[str, Any], needs_plugin: bool) -> None:
    assert language_host._has_plugin(package) is needs_plugin
