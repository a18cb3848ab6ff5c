"""Notes, a small web application: GET and POST /notes are rows of a table in MySQL, GET /health says what is broken."""

from __future__ import annotations

from flask import Flask, Response, jsonify, make_response, request
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

import layers

LETTERS = 200
"""How long a note may be."""
LISTED = 20
"""How many notes are listed, the newest first."""
NOTES = Table(
    "notes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("text", String(LETTERS), nullable=False),
)


def make_app(engine: Engine) -> Flask:
    """Return the application, whose notes are in the database that the engine connects to."""
    app = Flask("notes")

    @app.get("/notes")
    def listed() -> Response:
        with engine.begin() as connection:
            made(connection)
            rows = connection.execute(select(NOTES.c.id, NOTES.c.text).order_by(NOTES.c.id.desc()).limit(LISTED))
            return jsonify([{"id": row.id, "text": row.text} for row in rows])

    @app.post("/notes")
    def added() -> Response:
        text = note(request.get_json(silent=True))
        if text is None:
            return answer(400, error=f'send {{"text": "..."}}, at most {LETTERS} characters')
        with engine.begin() as connection:
            made(connection)
            key = connection.execute(insert(NOTES).values(text=text)).lastrowid
        return answer(201, id=key, text=text)

    @app.get("/health")
    def health() -> Response:
        """Do what every request needs: an encrypted session, an answer, the table."""
        with engine.begin() as connection:
            version = layers.tls_version(connection)
            made(connection)
            connection.execute(select(1).select_from(NOTES).limit(1)).all()
        return answer(200, status="ok", tls=version)

    @app.errorhandler(SQLAlchemyError)
    def broken(error: SQLAlchemyError) -> Response:
        layer, words = layers.explained(error)
        app.logger.error("%s: %s", layer, words)
        return answer(503, status="broken", layer=layer, words=words)

    def made(connection: Connection) -> None:
        """Make the table, once a process."""
        if "notes" not in app.extensions:
            connection.execute(CreateTable(NOTES, if_not_exists=True))
            app.extensions["notes"] = True

    return app


def note(body: object) -> str | None:
    """Return the text of a note that was sent, or None where it is none."""
    text = body.get("text") if isinstance(body, dict) else None
    return text if isinstance(text, str) and 0 < len(text) <= LETTERS else None


def answer(code: int, **fields: object) -> Response:
    """Return an answer in JSON."""
    return make_response(jsonify(fields), code)
