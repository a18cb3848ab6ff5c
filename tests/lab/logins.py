"""Logins of the stack's users, tried from a client host."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from scripts.host.constants import CA_FILE
from stack_outputs import forms
from tests.lab.pair import Pair


@dataclass(frozen=True)
class Login:
    """Who logs in where."""

    user: str
    password: str
    host: str
    port: int

    @classmethod
    def of(cls, pair: Pair, user: str, output: str = "connection_strings") -> Login:
        """Return the login that the stack's outputs have for a user, by key."""
        url = urlsplit(pair.outputs()[output][user])
        return cls(unquote(url.username or ""), unquote(url.password or ""), url.hostname or "", url.port or 0)

    def as_json(self) -> str:
        """Return it as connection_load.py reads it."""
        fields = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return json.dumps({**fields, "ca_file": CA_FILE})

    def option_file(self) -> str:
        """Return it as the mysql client reads it."""
        return forms.option_file(forms.Login(self.user, self.password, self.host, self.port, None, CA_FILE))

    def works(self, pair: Pair, host: str = "client-1") -> bool:
        """Tell whether the mysql client logs in from a host, the server's identity checked."""
        return self.tried(pair, host)[0] == 0

    def tried(self, pair: Pair, host: str = "client-1", statement: str = "select 1") -> tuple[int, str]:
        """Return the mysql client's exit code and all that it said."""
        command = f"mysql --defaults-extra-file=/dev/stdin --protocol=tcp --connect-timeout=5 -e '{statement}'"
        done = pair.as_root(host, command, stdin=self.option_file())
        return done.returncode, done.stdout + done.stderr
