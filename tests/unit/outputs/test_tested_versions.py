"""The page names the versions of the drivers that tests/lab/test_drivers.py really runs."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from stack_outputs.__main__ import page
from tests import PROJECT_ROOT


def pinned(file: str, pattern: str) -> str:
    """Return the version that a file of tests/drivers pins."""
    found = re.search(pattern, (PROJECT_ROOT / "tests/drivers" / file).read_text())
    assert found, file
    return found[1]


GO = pinned("go/go.mod", r"go-sql-driver/mysql v(\S+)")
JAVA = pinned("java/pom.xml", r"mysql-connector-j</artifactId>\s*<version>(.*)</version>")
NODE = pinned("node/package.json", r'"mysql2": "(.*)"')
MIGRATE = pinned("migrate/go.mod", r"golang-migrate/migrate/v4 v(\S+)")
PYMYSQL, SQLALCHEMY = version("pymysql"), version("sqlalchemy")

TOLD = {
    "go-sql-driver": f"1.8 and later (tested: {GO})",
    "golang-migrate": f"(tested: {MIGRATE})",
    "dj-database-url": f"(tested: dj-database-url {version('dj-database-url')} reads it)",
    "connector-j": f"8.0.13 and later (tested: {JAVA})",
    "mysql2": f"mysql2 (tested: {NODE})",
    "pymysql": f"PyMySQL (tested: {PYMYSQL})",
    "python-dotenv": f"python-dotenv (tested: {version('python-dotenv')})",
    "sqlalchemy": f"(tested: SQLAlchemy {SQLALCHEMY}, PyMySQL {PYMYSQL})",
}


@pytest.mark.parametrize("driver", TOLD)
def test_the_page_names_the_version_that_is_tested(driver: str) -> None:
    assert TOLD[driver] in page()
