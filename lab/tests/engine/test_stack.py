"""The lab's own stack: made with the real engine, with the project's files and the user's own Pulumi untouched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.engine.stack_file import ensure_stack
from lab.project_config import ProjectConfig
from lab.settings import Lab, LabError, cache_folder

KEY = "-----BEGIN KEY-----\nbm90IGEga2V5\n-----END KEY-----\n"
VALUES = {"aws:region": "eu-central-1", "tiny:vpcCidr": "10.9.0.0/16", "tiny:operatorCidrs": ["192.0.2.1/32"]}
SECRETS = {"tiny:password": "it's $ecret", "tiny:sshPrivateKey": KEY}
CONFIG = ProjectConfig(VALUES, SECRETS)


def made(name: str, folder: Path) -> Lab:
    """Return a lab of a project that has config of its own for a stack of that name; nothing is prepared."""
    project = folder / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
    (project / f"Pulumi.{name}.yaml").write_text("config:\n  tiny:vpcCidr: ${lab:vpcCidr}\n")
    return Lab(name, folder / name, project)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = made("teststack", tmp_path_factory.mktemp("stack"))
    environment.prepare(lab, ensure_engine())
    ensure_stack(lab, CONFIG)
    return lab


def pulumi(lab: Lab, *arguments: str) -> str:
    """Run what a user would after `eval "$(python -m lab env)"`, and return what it prints."""
    script = f'{environment.exports(lab)}\nexec pulumi "$@"'
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *arguments], cwd=lab.project, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def project_files(lab: Lab) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in lab.project.iterdir()}


def test_values_and_secrets_arrive_and_the_file_is_private(stack: Lab) -> None:
    assert pulumi(stack, "config", "get", "vpcCidr") == "10.9.0.0/16\n"
    assert pulumi(stack, "config", "get", "aws:region").strip()
    assert pulumi(stack, "config", "get", "operatorCidrs") == '["192.0.2.1/32"]\n'
    assert pulumi(stack, "config", "get", "password") == "it's $ecret\n"
    assert pulumi(stack, "config", "get", "sshPrivateKey").strip() == KEY.strip()
    assert "$ecret" not in stack.stack_config.read_text()
    assert stack.stack_config.stat().st_mode & 0o777 == 0o600


def test_the_labs_stack_is_the_selected_one(stack: Lab) -> None:
    assert pulumi(stack, "stack", "--show-name") == "teststack\n"


def test_a_second_run_keeps_what_the_user_set_and_what_is_secret(stack: Lab) -> None:
    before = project_files(stack)
    pulumi(stack, "config", "set", "instanceProfile", "shop")
    pulumi(stack, "config", "set", "--secret", "password", "mine now")
    ensure_stack(stack, ProjectConfig(VALUES, SECRETS | {"tiny:password": "another random one"}))
    assert pulumi(stack, "config", "get", "instanceProfile") == "shop\n"
    assert pulumi(stack, "config", "get", "password") == "mine now\n"
    assert stack.stack_config.stat().st_mode & 0o777 == 0o600
    assert project_files(stack) == before


def test_no_verb_writes_into_the_projects_folder(stack: Lab) -> None:
    before = project_files(stack)
    pulumi(stack, "stack", "history", "--show-secrets")
    pulumi(stack, "stack", "export")
    pulumi(stack, "stack", "output", "--show-secrets")
    pulumi(stack, "config")
    pulumi(stack, "refresh", "--yes", "--skip-preview")
    pulumi(stack, "stack", "ls")
    assert project_files(stack) == before


def test_secrets_are_in_no_argument_of_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = made("spied", tmp_path)
    environment.prepare(lab, ensure_engine())
    seen: list[str] = []
    run = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        seen.append(f"{command} {options.get('env')}")
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    ensure_stack(lab, CONFIG)
    assert any("password" in call for call in seen)
    assert not any(secret in call for call in seen for secret in ("$ecret", "bm90IGEga2V5"))


def test_the_users_own_pulumi_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_folder().parent))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    lab = made("quiet", tmp_path)
    environment.prepare(lab, ensure_engine())
    ensure_stack(lab, CONFIG)
    assert list(home.iterdir()) == []


def test_what_the_engine_refuses_is_told(stack: Lab) -> None:
    with pytest.raises(LabError, match=r"(?s)`pulumi config set --secret .*failed:.*") as told:
        ensure_stack(stack, ProjectConfig(VALUES, {"a:b:c:d": "never shown"}))
    assert "never shown" not in str(told.value)


def test_removing_the_stack_keeps_the_committed_file(tmp_path: Path) -> None:
    lab = made("lab", tmp_path)
    before = project_files(lab)
    environment.prepare(lab, ensure_engine())
    ensure_stack(lab, CONFIG)
    pulumi(lab, "stack", "rm", "lab", "--yes")
    assert project_files(lab) == before
