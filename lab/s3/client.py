"""A small client of the lab's S3: for the stand-in provider, the lab's own commands and tests."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.client
import socket
import ssl
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lab.s3.identities import Keys, signing_key
from lab.settings import LabError

GONE = ("NoSuchBucket", "NoSuchKey", "NoSuchUpload", "NotFound")


class S3Error(LabError):
    """What S3 refused, by its code."""

    def __init__(self, code: str, message: str) -> None:
        """Refuse with the code a program can tell apart and the sentence a person reads."""
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Reply:
    """What S3 answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def xml(self) -> ElementTree.Element:
        """The body without the names of its XML namespace."""
        root = ElementTree.fromstring(self.body)  # noqa: S314  the lab's own server
        for element in root.iter():
            element.tag = element.tag.rpartition("}")[2]
        return root


@dataclass(frozen=True)
class Client:
    """Speaks to a lab's S3 with one key."""

    address: str
    region: str
    keys: Keys
    authority: Path
    """The certificate that S3's own is checked against."""
    token: str = ""
    """Of a role's credentials."""
    timeout: float = 30
    """Seconds that S3 may be silent."""

    @staticmethod
    def answers(address: str) -> bool:
        """Tell whether anything takes connections at S3's address."""
        try:
            socket.create_connection((address, 443), timeout=2).close()
        except OSError:
            return False
        return True

    @property
    def host(self) -> str:
        """The name that S3 is asked by."""
        return f"s3.{self.region}.amazonaws.com"

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request, signed, and return the answer.

        Args:
            method: such as GET.
            path: `/bucket/key`, as it is before any quoting.
            query: parameters, sub-resources with "".
            body: what is sent.
            headers: besides those that a signed request has.

        Raises:
            S3Error: S3 refused it.
            LabError: S3 is away.
        """
        target = quote(path, safe="/-_.~")
        asked = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted((query or {}).items()))
        signed = self._signed(method, target, asked, body, headers or {})
        try:
            return self._sent(method, f"{target}?{asked}" if asked else target, body, signed)
        except OSError as error:
            raise LabError(f"the lab's S3 does not answer ({error}): `python -m lab s3 start`") from error

    def _sent(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        context = ssl.create_default_context(cafile=str(self.authority))
        plain = socket.create_connection((self.address, 443), timeout=self.timeout)
        with context.wrap_socket(plain, server_hostname=self.host) as secured:
            connection = http.client.HTTPConnection(self.host, timeout=self.timeout)
            connection.sock = secured
            connection.request(method, target, body, dict(headers))
            answer = connection.getresponse()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        if reply.status >= 300:
            raise _refusal(reply)
        return reply

    def _signed(self, method: str, target: str, query: str, body: bytes, more: Mapping[str, str]) -> dict[str, str]:
        """Return a request's headers with its signature (AWS Signature Version 4)."""
        now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {
            **{name.lower(): value for name, value in more.items()},
            "host": self.host,
            "x-amz-content-sha256": digest,
            "x-amz-date": now,
            **({"x-amz-security-token": self.token} if self.token else {}),
        }
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
        canonical = "\n".join([method, target, query, lines, names, digest])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = signing_key(self.keys.secret, now[:8], self.region, "s3")
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={self.keys.access}/{scope}"
        headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
        return headers


def _refusal(reply: Reply) -> S3Error:
    try:
        root = reply.xml
        return S3Error(root.findtext("Code", "?"), root.findtext("Message", "?"))
    except ElementTree.ParseError:
        return S3Error("NotFound" if reply.status == 404 else str(reply.status), "S3 gave no reason")
