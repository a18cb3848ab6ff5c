"""What looks like a secret in a text, and what does not: a table, a line a row."""

from __future__ import annotations

import base64
import gzip
import random
import string

import pytest

from policy.rules import secrets
from policy.rules.secrets import Finder, Finding

RANDOM = random.Random(7)  # noqa: S311  the same words in every run
WORD = "".join(RANDOM.choices(string.ascii_letters + string.digits, k=24))
DIGEST = "".join(RANDOM.choices("0123456789abcdef", k=64))
PASSWORD, LOGIN, LINE = "the value of a password, token or key", "a login's password", "a password on a command line"
LOT = "a word that looks random, as keys and tokens do,"

SECRETS: list[tuple[str, str]] = [
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "a private key"),
    ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
    ("-----BEGIN PGP PRIVATE KEY BLOCK-----", "a private key"),
    ("aws configure set aws_access_key_id AKIAIOSFODNN7EXAMPLE", "an AWS access key"),
    (f"git clone https://x-access-token:{WORD}@example.org/a.git", "a URL with a password"),
    ("mysql://app:s3cr%2Ft@10.0.0.1:3306/app", "a URL with a password"),
    (f"Authorization: Bearer {WORD}", "a login in a header"),
    (f"ghp_{WORD}{WORD}", "a service's token"),
    (f"eyJhbGciOiJI.eyJzdWIiOiIx.{WORD}", "a service's token"),
    ("password=hunter2", PASSWORD),
    ("MYSQL_ROOT_PASSWORD: 'correct horse'", PASSWORD),
    ('"db_password": "tiger"', PASSWORD),
    ("export MYSQL_PWD=tiger", PASSWORD),
    ("api-key: abc123", PASSWORD),
    ("client_secret => 'tiger'", PASSWORD),
    ("  passwd: $6$rounds=4096$saltsalt$" + "a1B2" * 20, "the hash of a password"),
    ("CREATE USER a IDENTIFIED BY 'tiger'", "a password in SQL"),
    ("create user a identified with caching_sha2_password by 'tiger'", "a password in SQL"),
    ("mysql -u root -ptiger app", LINE),
    ("mysqldump -p'correct horse' app", LINE),
    ("sshpass -p tiger ssh host", LINE),
    ("curl -u admin:tiger https://example.org", LINE),
    ("echo 'ubuntu:tiger' | sudo chpasswd", LOGIN),
    ("chpasswd:\n  expire: false\n  list: |\n    ubuntu:tiger", LOGIN),
    (f"deploy {WORD}", LOT),
    (f"key={WORD[:20]}+/{WORD[:18]}==", LOT),
    (f"seed {DIGEST[:32]}", LOT),
]
PUBLIC = [
    "#cloud-config",
    "password=$MYSQL_PASSWORD",
    "password: ${password}",
    "password: {{ password }}",
    "TOKEN=$(curl -X PUT http://169.254.169.254/latest/api/token)",
    "password = document['password']",
    "run(password=user.password, secret=secret)",
    "def apply(password: str) -> None:",
    "password_file=/etc/app/password",
    "--password=<password>",
    "ssl_key: /etc/ssl/private/server.pem",
    "lock_passwd: true",
    "chpasswd: {expire: false}",
    "chpasswd:\n  list: |\n    ubuntu:RANDOM",
    "PasswordAuthentication no",
    "http_tokens: required",
    "identified by '${password}'",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGy0dGmZ0m1rQq2xgnq2m8d5j5wU0Y4o3s9c3Hj0o0aB me@here",
    f"-----BEGIN CERTIFICATE-----\n{WORD}{WORD}\n-----END CERTIFICATE-----",
    f"image: registry.example.org/app@sha256:{DIGEST}",
    f"{DIGEST}  package.deb",
    "keyid: 9FD3B784BC1C6FC31A8A0A1C1655A0AB68576280",
    "subnet-0123456789abcdef0",
    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f",
    "/usr/local/lib/mysql-pair/0a1b2c3d4e5f/apply_accounts.py",
    "https://www.example.org/a/Some-Long-Path/20250520T000000Z",
    "Unattended-Upgrade::Package-Blacklist",
    "DigiCert_TLS_RSA4096_Root_G5",
    "https://example.org:8443/@scope/package",
]


@pytest.mark.parametrize(("text", "kind"), SECRETS)
def test_a_secret_is_found_by_its_form(text: str, kind: str) -> None:
    assert [found.kind for found in Finder().find(f"first\n{text}\n")] == [kind]


@pytest.mark.parametrize("text", PUBLIC)
def test_what_only_looks_alike_is_not(text: str) -> None:
    assert Finder().find(text) == []


def test_the_place_is_told_and_nothing_of_the_secret() -> None:
    assert Finder().find(f"a\nb\npassword={WORD}") == [Finding(PASSWORD, "line 3")]


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def zipped(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def test_what_is_packed_is_opened_however_often() -> None:
    inner = f"a\npassword={WORD}\n"
    mime = "Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(inner.encode() * 5).decode()
    assert Finder().find(packed(packed(inner))) == [
        Finding(PASSWORD, "line 2 of what is packed in line 1 of what is packed in line 1")
    ]
    assert Finder().find(mime)[0] == Finding(PASSWORD, "line 2 of what is packed in line 3")
    assert Finder().find(f"content: {zipped(inner)}") == [Finding(PASSWORD, "line 2 of what is packed in line 1")]


def test_a_text_that_is_packed_and_harmless_is_no_random_word() -> None:
    assert Finder().find(packed("The quick brown fox jumps over the lazy dog. 0123456789")) == []


def test_bytes_that_are_packed_and_no_text_look_random() -> None:
    assert [found.kind for found in Finder().find(base64.b64encode(RANDOM.randbytes(60)).decode())] == [LOT]


def test_a_gzip_bomb_is_opened_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "UNPACKED", 1000)
    near, far = (f"{'a ' * letters}\npassword={WORD}\n" for letters in (10, 100_000))
    kinds = [[found.kind for found in Finder().find(zipped(text))] for text in (near, far)]
    assert kinds == [[PASSWORD], []]


def test_words_can_be_allowed_and_the_limits_set() -> None:
    assert Finder(allow=[r"[a-zA-Z0-9]{24}"]).find(f"deploy {WORD}") == []
    assert Finder(length=25).find(f"deploy {WORD}") == []
    assert Finder(bits=5).find(f"deploy {WORD}") == []
    with pytest.raises(ValueError, match=r"`allow`: '\(' is no regular expression"):
        Finder(allow=["("]).find(f"deploy {WORD}")


def test_of_tokens_that_programs_make_nine_in_ten_are_found() -> None:
    letters = string.ascii_letters + string.digits + "-_"
    found = sum(bool(Finder().find("".join(RANDOM.choices(letters, k=24)))) for _ in range(300))
    assert found > 270
