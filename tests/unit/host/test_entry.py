"""The agent as it lies on a host: what each kind of host has of it, and what is said of a wrong call."""

from __future__ import annotations

import ast
import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.host import constants, entry
from scripts.host.client.spec import LoginCheckSpec
from scripts.host.common import codec

PACKAGE = Path(constants.__file__).parent
ROOMS = {
    "client": ("common", "system", "client"),
    "server": ("common", "system", "mysql", "group", "accounts", "backups"),
}
"""What is shipped, by kind of host, beside the files below."""
FILES = ("__init__.py", "constants.py", "entry.py")
OLDEST = (3, 10)
"""Ubuntu 22.04's Python."""


def runs(python: str) -> bool:
    """Return whether it is a Python; pyenv's stand-ins for versions that are not chosen are none."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


PYTHONS = [sys.executable, *filter(runs, filter(None, [shutil.which("python3.10")]))]


def shipped(kind: str) -> list[Path]:
    """Return the modules of a kind of host."""
    paths = [path for room in ROOMS[kind] for path in sorted((PACKAGE / room).rglob("*.py"))]
    return [*(PACKAGE / name for name in FILES), *paths]


def laid_out(folder: Path, kind: str) -> Path:
    """Lay the agent out as on a host; return its folder by the link `current`."""
    for path in shipped(kind):
        copy = folder / "digest" / "scripts" / "host" / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    shutil.copy(PACKAGE.parent / "__init__.py", folder / "digest" / "scripts")
    shutil.copy(PACKAGE / "__main__.py", folder / "digest")
    (folder / "current").symlink_to("digest")
    return folder / "current"


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The agent of each kind of host, laid out and compiled once for the tests that change nothing of it."""
    return {kind: laid_out(tmp_path_factory.mktemp(kind), kind) for kind in ROOMS}


def call(agent: Path, *words: str, stdin: str = "", python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the agent on its own: nothing of this project is in its path."""
    argv = [python, "-I", str(agent), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("kind", ROOMS)
def test_every_module_is_of_the_oldest_python(kind: str) -> None:
    for path in shipped(kind):
        ast.parse(path.read_text(), str(path), feature_version=OLDEST)


def test_a_client_has_nothing_of_the_server() -> None:
    text = "".join(path.read_text() for path in shipped("client") if path.name != "entry.py")
    assert "host.mysql" not in text and "host.accounts" not in text and "pymysql" not in text


@pytest.mark.parametrize("name", [name for names in entry.VERBS.values() for name in names])
def test_every_verb_has_its_function(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert callable(getattr(importlib.import_module(f"scripts.host.{module}"), function))


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("verb", ["converge", "diff", "check-logins"])
def test_bad_input_is_told_in_a_line_on_a_client(agents: dict[str, Path], verb: str, python: str) -> None:
    done = call(agents["client"], verb, stdin="{}", python=python)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("the spec has no field") and done.stderr.count("\n") == 1


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("verb", ["converge", "diff", "certify"])
def test_bad_input_is_told_in_a_line_on_a_server_with_the_driver_or_without(
    agents: dict[str, Path], verb: str, python: str
) -> None:
    done = call(agents["server"], verb, stdin="nothing", python=python)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("standard input is not JSON") and done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("kind", "words", "error"),
    [
        ("client", [], "an empty word is not a verb; the verbs are converge, diff, "),
        ("client", ["mend"], "mend is not a verb"),
        ("client", ["certify"], "certify is a verb of another kind of host"),
        ("client", ["accounts", "list"], "accounts is a verb of another kind of host"),
        ("server", ["check-logins"], "check-logins is a verb of another kind of host"),
    ],
)
def test_a_verb_that_this_host_does_not_have_is_told(
    agents: dict[str, Path], kind: str, words: list[str], error: str
) -> None:
    done = call(agents[kind], *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(error) and "Traceback" not in done.stderr


def test_an_install_that_turns_current_while_an_agent_is_imported_does_not_mix_two(tmp_path: Path) -> None:
    agent = laid_out(tmp_path, "client")
    entry = agent / "scripts" / "host" / "entry.py"
    entry.write_text("from pathlib import Path\ndef main(words):\n    print(Path(__file__).parents[2].name)\n")
    assert call(agent).stdout == "digest\n"


def test_check_logins_imports_nothing_of_the_agent_once_it_has_begun(agents: dict[str, Path]) -> None:
    script = """
import sys
sys.path.insert(0, sys.argv[1])
from scripts.host.client import check_logins
before = set(sys.modules)
code = check_logins.main([])
print(sorted(name for name in set(sys.modules) - before if name.startswith("scripts")), code)
"""
    argv = [sys.executable, "-I", "-c", script, str(agents["client"])]
    spec = codec.encode(LoginCheckSpec("127.0.0.1", 3306, 3306, ()))
    done = subprocess.run(argv, input=spec, capture_output=True, text=True, check=False)
    answer, imported = done.stdout.splitlines()
    assert (json.loads(answer), imported) == ({"tried": []}, "[] 0"), done.stderr
