"""What a host has written to its console, as text."""

from __future__ import annotations

import pytest

from lab.machine.hosts import plain


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("[\x1b[0;32m  OK  \x1b[0m] Reached \x1b[0;1;39mssh.service\x1b[0m.\r\n", "[  OK  ] Reached ssh.service."),
        ("\x1b7\x1b[32766;32766H\x1b[6n\x1b8\n\nbooted\n", "booted"),
        ("Finished \x1b[0;1\ncloud-init[9]: torn\n", "Finished\ncloud-init[9]: torn"),
        ("torn \x1b\napart\n", "torn\napart"),
        ("[ *** ] A start job is running\n[***   ] A start job is running\nlast\n", "last"),
        (
            "(Reading database ... \r(Reading database ... 5%\r\n0% [Working]\r33% [2 mysql]\rE: no such package\r\n",
            "E: no such package",
        ),
        ("Get:1 http://m.test sid InRelease\nSetting up mysql-common (5.8) ...\nProgress: [ 10%]\nlast\n", "last"),
        ("ci-info: | ssh-ed25519 | 88:af |\nssh-ed25519 AAAAC3 root@h\n|.o+*=o.   E+ooo.o|\nlast\n", "last"),
        ("first\nsecond\nthird\nfourth\n", "second\nthird\nfourth"),
    ],
)
def test_the_end_of_a_console_is_plain_text(written: str, text: str) -> None:
    assert plain(written, 3) == text
