"""Who asks S3: the lab's operator by a key of its own, or a host by credentials that its role gave it for a while."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import json
import secrets
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from lab.cloud.identities import unique_id
from lab.cloud.model import Instance, Role
from lab.cloud.rules import ACCOUNT_ID
from lab.cloud.store import write_atomically
from lab.s3.paths import alone

LIFE = datetime.timedelta(hours=6)
RENEWED = datetime.timedelta(hours=1)
"""Before they end, credentials are replaced; the old ones are good until their end."""


@dataclass(frozen=True)
class Keys:
    """An access key of the lab's own: the operator's, or the gateway's root."""

    access: str
    secret: str


@dataclass(frozen=True)
class Session:
    """A role's credentials on an instance."""

    access: str
    secret: str
    token: str
    role: str
    role_id: str
    instance_id: str
    expires: float

    @property
    def arn(self) -> str:
        """Who asks, in the words of the token service."""
        return f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/{self.role}/{self.instance_id}"


def own_keys(folder: Path, name: Literal["operator", "root"]) -> Keys:
    """Return a key of the lab's own, made at the first call; `folder` is the lab's s3/."""
    path = folder / f"{name}.key.json"
    with alone(folder):
        if not path.exists():
            write_atomically(path, json.dumps(asdict(Keys(unique_id("AKIA"), secrets.token_urlsafe(30)))))
    return Keys(**json.loads(path.read_text(encoding="utf-8")))


class Sessions:
    """The credentials that instances were given; kept in a file, so that a service that begins anew knows them."""

    def __init__(self, folder: Path) -> None:
        """Use the file in `folder`, a lab's s3/."""
        self._path = folder / "sessions.json"
        self._lock = threading.Lock()
        known = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else []
        self._all = {item["access"]: Session(**item) for item in known}

    def of(self, instance: Instance, role: Role) -> Session:
        """Return an instance's credentials for its role, new ones where the last have less than an hour left."""
        now = _now()
        with self._lock:
            for session in self._all.values():
                fits = (session.instance_id, session.role_id) == (instance.id, role.unique_id)
                if fits and session.expires - now > RENEWED.total_seconds():
                    return session
            access, secret, token = unique_id("ASIA"), secrets.token_urlsafe(30), secrets.token_urlsafe(200)
            made = Session(access, secret, token, role.id, role.unique_id, instance.id, int(now + LIFE.total_seconds()))
            self._all = {item.access: item for item in [*self._all.values(), made] if item.expires > now}
            write_atomically(self._path, json.dumps([asdict(item) for item in self._all.values()]))
            return made

    def find(self, access: str, token: str) -> Session | None:
        """Return the session of an access key, if its token is the right one and it has not ended."""
        session = self._all.get(access)
        if session is None or not hmac.compare_digest(session.token, token) or session.expires < _now():
            return None
        return session


def _now() -> float:
    return datetime.datetime.now(datetime.UTC).timestamp()


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key that signs a day's requests (AWS Signature Version 4)."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    return key
