"""The pack's files agree with its rules: the table in README.md, the lab's config, the versions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from policy.rules.rule import Rule
from tests import PROJECT_ROOT
from tests.unit.policy.resources import RULES

PACK = PROJECT_ROOT / "policy"


def row(rule: Rule) -> str:
    """Return a rule's row of the table in README.md."""
    settings = "<br>".join(f"`{name}`: {words(schema)}" for name, schema in rule.settings.items())
    return f"| `{rule.name}` | {rule.level} | {rule.says} | {settings} |"


def words(schema: Mapping[str, object]) -> str:
    """Return what a setting is for, and its default unless that is long."""
    default = schema["default"]
    long = isinstance(default, list) and len(default) > 3
    return str(schema["description"]) if long else f"{schema['description']} ({json.dumps(default)})"


def rows_of_readme() -> Iterator[str]:
    """Yield the rows that begin with a rule's name."""
    for line in (PACK / "README.md").read_text().splitlines():
        if re.match(r"\| `", line):
            yield line


def test_the_table_in_the_readme_is_that_of_the_rules() -> None:
    expected = [row(rule) for rule in RULES.values()]
    assert sorted(rows_of_readme()) == sorted(expected), "\n" + "\n".join(expected)


def test_the_labs_config_names_rules_that_there_are() -> None:
    assert json.loads((PACK / "lab.json").read_text()).keys() <= RULES.keys()


def test_the_pack_runs_on_the_programs_version_of_pulumi() -> None:
    pins = [
        re.search(r"^pulumi==\S+$", (PROJECT_ROOT / folder / "requirements.txt").read_text(), re.M)
        for folder in ("policy", ".")
    ]
    assert pins[0] is not None
    assert pins[1] is not None
    assert pins[0][0] == pins[1][0]


def test_the_rules_work_in_a_copy_of_the_folder_with_the_standard_library_alone(tmp_path: Path) -> None:
    """As in another team's repository; the SDK is needed by the bridge only."""
    shutil.copytree(PACK / "rules", tmp_path / "rules")
    modules = [path.stem for path in sorted((PACK / "rules").glob("*.py")) if path.stem not in ("__init__", "bridge")]
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from rules import {', '.join(modules)}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
