"""What gunicorn loads: the credential is a file, and what is no URL is told without being quoted."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.consumer_project import EXAMPLE

GOOD = "mysql+pymysql://app:s3cret@10.20.0.10:3306/app?ssl_ca=%2Fetc%2Fmysql-pair%2Fca.pem&ssl_check_hostname=true"


def test_it_serves_the_application(tmp_path: Path) -> None:
    (tmp_path / "notes.url").write_text(GOOD)
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi; print(wsgi.app.name)"],
        cwd=EXAMPLE / "app",
        env={"CREDENTIALS_DIRECTORY": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and "notes" in done.stdout, done.stderr
    assert "s3cret" not in done.stderr + done.stdout


@pytest.mark.parametrize("url", ["s3cret", "mysql+pymysql://app:x@host:s3cret/app"])
def test_a_credential_that_is_no_url_stops_it_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    (tmp_path / "notes.url").write_text(url)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(SystemExit) as stopped:  # of which Python shows the text alone
        runpy.run_path(str(EXAMPLE / "app" / "wsgi.py"))
    assert stopped.value.code == "the credential notes.url is no URL of SQLAlchemy"
