"""check_login.sh: which layer it says refused."""

from __future__ import annotations

import pytest

from tests.unit.host.bench import Bench

OPTIONS = '[client]\nhost="10.0.0.1"\nport="3306"\nuser="app"\npassword="x"\n'

# what `mysql` says, what the check says in words
REFUSALS = [
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (110)", "failed at network"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '10.0.0.1:3306' (111)", "failed at service"),
    ("ERROR 2026 (HY000): SSL connection error", "failed at TLS: no encrypted connection"),
    ("ERROR 2026 (HY000): SSL connection error: SSL is required but the server doesn't support it", "offers none"),
    ("ERROR 2026 (HY000): SSL connection error: SSL_CTX_set_default_verify_paths failed", "is missing on this host"),
    ("ERROR 1130 (HY000): Host '10.0.0.2' is not allowed to connect", "failed at host part"),
    ("ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.2'", "failed at login"),
    ("ERROR 1049 (42000): Unknown database 'app'", "failed at privileges"),
    ("something new", "MySQL refused"),
]

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


def test_a_login_that_works_lists_the_databases_and_has_checked_the_identity(bench: Bench) -> None:
    asked = "--ssl-mode=VERIFY_IDENTITY --ssl-ca=/etc/mysql-pair/ca.pem"
    bench.stand_in(
        "mysql",
        f"""case "$*" in *"{asked}"*) ;; *) exit 8 ;; esac
        grep -q '^password="x"' "${{1#--defaults-extra-file=}}" || exit 9
        printf 'app\\ninformation_schema\\n'""",
    )
    done = bench.run("check_login.sh", "app", stdin=OPTIONS)
    assert (done.returncode, done.stdout) == (0, "app\ninformation_schema\n")
    assert "password" not in str(bench.calls())


def test_a_login_that_does_not_see_its_database_is_a_failure(bench: Bench) -> None:
    bench.stand_in("mysql", "printf 'application\\n'")
    done = bench.run("check_login.sh", "app", stdin=OPTIONS)
    assert done.returncode == 1
    assert "app is not among the databases" in done.stderr


@pytest.mark.parametrize(("said", "words"), REFUSALS)
def test_a_refused_login_names_the_layer(bench: Bench, said: str, words: str) -> None:
    bench.stand_in("mysql", f'echo "{said}" >&2; exit 1')
    done = bench.run("check_login.sh", "app", stdin=OPTIONS)
    assert done.returncode == 1
    assert words in done.stderr and said in done.stderr


@pytest.mark.parametrize(("found", "words"), CERTIFICATES)
def test_a_refused_certificate_is_told_by_its_fault(bench: Bench, found: str, words: str) -> None:
    bench.stand_in("mysql", 'echo "ERROR 2026 (HY000): SSL connection error: certificate verify failed" >&2; exit 1')
    bench.stand_in("openssl", f'echo "{found}" >&2; exit 1')
    done = bench.run("check_login.sh", "app", stdin=OPTIONS)
    assert words in done.stderr
    assert "-connect 10.0.0.1:3306" in bench.calls()[-1]
