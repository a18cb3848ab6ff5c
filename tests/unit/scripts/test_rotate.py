"""`rotate` and `finish-rotation`: what is refused, what is changed in the config in which order, what is repeated."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts import generate_password
from stack_outputs.forms import url
from tests.unit.scripts.stand_ins import APP, CANARY, RESOURCES, Bench, account, secret, state
from tests.unit.scripts.stand_ins import bench as bench

UP = ["up", "--yes", "--stack", "here"]


def rotated(bench: Bench, generation: int, old: bool) -> None:
    """Have `up` leave the server so."""
    listed = json.dumps({"users": [account(generation=generation, old_password_accepted=old)], "roles": []})
    bench.put("up", f"echo up: output of pulumi; echo '{listed}' >$BENCH/list.json\n")


def changes(bench: Bench) -> list[str]:
    """Return the keys that were set, in order, and `up`."""
    calls = [call["argv"] for call in bench.asked() if call["argv"][:2] == ["config", "set"] or call["argv"][0] == "up"]
    return ["up" if argv[0] == "up" else argv[2].removeprefix("mysql-pair:") for argv in calls]


def test_a_generated_password_s_generation_is_raised_and_brought_up(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.users({"generation": 1})
    rotated(bench, 2, old=True)
    assert bench.scripts("rotate", "app", "--yes") == 0
    assert bench.config["passwordGenerations"] == {"app": 2} and "userPasswords" not in bench.config
    assert (changes(bench), [call["argv"] for call in bench.asked("up")]) == (["passwordGenerations.app", "up"], [UP])
    said = capfd.readouterr().out
    assert "up: output of pulumi" in said and "finish-rotation app --stack here" in said


def test_a_password_in_the_config_is_changed_after_the_generation_and_by_standard_input(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.configure(userPasswords={"app": CANARY, "reports": "theirs"}, passwordGenerations={"app": 3, "reports": 2})
    bench.users({"generation": 3})
    rotated(bench, 4, old=True)
    assert bench.scripts("rotate", "app", "--yes") == 0
    assert changes(bench) == ["passwordGenerations.app", "userPasswords.app", "up"]
    new = bench.config["userPasswords"]["app"]
    assert len(new) == 32 and new != CANARY and bench.config["userPasswords"]["reports"] == "theirs"
    assert bench.config["passwordGenerations"] == {"app": 4, "reports": 2}
    (call,) = [call for call in bench.asked("config", "set") if "userPasswords.app" in call["argv"][2]]
    assert call["stdin"] == new and "--secret" in call["argv"]
    out, err = capfd.readouterr()
    for word in (new, CANARY):
        assert word not in bench.everything_shown() + out + err


def test_tables_that_are_kept_as_one_text_or_one_secret_lose_no_other_user(bench: Bench) -> None:
    bench.configure(
        userPasswords=json.dumps({"app": CANARY, "reports": "theirs"}), passwordGenerations=json.dumps({"reports": 2})
    )
    bench.users({})
    rotated(bench, 2, old=True)
    assert bench.scripts("rotate", "app", "--yes") == 0
    assert json.loads(bench.config["passwordGenerations"]) == {"reports": 2, "app": 2}
    passwords = json.loads(bench.config["userPasswords"])
    assert passwords["reports"] == "theirs" and passwords["app"] != CANARY
    (call,) = [call for call in bench.asked("config", "set") if call["argv"][2].endswith("userPasswords")]
    assert "--secret" in call["argv"] and "theirs" not in bench.everything_shown()


def test_a_password_of_one_s_own_is_read_from_standard_input(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.configure(userPasswords={"app": CANARY})
    bench.users({})
    rotated(bench, 2, old=True)
    monkeypatch.setattr(sys, "stdin", io.StringIO("own password \n"))
    assert bench.scripts("rotate", "app", "--yes", "--stdin") == 0
    assert bench.config["userPasswords"]["app"] == "own password "


def test_without_up_the_config_alone_is_changed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.users({})
    assert bench.scripts("rotate", "app", "--no-up") == 0
    assert (changes(bench), "next `up`" in capsys.readouterr().out) == (["passwordGenerations.app"], True)


def test_a_rotation_that_was_begun_gets_its_password_anew_and_goes_on(bench: Bench) -> None:
    bench.configure(userPasswords={"app": CANARY}, passwordGenerations={"app": 2})
    bench.users({"generation": 1})
    rotated(bench, 2, old=True)
    assert bench.scripts("rotate", "app", "--yes") == 0
    assert (changes(bench), bench.config["passwordGenerations"]) == (["userPasswords.app", "up"], {"app": 2})
    assert bench.config["userPasswords"]["app"] != CANARY


# config, the server's account, arguments, what is said
REFUSED: list[tuple[dict[str, Any], dict[str, Any], list[str], str]] = [
    ({}, {"old_password_accepted": True}, [], "run `finish-rotation app` first. If the last `up` was cut off"),
    ({"passwordGenerations": {"app": 2}}, {"generation": 2, "old_password_accepted": True}, [], "finish-rotation app"),
    ({"passwordGenerations": {"app": 2}}, {"old_password_accepted": True}, [], "run `pulumi up` before that"),
    ({"passwordGenerations": {"app": 3}}, {"generation": 1}, [], "run `pulumi up` first"),
    ({"passwordGenerations": {"app": 1}}, {"generation": 2}, [], "set passwordGenerations.app to 2 first"),
    ({"passwordGenerations": {"app": "x"}}, {}, [], "no whole number: 'x'"),
    ({"passwordGenerations": "[]"}, {}, [], "passwordGenerations of stack 'here' is no table"),
    ({}, {}, ["--stdin"], "made by the program"),
    ({"userPasswords": {"app": "x"}}, {}, ["--stdin"], "the new password is empty"),
    ({}, {"key": "reports"}, [], "it has reports. If the user is in the config, run `pulumi up` first"),
    ({}, {"key": None}, [], "it has none"),
]


@pytest.mark.parametrize(("config", "live", "arguments", "said"), REFUSED)
def test_what_would_lose_a_password_or_cannot_be_meant_is_refused_with_2_and_nothing_changes(
    bench: Bench,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    config: dict[str, Any],
    live: dict[str, Any],
    arguments: list[str],
    said: str,
) -> None:
    bench.configure(**config)
    bench.users(live)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert bench.scripts("rotate", "app", "--yes", *arguments) == 2
    assert (said in capsys.readouterr().err, changes(bench)) == (True, [])


@pytest.mark.parametrize("verb", ["rotate", "finish-rotation"])
def test_without_a_terminal_nothing_is_begun_that_would_stop_at_a_question(
    bench: Bench, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    bench.users({"old_password_accepted": verb != "rotate"})
    assert bench.scripts(verb, "app") == 2
    assert ("give --yes" in capsys.readouterr().err, changes(bench)) == (True, [])


def test_an_up_that_fails_is_told_and_its_exit_code_kept(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.users({})
    bench.put("up", "exit 7\n")
    assert bench.scripts("rotate", "app", "--yes") == 7
    assert "both go on from where the server is" in capfd.readouterr().err


def test_an_up_that_did_not_rotate_is_not_taken_for_one_that_did(
    bench: Bench, capfd: pytest.CaptureFixture[str]
) -> None:
    bench.users({})
    assert bench.scripts("rotate", "app", "--yes") == 1
    assert "nothing is rotated" in capfd.readouterr().out


def test_the_old_password_is_discarded_in_a_step_of_its_own(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.configure(passwordGenerations={"app": 2})
    bench.users({"generation": 2, "old_password_accepted": True})
    rotated(bench, 2, old=False)
    assert bench.scripts("finish-rotation", "app", "--yes") == 0
    assert (changes(bench), bench.config["finishedGenerations"]) == (["finishedGenerations.app", "up"], {"app": 2})
    assert "Only app's password of generation 2" in capfd.readouterr().out
    assert bench.scripts("finish-rotation", "app", "--yes") == 0
    assert "Nothing to do" in capfd.readouterr().out
    assert len(bench.asked("up")) == 1


def test_a_finish_that_was_cut_off_goes_on_with_up(bench: Bench) -> None:
    bench.configure(passwordGenerations={"app": 2}, finishedGenerations={"app": 2})
    bench.users({"generation": 2, "old_password_accepted": True})
    rotated(bench, 2, old=False)
    assert bench.scripts("finish-rotation", "app", "--yes") == 0
    assert changes(bench) == ["up"]


def test_a_finish_before_the_server_has_the_generation_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.configure(passwordGenerations={"app": 3})
    bench.users({"generation": 2, "old_password_accepted": True})
    assert bench.scripts("finish-rotation", "app", "--yes") == 2
    assert ("run `pulumi up` first" in capsys.readouterr().err, changes(bench)) == (True, [])


@pytest.mark.parametrize(("password", "code"), [("the former one", 2), (APP.password, 1)])
def test_a_finish_while_the_outputs_have_the_former_password_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str], password: str, code: int
) -> None:
    """An `up` that fails after the accounts, in a login check, leaves the outputs as they were."""
    urls = {"app": url(replace(APP, password=password))}
    stack = {
        "urn": "urn:pulumi:here::mysql-pair::pulumi:pulumi:Stack::mysql-pair-here",
        "type": "pulumi:pulumi:Stack",
        "outputs": {"connection_strings": secret(urls)},
    }
    bench.put("state.json", state(stack, *RESOURCES))
    bench.configure(passwordGenerations={"app": 2})
    bench.users({"generation": 2, "old_password_accepted": True})
    assert bench.scripts("finish-rotation", "app", "--yes") == code
    refused = code == 2
    said = capsys.readouterr().err
    assert ("so that everybody can read the new one" in said, changes(bench) == []) == (refused, refused)
    assert "former one" not in said and CANARY not in said


def test_a_finish_that_up_did_not_do_is_told(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    bench.configure(passwordGenerations={"app": 2})
    bench.users({"generation": 2, "old_password_accepted": True})
    assert bench.scripts("finish-rotation", "app", "--yes") == 1
    assert "still accepted" in capfd.readouterr().out


def test_generated_passwords_have_every_kind_of_sign_and_are_never_the_same() -> None:
    made = {generate_password.password() for _ in range(200)}
    assert len(made) == 200
    assert all(all(set(password) & set(kind) for kind in generate_password.KINDS) for password in made)
    assert all(password[0].isalpha() for password in made)


def test_the_program_runs_the_same_generator_as_a_text() -> None:
    """As the stack's command does: with nothing but Python."""
    text = Path(generate_password.__file__).read_text()
    done = subprocess.run([sys.executable, "-I", "-c", text], capture_output=True, text=True, check=True)
    assert len(done.stdout.strip()) == generate_password.LENGTH
