"""accounts/passwords.py: whether a password belongs to an authentication string, as MySQL 9.7.4 wrote it."""

from __future__ import annotations

import pytest

from scripts.host.accounts.passwords import belongs

SHA2, SHA256, NATIVE = "caching_sha2_password", "sha256_password", "mysql_native_password"
# From mysql.user; the salts are any bytes, so in hexadecimal. The last but one is from MySQL's manual.
KNOWN = [
    (
        "a",
        SHA2,
        "244124303041240b583264655f4a5b347741664c7408134625796178786a744541627a61645730596b505a485363746d5065644a48646f"
        "6363336f596c7964466e6352304144",
    ),
    (
        "😀" * 64,
        SHA2,
        "24412430304124370a517756102c7839414b375a66466a46581c4d316175654b6c2f644d4b525968622e6c544f5337784e5437792e454a"
        "4835316179736b7959664434765432",
    ),
    (
        "nul\0x",
        SHA2,
        "24412430304124425e325b1526256c72756c16026f584f39213248566d4577546178436976526a536844687651524c5075755a676e4476"
        "6c6270726f46332f6a554e54323333",
    ),
    (
        "a'b\\\"`%s%%",
        SHA2,
        "244124303041244e341765383156250138053638537173424272352f69376f313737766f6347577975574a52326a374963496838495a52"
        "6f52366e3474476236793134793241",
    ),
    (
        "a",
        SHA256,
        "2435244342511e0f197a4b2a3a6a7b094e363c41407c42245844766c485948314c33475041666c765448795353724d6b4a6b6645674878"
        "6f576638743336464b6b6941",
    ),
    (
        "x" * 256,
        SHA256,
        "243524585537092c5f0f753f01141e36752d3d746c61292444536d6d45735a6f4275377578564e645932786b486a4871713573675a6c62"
        "4256464b4650664c494e7432",
    ),
    ("mypass", NATIVE, b"*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4".hex()),
    ("", SHA2, ""),
]


@pytest.mark.parametrize(("password", "plugin", "stored"), KNOWN, ids=lambda value: repr(value)[:20])
def test_the_password_of_an_authentication_string_is_known(password: str, plugin: str, stored: str) -> None:
    string = bytes.fromhex(stored)
    assert belongs(password, plugin, string)
    assert not belongs(password + "?", plugin, string)
    assert not belongs("", plugin, string) or not password


@pytest.mark.parametrize(
    ("plugin", "stored"),
    [
        (SHA2, b"$A$00A$too short"),
        (SHA2, b"$A$00Z$" + b"s" * 63),
        (SHA2, b"$B$00A$" + b"s" * 63),
        (SHA256, b"$5$" + b"s" * 63),
        (NATIVE, b"7f00000000000000"),
        ("auth_socket", b"ubuntu"),
    ],
)
def test_what_is_no_authentication_string_has_no_password(plugin: str, stored: bytes) -> None:
    assert not belongs("ubuntu", plugin, stored)
