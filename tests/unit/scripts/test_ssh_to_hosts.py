"""`python -m scripts ssh`, with stand-ins for pulumi and ssh and the real ssh-agent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lab.testing.processes import wait_for
from scripts.ssh import Access, Endpoint, Ssh
from scripts.stack import OperatorError, Stack, ended_with_us, stack_environment
from scripts.state import State
from tests import PROJECT_ROOT
from tests.unit.program.configs import public_key
from tests.unit.scripts.stand_ins import APP_KEY, CLIENT_KEY, HOST_KEY, RESOURCES, STACK, Bench, first_contact, state
from tests.unit.scripts.stand_ins import bench as bench


def ssh_words(bench: Bench) -> list[str]:
    """Return what the one ssh was given."""
    (path,) = bench.folder.glob("ssh.*")
    return path.read_text().splitlines()


def option(name: str) -> str:
    """Return a shell's words for the value of one of ssh's options."""
    return f'"$(sed -n s/^{name}=//p "$BENCH"/ssh.*)"'


@pytest.mark.usefixtures("bench")
def test_standard_input_output_and_exit_code_are_passed_through() -> None:
    """By a Python that is started anew, as the operator's is."""
    argv = [sys.executable, "-m", "scripts", "ssh", "server", "--stack", STACK, "--", "cat; echo wrong >&2; exit 42"]
    done = subprocess.run(argv, input="in\n", capture_output=True, text=True, cwd=PROJECT_ROOT, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (42, "in\n", "wrong\n")


def test_the_exit_code_of_ssh_itself_is_passed_through(bench: Bench) -> None:
    bench.put("down.server", "")
    assert bench.scripts("ssh", "server", "--", "true") == 255


def test_the_key_is_with_an_agent_and_nothing_is_left(bench: Bench, tmp_path: Path) -> None:
    done = bench.run("ssh", "server", "--", f"SSH_AUTH_SOCK={option('IdentityAgent')} ssh-add -L")
    assert public_key().split()[1] in done.stdout, done.stderr
    assert list((tmp_path / "tmp").iterdir()) == []
    assert "PRIVATE" not in bench.everything_shown()


def test_an_agent_that_is_not_yet_listening_is_waited_for(bench: Bench) -> None:
    real = shutil.which("ssh-agent")
    bind = f"{sys.executable} -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'"
    bench.program("ssh-agent", f'#!/bin/sh\n{bind} "$3"; sleep 0.3; rm "$3"; exec {real} "$@"\n')
    done = bench.run("ssh", "server", "--", "true")
    assert done.returncode == 0, done.stderr


def test_the_host_key_is_the_one_the_stack_knows(bench: Bench) -> None:
    done = bench.run("ssh", "server", "--", f"cat {option('UserKnownHostsFile')}")
    assert done.stdout == f"server {HOST_KEY}\nclient-1 {CLIENT_KEY}\napp-1 {APP_KEY}\n"


def test_a_tunnel_named_in_config_is_taken_instead_of_the_hosts_address(bench: Bench) -> None:
    bench.configure(sshEndpoints={"server": {"host": "127.0.0.1", "port": 2201}})
    assert bench.scripts("ssh", "server") == 0
    words = ssh_words(bench)
    assert words[-3:] == ["-p", "2201", "ubuntu@127.0.0.1"]
    assert "ProxyCommand" not in "".join(words)


# signal, exit code: a stop from outside ends the verb itself, Ctrl-C the whole foreground group
ENDS = [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGINT, 128 + signal.SIGINT)]


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_a_stop_from_outside_and_ctrl_c_leave_no_agent_and_no_traceback(
    bench: Bench, tmp_path: Path, end: signal.Signals, code: int
) -> None:
    process = bench.start("ssh", "server", "--", ': >"$BENCH/started"; exec sleep 60', stderr=subprocess.PIPE)
    wait_for((bench.folder / "started").exists, process, 20)
    if end == signal.SIGINT:
        os.killpg(process.pid, end)
    else:
        process.send_signal(end)
    _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (code, "")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_stop_that_comes_while_a_program_is_being_started_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.Popen
    begun: list[subprocess.Popen[bytes]] = []

    def stopped_at_once(argv: list[str]) -> subprocess.Popen[bytes]:
        begun.append(real(argv))
        signal.raise_signal(signal.SIGTERM)
        return begun[0]

    def leave(*_: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, leave)
    monkeypatch.setattr(subprocess, "Popen", stopped_at_once)
    try:
        with pytest.raises(SystemExit), ended_with_us(["sleep", "60"]):
            pytest.fail("the block is not to begin")
        assert signal.getsignal(signal.SIGTERM) is leave
    finally:
        signal.signal(signal.SIGTERM, before)
    assert begun[0].returncode == -signal.SIGTERM


