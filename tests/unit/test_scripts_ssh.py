"""`python -m scripts ssh`, with stand-ins for pulumi and ssh and the real ssh-agent."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.testing.processes import wait_for
from scripts.__main__ import split
from scripts.endpoint import Endpoint, endpoint
from scripts.ssh import remote_line, ssh_argv
from scripts.stack import PROJECT_ROOT, OperatorError, stack_environment

HOST_KEY = "ssh-ed25519 AAAAHostKey"
CLIENT_KEY, APP_KEY = "ssh-ed25519 AAAAClientKey", "ssh-ed25519 AAAAAppKey"
OUTPUTS = {
    "server_public_ip": None,
    "server_private_ip": "10.20.0.10",
    "server_host_key": HOST_KEY,
    "client_names": ["client-1", "app-1"],
    "client_public_ips": ["198.51.100.8", None],
    "client_private_ips": ["10.20.16.4", "10.20.144.4"],
    "client_host_keys": [CLIENT_KEY, APP_KEY],
    "jump_host": "client-1",
}
PULUMI = """#!/bin/sh
case "$*" in
  "stack output --json --stack here "*) cat "$BENCH/outputs.json" ;;
  "stack output "*) echo "error: no stack named 'gone' found" >&2; exit 1 ;;
  "config get mysql-pair:sshPrivateKey "*)
    [ -e "$BENCH/key" ] && exec cat "$BENCH/key"
    echo "error: configuration key 'sshPrivateKey' not found for stack 'here'" >&2; exit 1 ;;
  "config get mysql-pair:sshEndpoints "*)
    [ -e "$BENCH/endpoints" ] && exec cat "$BENCH/endpoints"
    echo "error: configuration key 'sshEndpoints' not found for stack 'here'" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def bench(tmp_path: Path) -> Path:
    """A folder with a pulumi that knows the stack `here`, and an ssh that says what it was given."""
    programs = {
        "pulumi": PULUMI,
        "ssh": '#!/bin/bash\nprintf "%s\\n" "$@" >"$BENCH/argv"\n. "$BENCH/remote"\n',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / "outputs.json").write_text(json.dumps(OUTPUTS))
    (tmp_path / "remote").write_text("exit 0\n")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True, timeout=30)
    return tmp_path


def environment(bench: Path) -> dict[str, str]:
    """Return the environment in which the stand-ins are found, without an agent."""
    kept = {key: value for key, value in os.environ.items() if key not in ("SSH_AUTH_SOCK", "PULUMI_STACK")}
    (bench / "tmp").mkdir(exist_ok=True)
    return kept | {"PATH": f"{bench}:{kept['PATH']}", "BENCH": str(bench), "TMPDIR": str(bench / "tmp")}


