"""What the gateway asks about who signs a request and what that one may do, answered on a unix socket.

Source: versitygw, iamapi/private: the protocol between its gateway and its IAM service, version 1. The gateway makes
S3 of the request; policies are judged here, by the records of the lab.
"""

from __future__ import annotations

import base64
import json
import socketserver
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from lab.cloud.rules import ACCOUNT_ID
from lab.cloud.store import Store
from lab.s3.decisions import OPERATOR_ARN, Request, decide
from lab.s3.identities import Sessions, own_keys, signing_key

PROTOCOL = "1"
Json = dict[str, Any]


class Refused(Exception):  # noqa: N818  the protocol's word
    """An access key or a token that is none."""

    def __init__(self, code: str) -> None:
        """Refuse by one of the protocol's codes."""
        super().__init__(code)
        self.code = code


class Iam:
    """The identities of one lab, as its gateway asks for them."""

    def __init__(self, store: Store, folder: Path, sessions: Sessions) -> None:
        """Judge by the records in `store`; `folder` is the lab's s3/."""
        self._store = store
        self._operator = own_keys(folder, "operator")
        self._sessions = sessions
        self.answers: dict[str, Callable[[Json], Json]] = {
            "/private/version": self._version,
            "/private/derive-signing-key": self._derive,
            "/private/evaluate-policy": self._evaluate,
            "/private/resolve-identity": self._resolve,
        }

    def _version(self, asked: Json) -> Json:  # noqa: ARG002 - the answers share one signature
        return {"protocol": 1, "minClient": 1, "serverVersion": "lab", "accountId": ACCOUNT_ID}

    def _who(self, asked: Json) -> tuple[str, Request, str, str]:
        """Return secret, request, principal and role ARN of who asks.

        Raises:
            Refused: there is no such access key, or the token is not its own.
        """
        access, token = asked["accessKeyId"], asked.get("sessionToken", "")
        condition = asked.get("condition") or {}
        if access == self._operator.access and not token:
            return self._operator.secret, Request(None, condition), OPERATOR_ARN, ""
        session = self._sessions.find(access, token)
        if session is None:
            raise Refused("InvalidToken" if token or access.startswith("ASIA") else "NoSuchIdentity")
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/{session.role}"
        return session.secret, Request(session, condition), session.arn, role

    def _derive(self, asked: Json) -> Json:
        secret, _, principal, role = self._who(asked)
        key = signing_key(secret, asked["date"], asked["region"], asked["service"])
        return {"derivedKey": base64.b64encode(key).decode(), "principalArn": principal, "roleArn": role}

    def _evaluate(self, asked: Json) -> Json:
        _, request, principal, _ = self._who(asked)
        decisions = [
            [decide(self._store, request, action, resource) for action in asked["actions"]]
            for resource in asked["resources"]
        ]
        return {"decisions": decisions, "principalArn": principal}

    def _resolve(self, asked: Json) -> Json:
        return {"identities": [{"found": access == self._operator.access} for access in asked["accessKeyIds"]]}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: IamServer

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        answer = self.server.iam.answers.get(self.path)
        try:
            self._say(200, answer(asked)) if answer else self._say(404, {"error": f"no {self.path}"})
        except Refused as refusal:
            self._say(403, {"error": refusal.code, "code": refusal.code})
        except Exception as fault:  # the gateway refuses the request then
            self._say(500, {"error": repr(fault)})
            raise

    def _say(self, status: int, body: Json) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Vgw-Private-Protocol", PROTOCOL)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of what went well."""


class IamServer(socketserver.ThreadingUnixStreamServer):
    """A server of the gateway's questions."""

    daemon_threads = True

    def __init__(self, path: Path, iam: Iam) -> None:
        """Listen at `path`, which this process alone uses."""
        path.unlink(missing_ok=True)
        super().__init__(str(path), _Handler)
        path.chmod(0o600)
        self.iam = iam
