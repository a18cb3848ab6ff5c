"""Logs in with the URL on standard input and prints what MySQL says of the session, as one line of JSON."""

from __future__ import annotations

import json
import sys
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql  # type: ignore[import-untyped]

url = urlsplit(sys.stdin.read())
tls = parse_qs(url.query)
connection = pymysql.connect(
    host=url.hostname,
    port=url.port or 3306,
    user=unquote(url.username or ""),
    password=unquote(url.password or "").encode(),
    database=unquote(url.path.removeprefix("/")),
    ssl_ca=tls["ssl-ca"][0],
    ssl_verify_cert=True,
    ssl_verify_identity=tls["ssl-mode"] == ["VERIFY_IDENTITY"],
)
with connection, connection.cursor() as cursor:
    cursor.execute("select current_user(), database()")
    user, database = cursor.fetchone()
    cursor.execute("show status like 'Ssl_cipher'")
    _, cipher = cursor.fetchone()
print(json.dumps({"user": user, "database": database, "cipher": cipher}))
