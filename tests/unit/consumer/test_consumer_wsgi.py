"""What gunicorn loads: the credential is a file, and what is no URL is told without being quoted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.consumer_project import EXAMPLE

GOOD = "mysql+pymysql://app:s3cret@10.20.0.10:3306/app?ssl_ca=%2Fetc%2Fmysql-pair%2Fca.pem&ssl_check_hostname=true"


@pytest.mark.parametrize(
    ("url", "told"),
    [(GOOD, None), ("s3cret", "is no URL"), ("mysql+pymysql://app:x@host:s3cret/app", "is no URL")],
)
def test_a_credential_that_is_no_url_stops_it_in_words(tmp_path: Path, url: str, told: str | None) -> None:
    (tmp_path / "notes.url").write_text(url)
    done = subprocess.run(
        [sys.executable, "-c", "import wsgi; print(wsgi.app.name)"],
        cwd=EXAMPLE / "app",
        env={"CREDENTIALS_DIRECTORY": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (told is None), done.stderr
    assert (told or "notes") in done.stderr + done.stdout
    assert "s3cret" not in done.stderr and "Traceback" not in done.stderr
