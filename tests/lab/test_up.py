"""What a user sees of `make up`, plain `pulumi` and a second `make up`."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests import PROJECT_ROOT
from tests.lab.pair import LAB, Pair, lab_command, run

OUTPUTS = {
    "client_instance_ids": list,
    "client_private_ips": list,
    "client_public_ips": list,
    "client_names": list,
    "jump_host": str,
    "mysql_ca_certificate": str,
    "connection_string": str,
    "mysql_host": str,
    "mysql_port": int,
    "mysql_version": str,
    "server_instance_id": str,
    "server_private_ip": str,
    "server_public_ip": type(None),  # of a private server
}


def test_outputs_are_there_and_of_their_types(pair: Pair) -> None:
    outputs = pair.outputs()
    assert {name: type(outputs.get(name)) for name in OUTPUTS} == OUTPUTS
    assert outputs["mysql_host"] == outputs["server_private_ip"]
    assert outputs["mysql_version"][0].isdigit()


def test_connection_string_logs_in_from_the_client_host(pair: Pair) -> None:
    url = urlsplit(pair.outputs()["connection_string"])
    password = unquote(url.password or "")
    lines = [f"host={url.hostname}", f"port={url.port}", f"user={url.username}", f'password="{password}"']
    option_file = "\n".join(["[client]", *lines, ""])
    done = pair.ssh("client-1", "mysql --defaults-extra-file=/dev/stdin -e 'show databases'", stdin=option_file)
    assert done.returncode == 0, done.stderr
    assert url.path.strip("/") in done.stdout.split()


def test_connection_string_is_masked_unless_asked_for(pair: Pair) -> None:
    done = pair.pulumi("stack", "output", "connection_string")
    assert done.stdout.strip() == "[secret]"


def test_second_up_says_that_nothing_changed_and_tree_is_clean(pair: Pair) -> None:
    before = run("git", "status", "--porcelain").stdout
    sessions = pair.sessions("client-1")  # the server's pass through it: it is the jump host
    done = lab_command("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing changed" in done.stdout
    assert pair.sessions("client-1") - sessions == 1  # this look itself
    assert run("git", "status", "--porcelain").stdout == before


def test_preview_after_up_has_no_changes(pair: Pair) -> None:
    assert pair.pulumi("preview", "--expect-no-changes").returncode == 0


def test_refresh_after_up_has_no_changes(pair: Pair) -> None:
    done = pair.pulumi("refresh", "--preview-only", "--expect-no-changes", "--non-interactive")
    assert done.returncode == 0, done.stdout + done.stderr


def test_plain_pulumi_works_after_eval_of_lab_env(pair: Pair) -> None:
    command = f'eval "$({sys.executable} -m lab env --lab {LAB})"; pulumi stack output mysql_host'
    done = run("env", "-i", f"HOME={os.environ['HOME']}", f"PATH={os.environ['PATH']}", "bash", "-c", command)
    assert done.stdout.strip() == pair.outputs()["mysql_host"], done.stderr


def test_what_the_lab_keeps_is_for_its_owner_alone(pair: Pair) -> None:
    kept = [pair.lab.passphrase_file, pair.lab.stack_config, pair.lab.environment_file]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE(pair.lab.folder.stat().st_mode) == 0o700


def test_private_key_and_password_are_ciphertext_in_the_stacks_config_file(pair: Pair) -> None:
    text = pair.lab.stack_config.read_text()
    assert "PRIVATE KEY" not in text
    assert unquote(urlsplit(pair.outputs()["connection_string"]).password or "") not in text


def test_the_users_own_pulumi_is_not_touched(pair: Pair) -> None:
    home = Path.home() / ".pulumi"
    workspaces = [path.read_text() for path in (home / "workspaces").glob("*")] if home.exists() else []
    assert not [text for text in workspaces if f'"{pair.lab.name}"' in text]


@pytest.mark.usefixtures("pair")
def test_status_lists_both_hosts_as_running() -> None:
    lines = lab_command("status").stdout.splitlines()
    for host in ("server", "client-1"):
        assert [line.split()[2] for line in lines if f"-{host} " in line] == ["running"], lines


def test_no_secret_in_user_data_or_in_what_the_lab_records(pair: Pair) -> None:
    password = unquote(urlsplit(pair.outputs()["connection_string"]).password or "")
    for path in [*pair.lab.cloud.rglob("*.json"), *(pair.lab.folder / "seeds").rglob("*-data")]:
        assert password not in path.read_text(), path
        assert "PRIVATE KEY" not in path.read_text(), path


def test_the_program_is_the_same_for_aws() -> None:
    """No file of the program names the lab's parts: what runs here is what runs there."""
    program = [
        PROJECT_ROOT / "__main__.py",
        *(PROJECT_ROOT / "stack_config").glob("*.py"),
        *(PROJECT_ROOT / "components").rglob("*.py"),
    ]
    for path in program:
        assert "import lab" not in path.read_text(), path
        assert "from lab" not in path.read_text(), path
