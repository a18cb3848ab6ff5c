"""client/check_logins.py: how it tries a login, and which layer it says refused."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.host.client import check_logins
from scripts.host.client.spec import LoginCheckSpec, LoginSpec
from scripts.host.common import codec
from tests.unit.host.stand_ins import Bench

APP = LoginSpec(
    key="app",
    name="app",
    host="10.0.0.0/16",
    password='it\'s "s3cret"\\',
    locked=False,
    databases=("app",),
)

# what `mysql` says, what the check says in words
REFUSALS = [
    ("ERROR 2005 (HY000): Unknown MySQL server host", "failed at name"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (110)", "failed at network: no answer"),
    ("ERROR 2002 (HY000): Can't connect to server on '10.0.0.1' (115)", "failed at network: no answer"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (113)", "failed at network: the server"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (111)", "failed at service"),
    ("ERROR 2026 (HY000): SSL connection error", "failed at TLS: no encrypted connection"),
    ("ERROR 2026 (HY000): SSL connection error: SSL is required but the server doesn't support it", "offers none"),
    ("ERROR 2026 (HY000): SSL connection error: SSL_CTX_set_default_verify_paths failed", "is missing on this host"),
    ("ERROR 1130 (HY000): Host '10.0.0.2' is not allowed to connect", "failed at host part"),
    ("ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.2'", "failed at login: user, host part or password"),
    ("ERROR 3118 (HY000): Access denied for user 'app'@'10.0.0.2'. Account is locked.", "failed at login: the account"),
    ("ERROR 1862 (HY000): Your password has expired.", "failed at login: the password has expired"),
    ("ERROR 1049 (42000): Unknown database 'app'", "failed at privileges"),
    ("something new", "MySQL refused"),
]

NO_PRIMARY = "ERROR 2013 (HY000): Lost connection to MySQL server at 'reading initial communication packet'"

# what openssl finds in the certificate, what the check says in words
CERTIFICATES = [
    ("verify error:num=64:IP address mismatch", "is for another name than 10.0.0.1"),
    ("verify error:num=62:hostname mismatch", "is for another name than 10.0.0.1"),
    ("verify error:num=20:unable to get local issuer certificate", "is not from the authority"),
    ("verify error:num=19:self-signed certificate in certificate chain", "is not from the authority"),
    ("verify error:num=10:certificate has expired", "has expired"),
    ("verify error:num=9:certificate is not yet valid", "is not valid yet"),
    ("connect:errno=111", "is refused"),
]


def check(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *logins: LoginSpec,
    host: str = "10.0.0.1",
    read_port: int = 3306,
) -> Any:
    """Run the verb and return exit code, answer and standard error."""
    spec = LoginCheckSpec(host, 3306, read_port, logins)
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(spec)))
    code = check_logins.main([])
    printed = capsys.readouterr()
    return code, json.loads(printed.out), printed.err


def test_a_login_that_works_has_checked_the_identity(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = "--ssl-mode=VERIFY_IDENTITY --ssl-ca=/etc/mysql-pair/ca.pem"
    bench.stand_in(
        "mysql",
        f"""case "$*" in *"{asked}"*) ;; *) exit 8 ;; esac
        grep -qF 'password="it'"'"'s \\"s3cret\\"\\\\"' || exit 9
        printf 'app\\ninformation_schema\\n'""",
    )
    assert check(monkeypatch, capsys, APP) == (0, {"tried": ["app"]}, "")
    assert "s3cret" not in str(bench.calls())


def test_a_login_that_does_not_see_its_database_is_a_failure(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.stand_in("mysql", "printf 'application\\n'")
    code, _, errors = check(monkeypatch, capsys, APP)
    assert code == 1
    assert "failed at privileges: logged in, but app is not among the databases (user app," in errors


@pytest.mark.parametrize(("said", "words"), REFUSALS)
def test_a_refused_login_names_the_layer_and_the_user(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: str, words: str
) -> None:
    bench.stand_in("mysql", f'echo "{said}" >&2; exit 1')
    code, _, errors = check(monkeypatch, capsys, APP)
    assert code == 1
    assert words in errors and said in errors and "(user app, 'app'@'10.0.0.0/16')" in errors


@pytest.mark.parametrize(("found", "words"), CERTIFICATES)
def test_a_refused_certificate_is_told_by_its_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: str, words: str
) -> None:
    bench.stand_in("mysql", 'echo "ERROR 2026 (HY000): SSL connection error: certificate verify failed" >&2; exit 1')
    bench.stand_in("openssl", f'echo "{found}" >&2; exit 1')
    _, _, errors = check(monkeypatch, capsys, APP)
    assert words in errors
    assert "-connect 10.0.0.1:3306" in bench.calls()[-1]


def test_a_way_that_is_closed_is_tried_once_and_not_for_every_user(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.stand_in("mysql", 'echo "ERROR 2003 (HY000): no (110)" >&2; exit 1')
    code, _, errors = check(monkeypatch, capsys, *(replace(APP, key=f"app{number}") for number in range(9)))
    assert (code, errors.count("failed at network"), len(bench.calls())) == (1, 1, 1)


def test_every_user_that_is_refused_is_named(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.stand_in("mysql", 'echo "ERROR 1045 (28000): Access denied" >&2; exit 1')
    _, _, errors = check(monkeypatch, capsys, *(replace(APP, key=f"app{number}") for number in range(3)))
    assert [f"user app{number}," in errors for number in range(3)] == [True, True, True]


@pytest.mark.parametrize("number", ["1203 (42000)", "1226 (42000)"])
def test_a_login_that_ends_at_the_accounts_own_limit_was_accepted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    """As when an application has all of `maxUserConnections`: mysqld looks at limits after the password."""
    bench.stand_in("mysql", f'echo "ERROR {number}: User app has exceeded" >&2; exit 1')
    assert check(monkeypatch, capsys, APP) == (0, {"tried": ["app"]}, "")


def test_a_locked_account_has_to_be_refused_as_locked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = replace(APP, locked=True)
    bench.stand_in("mysql", 'echo "ERROR 3118 (HY000): Account is locked." >&2; exit 1')
    assert check(monkeypatch, capsys, locked)[0] == 0
    bench.stand_in("mysql", "echo app")
    code, _, errors = check(monkeypatch, capsys, locked)
    assert code == 1 and "should be locked" in errors


def test_a_server_that_does_not_answer_in_time_is_told_as_such(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_logins, "LOGIN_SECONDS", 0.1)
    bench.stand_in("mysql", "exec sleep 5")
    assert "failed at service" in check(monkeypatch, capsys, APP)[2]


def test_a_host_without_the_client_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(codec.encode(LoginCheckSpec("127.0.0.1", 3306, 3306, (APP,)))))
    assert check_logins.main([]) == 1
    assert capsys.readouterr().err == "there is no mysql on this host\n"


def proxied(*tried: LoginSpec, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the verb on a client host of a group."""
    return check(monkeypatch, capsys, *tried, host="127.0.0.1", read_port=3307)


