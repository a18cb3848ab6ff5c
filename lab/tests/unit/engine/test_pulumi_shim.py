"""When `pulumi` on a lab's PATH works with the lab's own stack config file, and when it must not."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from lab.engine import pulumi_shim

CONFIG = "/lab/Pulumi.lab.yaml"


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["up"], None),
        (["up", "--stack", "lab"], "lab"),
        (["up", "--stack=lab"], "lab"),
        (["-s", "lab", "up"], "lab"),
        (["up", "-slab", "--yes"], "lab"),
        (["up", "-s=lab"], "lab"),
        (["up", "-s", "a", "-s", "b"], "b"),
        (["up", "--stacks=x"], None),
        (["config", "set", "key", "--", "-s"], None),
        (["up", "--stack"], None),
    ],
)
def test_a_flag_is_found_in_every_spelling(arguments: list[str], value: str | None) -> None:
    assert pulumi_shim.flag(arguments, "stack", "s") == value


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """A work tree with the lab's stack selected, a folder below it, and another project."""
    for folder in ("tree/docs", "consumer", "home/workspaces", "nowhere"):
        (tmp_path / folder).mkdir(parents=True)
    for project in ("tree", "consumer"):
        (tmp_path / project / "Pulumi.yaml").write_text("name: mysql-pair\nruntime: python\n")
    (tmp_path / "engine").write_text('#!/bin/sh\necho "${PULUMI_OPTION_CONFIG_FILE-none}" "$@"\nexit 7\n')
    (tmp_path / "engine").chmod(0o755)
    select(tmp_path, "organization/mysql-pair/lab")
    return tmp_path


def select(trees: Path, stack: str) -> None:
    digest = hashlib.sha1(str(trees / "tree" / "Pulumi.yaml").encode(), usedforsecurity=False).hexdigest()
    settings = trees / "home" / "workspaces" / f"mysql-pair-{digest}-workspace.json"
    settings.write_text(json.dumps({"stacks": {"file:///backend": stack}}))


def run(trees: Path, folder: str, *arguments: str, **variables: str) -> str:
    """Run the shim as its launcher does, and return what the engine was given."""
    own = [str(trees / "engine"), str(trees / "tree"), "mysql-pair", "lab", CONFIG]
    ran = subprocess.run(
        [sys.executable, "-I", pulumi_shim.__file__, *own, *arguments],
        cwd=trees / folder,
        env={"PULUMI_HOME": str(trees / "home"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 7, ran.stderr
    return ran.stdout.strip()


@pytest.mark.parametrize(
    ("folder", "arguments", "variables", "config_file"),
    [
        pytest.param("tree", ["up"], {}, CONFIG, id="selected stack"),
        pytest.param("tree/docs", ["up"], {}, CONFIG, id="from a folder below"),
        pytest.param("tree", ["up", "--stack", "lab"], {}, CONFIG, id="named"),
        pytest.param("tree", ["up", "-s", "organization/mysql-pair/lab"], {}, CONFIG, id="named in full"),
        pytest.param("nowhere", ["-C", "../tree", "up"], {}, CONFIG, id="-C into the tree"),
        pytest.param("tree", ["up", "--stack", "dev"], {}, "none", id="another stack"),
        pytest.param("tree", ["up"], {"PULUMI_STACK": "dev"}, "none", id="another by variable"),
        pytest.param("tree", ["-C", "../consumer", "up"], {}, "none", id="-C into another project"),
        pytest.param("consumer", ["up", "--stack", "lab"], {}, "none", id="another project, same stack name"),
        pytest.param("nowhere", ["version"], {}, "none", id="no project"),
        pytest.param("tree", ["up"], {pulumi_shim.OPTION: "/mine"}, "/mine", id="the user's own variable"),
        pytest.param("consumer", ["up"], {pulumi_shim.OPTION: CONFIG}, "none", id="nested in the lab's run"),
    ],
)
def test_which_commands_get_the_labs_config_file(
    trees: Path, folder: str, arguments: list[str], variables: dict[str, str], config_file: str
) -> None:
    assert run(trees, folder, *arguments, **variables) == " ".join([config_file, *arguments])


def test_a_stack_selected_by_the_user_is_left_alone(trees: Path) -> None:
    select(trees, "organization/mysql-pair/dev")
    assert run(trees, "tree", "up") == "none up"
    assert run(trees, "tree", "up", "--stack", "lab") == f"{CONFIG} up --stack lab"


@pytest.mark.parametrize("verb", ["history", "change-secrets-provider"])
def test_verbs_that_write_the_committed_file_work_from_the_labs_folder(trees: Path, verb: str) -> None:
    assert run(trees, "tree", "stack", verb, "x") == f"{CONFIG} stack {verb} x --cwd=/lab"
    assert run(trees, "consumer", "stack", verb, "x") == f"none stack {verb} x"
