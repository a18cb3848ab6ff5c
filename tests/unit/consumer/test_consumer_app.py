"""The example's application: notes are kept, and a failure is told by its layer, without the driver's text."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pymysql  # type: ignore[import-untyped]
import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

import layers
import notes


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The application over another database, whose sessions count as encrypted."""
    monkeypatch.setattr(layers, "tls_version", lambda _: "TLSv1.3")
    return notes.make_app(create_engine(f"sqlite:///{tmp_path}/notes")).test_client()


def test_a_note_is_kept_and_listed_newest_first(client: FlaskClient) -> None:
    assert client.get("/notes").json == []
    for number in range(1, notes.LISTED + 2):
        answer = client.post("/notes", json={"text": f"note {number}"})
        assert (answer.status_code, answer.json) == (201, {"id": number, "text": f"note {number}"})
    listed = client.get("/notes").json
    assert listed is not None
    assert [row["id"] for row in listed] == list(range(notes.LISTED + 1, 1, -1))


# what is sent, whether it is a note
BODIES: list[tuple[Any, int]] = [
    ({"text": "x"}, 201),
    ({"text": "x" * notes.LETTERS}, 201),
    ({"text": "x" * (notes.LETTERS + 1)}, 400),
    ({"text": ""}, 400),
    ({"text": 1}, 400),
    ({}, 400),
    (["text"], 400),
]


@pytest.mark.parametrize(("body", "code"), BODIES)
def test_what_is_no_note_is_refused(client: FlaskClient, body: Any, code: int) -> None:
    assert client.post("/notes", json=body).status_code == code
    assert client.post("/notes", data="no JSON").status_code == 400


def test_health_says_that_the_session_is_encrypted(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json) == (200, {"status": "ok", "tls": "TLSv1.3"})


def raised(number: int, text: str = "Access denied for user 's3cret'", reason: Exception | None = None) -> DBAPIError:
    """Return an error as SQLAlchemy hands on PyMySQL's."""
    driver: Any = pymysql.err.OperationalError(number, text)
    driver.original_exception = reason
    return DBAPIError("select s3cret", {"text": "s3cret"}, driver)


# the error, its layer, the end of its words
ERRORS: list[tuple[SQLAlchemyError, str, str]] = [
    (raised(2003, reason=TimeoutError()), "network", "(error 2003)"),
    (raised(2013), "network", "(error 2013)"),
    (raised(2003, reason=ssl.SSLCertVerificationError("s3cret")), "tls", "(error 2003)"),
    (raised(3159), "tls", "(error 3159)"),
    (layers.PlainSessionError(), "tls", "not of the authority or of its name"),
    (raised(1045), "login", "(error 1045)"),
    (raised(3118), "login", "(error 3118)"),
    (raised(1044), "grants", "(error 1044)"),
    (raised(1142), "grants", "(error 1142)"),
    (raised(1205), "mysql", "(error 1205)"),
    (ArgumentError("s3cret"), "application", "(ArgumentError)"),
]


@pytest.mark.parametrize(("error", "layer", "end"), ERRORS)
@pytest.mark.parametrize("path", ["/health", "/notes"])
def test_a_failure_is_told_by_its_layer_and_nothing_else(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: SQLAlchemyError,
    layer: str,
    end: str,
    path: str,
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(notes, "CreateTable", broken)
    answer = client.get(path)
    assert answer.status_code == 503 and answer.json is not None
    assert answer.json["layer"] == layer and answer.json["words"].endswith(end)
    assert f"{layer}: " in caplog.text
    assert "s3cret" not in answer.text + caplog.text and "Traceback" not in answer.text + caplog.text
