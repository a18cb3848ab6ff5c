"""The lab's own stack: made with the real engine, with the work tree and the user's own Pulumi untouched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.engine import environment
from lab.engine.build import ensure_engine
from lab.settings import PROJECT_ROOT, Lab, LabError, cache_folder

KEY = "-----BEGIN KEY-----\nbm90IGEga2V5\n-----END KEY-----\n"
VALUES = {"vpcCidr": "10.9.0.0/16", "operatorCidrs": '["192.0.2.1/32"]'}
SECRETS = {"userPasswords": "it's $ecret", "sshPrivateKey": KEY}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab("teststack", tmp_path_factory.mktemp("stack") / "teststack")
    environment.prepare(lab, ensure_engine())
    environment.ensure_stack(lab, VALUES, SECRETS)
    return lab


def pulumi(lab: Lab, *arguments: str, folder: Path = PROJECT_ROOT) -> str:
    """Run what a user would after `eval "$(python -m lab env)"`, and return what it prints."""
    script = f'{environment.exports(lab)}\nexec pulumi "$@"'
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def stack_files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in PROJECT_ROOT.glob("Pulumi*")}


def test_values_and_secrets_arrive_and_the_file_is_private(stack: Lab) -> None:
    assert pulumi(stack, "config", "get", "vpcCidr") == "10.9.0.0/16\n"
    assert pulumi(stack, "config", "get", "aws:region").strip()
    assert pulumi(stack, "config", "get", "userPasswords") == "it's $ecret\n"
    assert pulumi(stack, "config", "get", "sshPrivateKey").strip() == KEY.strip()
    assert "$ecret" not in stack.stack_config.read_text()
    assert stack.stack_config.stat().st_mode & 0o777 == 0o600


def test_the_labs_stack_is_the_selected_one(stack: Lab) -> None:
    assert pulumi(stack, "stack", "--show-name") == "teststack\n"


def test_a_second_run_keeps_what_the_user_set_and_what_is_secret(stack: Lab) -> None:
    before = stack_files()
    pulumi(stack, "config", "set", "instanceProfile", "shop")
    pulumi(stack, "config", "set", "--secret", "userPasswords", "mine now")
    environment.ensure_stack(stack, VALUES, {**SECRETS, "userPasswords": "another random one"})
    assert pulumi(stack, "config", "get", "instanceProfile") == "shop\n"
    assert pulumi(stack, "config", "get", "userPasswords") == "mine now\n"
    assert stack.stack_config.stat().st_mode & 0o777 == 0o600
    assert stack_files() == before


def test_no_verb_writes_into_the_work_tree(stack: Lab) -> None:
    before = stack_files()
    pulumi(stack, "stack", "history", "--show-secrets")
    pulumi(stack, "stack", "export")
    pulumi(stack, "stack", "output", "--show-secrets")
    pulumi(stack, "config")
    pulumi(stack, "refresh", "--yes", "--skip-preview")
    pulumi(stack, "stack", "ls")
    assert stack_files() == before


def test_secrets_are_in_no_argument_of_a_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab("spied", tmp_path / "spied")
    environment.prepare(lab, ensure_engine())
    seen: list[str] = []
    run = subprocess.run

    def spy(command: list[str], **options: object) -> object:
        seen.append(f"{command} {options.get('env')}")
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "run", spy)
    environment.ensure_stack(lab, VALUES, SECRETS)
    assert any("userPasswords" in call for call in seen)
    assert not any(secret in call for call in seen for secret in ("$ecret", "bm90IGEga2V5"))


def test_the_users_own_pulumi_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_folder().parent))
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("PULUMI_HOME", raising=False)
    lab = Lab("quiet", tmp_path / "quiet")
    environment.prepare(lab, ensure_engine())
    environment.ensure_stack(lab, VALUES, SECRETS)
    assert list(home.iterdir()) == []


def test_what_the_engine_refuses_is_told(stack: Lab) -> None:
    with pytest.raises(LabError, match=r"(?s)`pulumi config set --secret .*failed:.*") as told:
        environment.ensure_stack(stack, VALUES, {"a:b:c:d": "never shown"})
    assert "never shown" not in str(told.value)


def test_removing_the_stack_keeps_the_committed_file(tmp_path: Path) -> None:
    before = stack_files()
    lab = Lab("lab", tmp_path / "lab")
    environment.prepare(lab, ensure_engine())
    environment.ensure_stack(lab, VALUES, SECRETS)
    pulumi(lab, "stack", "rm", "lab", "--yes")
    assert stack_files() == before
