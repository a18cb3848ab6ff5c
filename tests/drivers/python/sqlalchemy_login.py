"""Logs in with SQLAlchemy's URL on standard input and prints what MySQL says of the session, as one line of JSON."""

from __future__ import annotations

import json
import sys

import sqlalchemy

with sqlalchemy.create_engine(sys.stdin.read()).connect() as connection:
    user, database = connection.exec_driver_sql("select current_user(), database()").one()
    _, cipher = connection.exec_driver_sql("show status like 'Ssl_cipher'").one()
print(json.dumps({"user": user, "database": database, "cipher": cipher}))