def scripts(bench: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line."""
    argv = [sys.executable, "-m", "scripts", *words]
    return subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        env=environment(bench),
        cwd=PROJECT_ROOT,
        check=False,
        timeout=30,
    )


def test_standard_input_output_and_exit_code_are_passed_through(bench: Path) -> None:
    (bench / "remote").write_text("cat; echo wrong >&2; exit 42\n")
    done = scripts(bench, "ssh", "server", "--stack", "here", "--", "cat", stdin="in\n")
    assert (done.returncode, done.stdout, done.stderr) == (42, "in\n", "wrong\n")


def test_the_key_is_with_an_agent_and_nothing_is_left(bench: Path) -> None:
    (bench / "remote").write_text('SSH_AUTH_SOCK=$(sed -n s/^IdentityAgent=//p "$BENCH/argv") ssh-add -L\n')
    done = scripts(bench, "ssh", "server", "--stack", "here")
    public = (bench / "key.pub").read_text().split()[1]
    assert public in done.stdout, done.stderr
    assert list((bench / "tmp").iterdir()) == []
    assert "PRIVATE" not in (bench / "argv").read_text()


def test_an_agent_that_is_not_yet_listening_is_waited_for(bench: Path) -> None:
    real = shutil.which("ssh-agent")
    bind = f"{sys.executable} -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'"
    (bench / "ssh-agent").write_text(f'#!/bin/sh\n{bind} "$3"; sleep 0.3; rm "$3"; exec {real} "$@"\n')
    (bench / "ssh-agent").chmod(0o755)
    done = scripts(bench, "ssh", "server", "--stack", "here")
    assert done.returncode == 0, done.stderr


def test_the_host_key_is_the_one_the_stack_knows(bench: Path) -> None:
    (bench / "remote").write_text('cat "$(sed -n s/^UserKnownHostsFile=//p "$BENCH/argv")"\n')
    assert scripts(bench, "ssh", "server", "--stack", "here").stdout == (
        f"server {HOST_KEY}\nclient-1 {CLIENT_KEY}\napp-1 {APP_KEY}\n"
    )


def test_a_tunnel_named_in_config_is_taken_instead_of_the_hosts_address(bench: Path) -> None:
    (bench / "endpoints").write_text('{"server": {"host": "127.0.0.1", "port": 2201}}')
    scripts(bench, "ssh", "server", "--stack", "here")
    argv = (bench / "argv").read_text().splitlines()
    assert argv[-3:] == ["-p", "2201", "ubuntu@127.0.0.1"]
    assert "ProxyCommand" not in "".join(argv)


def test_a_stop_from_outside_leaves_no_agent(bench: Path) -> None:
    (bench / "remote").write_text(': >"$BENCH/started"; exec sleep 60\n')
    argv = [sys.executable, "-m", "scripts", "ssh", "server", "--stack", "here"]
    process = subprocess.Popen(argv, env=environment(bench), cwd=PROJECT_ROOT)
    wait_for((bench / "started").exists, process, 20)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 128 + signal.SIGTERM
    assert list((bench / "tmp").iterdir()) == []


def test_ctrl_c_ends_the_remote_command_without_a_traceback(bench: Path) -> None:
    (bench / "remote").write_text(': >"$BENCH/started"; exec sleep 60\n')
    argv = [sys.executable, "-m", "scripts", "ssh", "server", "--stack", "here"]
    process = subprocess.Popen(
        argv, env=environment(bench), cwd=PROJECT_ROOT, start_new_session=True, stderr=subprocess.PIPE
    )
    wait_for((bench / "started").exists, process, 20)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (128 + signal.SIGINT, b"")


# words of the command line, what is said
FAULTS = [
    (["ssh", "client-2", "--stack", "here"], "no host 'client-2'; it has server, client-1, app-1"),
    (["ssh", "server", "--stack", "gone"], "no stack named 'gone'"),
    (["ssh"], "HOST"),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_fault_of_the_operator_is_told_and_ends_with_2(bench: Path, words: list[str], said: str) -> None:
    done = scripts(bench, *words)
    assert done.returncode == 2
    assert said in done.stderr and "Traceback" not in done.stderr


def test_a_stack_without_outputs_is_not_up(bench: Path) -> None:
    (bench / "outputs.json").write_text("{}")
    done = scripts(bench, "ssh", "server", "--stack", "here")
    assert (done.returncode, "not up" in done.stderr) == (2, True)


@pytest.mark.parametrize("key", [None, "\n"])
def test_without_key_and_agent_one_is_told_what_to_do(bench: Path, key: str | None) -> None:
    (bench / "key").unlink()
    if key:
        (bench / "key").write_text(key)  # set, to nothing
    done = scripts(bench, "ssh", "server", "--stack", "here")
    assert (done.returncode, "no ssh agent" in done.stderr) == (2, True)


def test_a_damaged_key_is_told_without_showing_it(bench: Path) -> None:
    (bench / "key").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nrubbish\n")
    done = scripts(bench, "ssh", "server", "--stack", "here")
    assert done.returncode == 2
    assert "sshPrivateKey" in done.stderr and "rubbish" not in done.stderr


def test_one_word_is_a_shell_line_and_several_are_arguments() -> None:
    assert remote_line([]) == []
    assert remote_line(["ls | wc -l"]) == ["--", "ls | wc -l"]
    assert remote_line(["mysql", "-e", "select 1; select 2"]) == ["--", "mysql -e 'select 1; select 2'"]


def test_words_behind_the_first_dashes_belong_to_the_command() -> None:
    assert split(["ssh", "server", "--", "a", "--", "--stack"]) == (["ssh", "server"], ["a", "--", "--stack"])


def test_ssh_trusts_the_pinned_key_alone() -> None:
    argv = ssh_argv(Endpoint("client-1", "198.51.100.8", HOST_KEY), "/a", Path("/k"), ["true"])
    for option in ("StrictHostKeyChecking=yes", "UserKnownHostsFile=/k", "IdentityAgent=/a", "BatchMode=yes"):
        assert option in argv
    assert argv[-5:] == ["-p", "22", "ubuntu@198.51.100.8", "--", "true"]


def test_a_private_host_is_reached_through_the_jump_host_with_both_keys_pinned() -> None:
    argv = ssh_argv(endpoint(OUTPUTS, {}, "server", "here"), "/a", Path("/k"), ["true"])
    proxy = next(word for word in argv if word.startswith("ProxyCommand="))
    assert proxy.endswith("ubuntu@198.51.100.8 -W '[10.20.0.10]:22'")
    assert "HostKeyAlias=client-1" in proxy and "StrictHostKeyChecking=yes" in proxy
    assert argv[-5:] == ["-p", "22", "ubuntu@10.20.0.10", "--", "true"]


# host, overrides, address, port, jump
ENDPOINTS: list[tuple[str, dict[str, dict[str, object]], str, int, str | None]] = [
    ("client-1", {}, "198.51.100.8", 22, None),
    ("server", {}, "10.20.0.10", 22, "198.51.100.8"),
    ("app-1", {}, "10.20.144.4", 22, "198.51.100.8"),
    ("app-1", {"client-1": {"host": "127.0.0.1", "port": 2200}}, "10.20.144.4", 22, "127.0.0.1"),
    ("server", {"server": {"host": "127.0.0.1", "port": 2201}}, "127.0.0.1", 2201, None),
]


@pytest.mark.parametrize(("host", "overrides", "address", "port", "jump"), ENDPOINTS)
def test_a_host_is_reached_where_outputs_and_config_say(
    host: str, overrides: dict[str, dict[str, object]], address: str, port: int, jump: str | None
) -> None:
    found = endpoint(OUTPUTS, overrides, host, "here")
    assert (found.address, found.port, found.jump and found.jump.address) == (address, port, jump)


def test_a_stack_whose_up_broke_off_has_no_hosts_yet() -> None:
    with pytest.raises(OperatorError, match="no hosts yet"):
        endpoint({"mysql_port": 3306}, {}, "server", "here")


def test_a_private_host_without_a_jump_host_says_what_to_set() -> None:
    with pytest.raises(OperatorError, match="sshEndpoints"):
        endpoint(OUTPUTS | {"jump_host": None}, {}, "server", "here")


def test_a_labs_own_environment_is_used_unless_another_was_chosen(tmp_path: Path) -> None:
    folder = tmp_path / ".lab" / "lab"
    folder.mkdir(parents=True)
    (folder / "environment").write_text("PULUMI_HOME=/lab/home\nPATH_PREPEND=/lab/bin\n")
    own = stack_environment("lab", {"PATH": "/bin"}, tmp_path)
    assert own == {"PATH": f"/lab/bin{os.pathsep}/bin", "PULUMI_HOME": "/lab/home"}
    chosen = {"PATH": "/bin", "PULUMI_HOME": "/mine"}
    assert stack_environment("lab", chosen, tmp_path) == chosen
    assert stack_environment("dev", {"PATH": "/bin"}, tmp_path) == {"PATH": "/bin"}