def test_of_a_group_the_first_login_is_tried_on_a_reader_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = bench.folder / "tried"
    bench.stand_in("mysql", f"grep -E '^(port|user)=' | paste -sd' ' >>{tried}; echo app")
    logins = (APP, replace(APP, key="b", name="b"))
    assert proxied(*logins, monkeypatch=monkeypatch, capsys=capsys) == (0, {"tried": ["app", "b"]}, "")
    assert tried.read_text().splitlines() == [
        'port="3306" user="app"',
        'port="3306" user="b"',
        'port="3307" user="app"',
    ]


def test_a_group_without_a_primary_for_a_moment_is_tried_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_logins, "PAUSE_SECONDS", 0)
    once = bench.folder / "once"
    bench.stand_in("mysql", f'[ -e {once} ] && echo app || {{ touch {once}; echo "{NO_PRIMARY}" >&2; exit 1; }}')
    assert proxied(APP, monkeypatch=monkeypatch, capsys=capsys) == (0, {"tried": ["app"]}, "")


def test_a_group_that_stays_without_a_primary_is_told_once_with_how_to_look_further(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check_logins, "PROXY_SECONDS", 0)
    bench.stand_in("mysql", f'echo "{NO_PRIMARY}" >&2; exit 1')
    code, _, errors = proxied(APP, replace(APP, key="b"), monkeypatch=monkeypatch, capsys=capsys)
    assert code == 1 and errors.count("failed at") == 1
    assert "failed at proxy: no primary" in errors and "`python -m scripts status`" in errors
