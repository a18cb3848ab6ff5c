"""Logs in with the .env file on standard input, or with what a shell has read from one, and prints what MySQL says."""

from __future__ import annotations

import json
import os
import sys

import pymysql  # type: ignore[import-untyped]
from dotenv import load_dotenv

if "MYSQL_HOST" not in os.environ:
    load_dotenv(stream=sys.stdin)
connection = pymysql.connect(
    host=os.environ["MYSQL_HOST"],
    port=int(os.environ["MYSQL_PORT"]),
    user=os.environ["MYSQL_USER"],
    password=os.environ["MYSQL_PASSWORD"].encode(),
    database=os.environ["MYSQL_DATABASE"],
    ssl_ca=os.environ["MYSQL_SSL_CA"],
    ssl_verify_cert=True,
    ssl_verify_identity=os.environ["MYSQL_SSL_MODE"] == "VERIFY_IDENTITY",
)
with connection, connection.cursor() as cursor:
    cursor.execute("select current_user(), database()")
    user, database = cursor.fetchone()
    cursor.execute("show status like 'Ssl_cipher'")
    _, cipher = cursor.fetchone()
print(json.dumps({"user": user, "database": database, "cipher": cipher}))
