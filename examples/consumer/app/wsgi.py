"""What gunicorn serves: the application, logged in with the credential that systemd hands to this service alone."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import ArgumentError

import notes

url = Path(os.environ["CREDENTIALS_DIRECTORY"], "notes.url").read_text()
try:
    # As it is: it asks for TLS and names the authority. A connection that has died in the pool is noticed and replaced.
    engine = create_engine(url, pool_pre_ping=True)
except (ArgumentError, ValueError):
    # Their text, and with it the traceback in the journal, may quote the URL.
    raise SystemExit("the credential notes.url is no URL of SQLAlchemy") from None
app = notes.make_app(engine)
