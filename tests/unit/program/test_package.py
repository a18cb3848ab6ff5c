"""What other projects install: the components with their files, and a reader of outputs that needs pulumi alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from components.host.agent import ROOT

INSTALLED = ("components", "scripts", "stack_outputs")
IMPORTS = """
import importlib, json, pkgutil, sys
import components
from components.generated import GENERATOR
from components.host.agent import FIRST_BOOT, agent_files
from components.host.user_data import user_data
assert len(list((FIRST_BOOT / "data_units").iterdir())) == 2
names = [module.name for module in pkgutil.walk_packages(components.__path__, "components.")]
modules = [importlib.import_module(name) for name in names]
assert all(module.__file__.startswith(sys.argv[1]) for module in modules)
assert GENERATOR.read_text() and user_data("server") and user_data("client")
print(json.dumps({role: sorted(agent_files(role)) for role in ("server", "client")}))
"""
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
"""What pip asks for before it unpacks the wheel (PEP 517), without the starts of pip itself."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel of a copy of the repository was unpacked in: the build leaves its work in the copy."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    shutil.copy(ROOT / "pyproject.toml", source)
    for name in INSTALLED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-c", BUILD, str(target)], cwd=source, check=True, capture_output=True)
    (wheel,) = target.glob("*.whl")
    shutil.unpack_archive(wheel, target, "zip")
    wheel.unlink()
    return target


def python(installed: Path, program: str) -> str:
    """Return what a program prints whose project has nothing but what was installed."""
    command = [sys.executable, "-c", program, str(installed)]
    done = subprocess.run(
        command, cwd=installed.parent, env={"PYTHONPATH": str(installed)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_components_are_imported_with_the_files_that_they_need(installed: Path) -> None:
    assert "scripts/host/mysql/spec.py" in python(installed, IMPORTS)


def test_nothing_of_the_operators_is_installed(installed: Path) -> None:
    assert {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")} == set(INSTALLED)
    scripts = {path.name for path in (installed / "scripts").iterdir()} - {"__pycache__"}
    assert scripts == {"__init__.py", "cloud_init", "generate_password.py", "host"}


def test_the_reader_needs_pulumi_alone(installed: Path) -> None:
    loaded = python(installed, "import sys, stack_outputs.reader; print(*sys.modules)").split()
    assert not {"pulumi_aws", "pulumi_command", "pymysql"} & set(loaded)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert [name.split(">")[0] for name in project["dependencies"]] == ["pulumi"]