# words of the command line, what is said
FAULTS = [
    (["ssh", "client-2"], "no host 'client-2'; it has server, client-1, app-1"),
    (["ssh", "server", "--stack", "gone"], "no stack named 'gone'"),
]


@pytest.mark.parametrize(("words", "said"), FAULTS)
def test_a_fault_of_the_operator_is_told_and_ends_with_2(
    bench: Bench, capfd: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert bench.scripts(*words) == 2
    told = capfd.readouterr().err
    assert told.startswith("scripts ssh: ") and said in told


def test_a_stack_without_hosts_is_not_up(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.put("state.json", state())
    assert bench.scripts("ssh", "server") == 2
    assert "has no hosts yet: run `pulumi up --stack here`" in capfd.readouterr().err


def test_a_host_whose_first_boot_has_failed_is_reached_and_known_by_the_key_that_it_showed(bench: Bench) -> None:
    bench.put("state.json", state(*(first_contact(name) for name in ("client-1", "server"))))
    done = bench.run("ssh", "server", "--", f"cat {option('UserKnownHostsFile')}")
    assert done.stdout == f"server {HOST_KEY}\nclient-1 {CLIENT_KEY}\n"


@pytest.mark.parametrize("config", [{}, {"sshPrivateKey": "\n"}])
def test_without_key_and_agent_one_is_told_what_to_do(
    bench: Bench, capfd: pytest.CaptureFixture[str], config: dict[str, str]
) -> None:
    bench.config = config
    assert (bench.scripts("ssh", "server"), "no ssh agent" in capfd.readouterr().err) == (2, True)


def test_a_damaged_key_is_told_without_showing_it(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.configure(sshPrivateKey="-----BEGIN OPENSSH PRIVATE KEY-----\nrubbish\n")
    assert bench.scripts("ssh", "server") == 2
    told = capfd.readouterr().err
    assert "sshPrivateKey" in told and "rubbish" not in told


def endpoint(host: str, overrides: dict[str, Any] | None = None, *resources: dict[str, Any]) -> Endpoint:
    """Return a host's endpoint, by the pair's state or by these resources."""
    return Access(State(Stack("here"), resources or RESOURCES), overrides or {}).endpoint(host)


SSH = Ssh(Access(State(Stack("here"), RESOURCES), {}), "/a", Path("/k"))


def test_one_word_is_a_shell_line_and_several_are_arguments() -> None:
    assert SSH.argv("client-1", [])[-1] == "ubuntu@198.51.100.8"
    assert SSH.argv("client-1", ["ls | wc -l"])[-2:] == ["--", "ls | wc -l"]
    mysql = SSH.argv("client-1", ["mysql", "-e", "select 1; select 2"])
    assert mysql[-2:] == ["--", "mysql -e 'select 1; select 2'"]


def test_ssh_trusts_the_pinned_key_alone() -> None:
    argv = SSH.argv("client-1", ["true"])
    for option in ("StrictHostKeyChecking=yes", "UserKnownHostsFile=/k/known_hosts", "IdentityAgent=/a"):
        assert option in argv
    assert "BatchMode=yes" in argv and "HostKeyAlias=client-1" in argv
    assert argv[-5:] == ["-p", "22", "ubuntu@198.51.100.8", "--", "true"]


def test_a_private_host_is_reached_through_the_jump_host_with_both_keys_pinned() -> None:
    argv = SSH.argv("server", ["true"])
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
def test_a_host_is_reached_where_state_and_config_say(
    host: str, overrides: dict[str, dict[str, object]], address: str, port: int, jump: str | None
) -> None:
    reached = endpoint(host, overrides)
    assert (reached.address, reached.port, reached.jump and reached.jump.address) == (address, port, jump)


def test_a_private_host_without_a_jump_host_says_what_to_set() -> None:
    with pytest.raises(OperatorError, match="its jump host is gone from stack 'here': set sshEndpoints"):
        endpoint("server", {}, first_contact("server"))


def test_a_labs_own_environment_is_used_unless_another_was_chosen(tmp_path: Path) -> None:
    folder = tmp_path / ".lab" / "lab"
    folder.mkdir(parents=True)
    (folder / "environment").write_text("PULUMI_HOME=/lab/home\nPATH_PREPEND=/lab/bin\n")
    own = stack_environment("lab", {"PATH": "/bin"}, tmp_path)
    assert own == {"PATH": f"/lab/bin{os.pathsep}/bin", "PULUMI_HOME": "/lab/home"}
    chosen = {"PATH": "/bin", "PULUMI_HOME": "/mine"}
    assert stack_environment("lab", chosen, tmp_path) == chosen
    assert stack_environment("dev", {"PATH": "/bin"}, tmp_path) == {"PATH": "/bin"}
