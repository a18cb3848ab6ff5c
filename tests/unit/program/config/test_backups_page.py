"""docs/backups.md: its commands are ones that the operator's command line, config and the outputs know."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
import typer

from scripts.__main__ import app
from stack_outputs.contract import OUTPUTS
from tests import PROJECT_ROOT
from tests.unit.program.configs import BACKUP_KEY, parsed

SECTIONS = {
    text.partition("\n")[0]: [line.strip().removeprefix("$ ") for line in text.splitlines() if line.startswith("    ")]
    for text in re.split(r"^##+ ", (PROJECT_ROOT / "docs" / "backups.md").read_text(), flags=re.MULTILINE)[1:]
}
"""By title, the lines of commands of each section."""
VALUES = {"backup_bucket": "example-backups", "backup_prefix": "mysql-pair-prod", "backup_key": BACKUP_KEY}
COMMANDS = [line for lines in SECTIONS.values() for line in lines]


def words(line: str) -> list[str]:
    """Return the words of a command, without a comment, and with what the outputs of another stack would be."""
    line = re.sub(r'"\$\(pulumi stack output (\w+)[^)]*\)"', lambda output: VALUES.get(output[1], "x"), line)
    return shlex.split(line, comments=True)


def config(lines: list[str]) -> dict[str, Any]:
    """Return the config that `pulumi config set` would make."""
    made: dict[str, Any] = {}
    for line in lines:
        if "pulumi config set" not in line:
            continue
        given = words(line.partition("pulumi config set")[2].partition(" && ")[0])
        if "--stack" in given:
            del given[given.index("--stack") : given.index("--stack") + 2]
        key, *value = (word for word in given if word not in ("--path", "--secret"))
        # A secret comes on standard input.
        text = value[0] if value else BACKUP_KEY
        # The page's moment may be yet to come, and AWS on paper knows one snapshot.
        text = text.replace("2026-12-01", "2026-01-01").replace("snap-0123456789abcdef0", "snap-0a0a0a0a")
        name, _, field = key.partition(".")
        if field:
            made.setdefault(name, {})[field] = text
        else:
            made[name] = json.loads(text) if text.startswith("[") else text
    return made


@pytest.mark.parametrize("title", [title for title, lines in SECTIONS.items() if config(lines)])
def test_the_config_of_each_section_is_one_that_the_program_takes(title: str) -> None:
    given = config(SECTIONS[title])
    made = parsed(**given, dataVolumeSize=100)  # where there are faults, they are an exception
    assert ("restore" in made.backups) == ("restoreFrom" in given)


def test_the_verbs_take_the_words_of_the_page() -> None:
    verbs = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # a group of typer's
    tried = set()
    for line in COMMANDS:
        if line.startswith("python -m scripts"):
            verb, *given = words(re.sub(r"<\S+", "", line))[3:]
            verbs[verb].make_context(verb, given)
            tried.add(verb)
    assert tried >= {"backups", "extract", "ssh"}


def test_the_outputs_that_the_page_asks_for_are_in_the_contract() -> None:
    asked = {name for line in COMMANDS for name in re.findall(r"stack output (\w+)", line)}
    assert asked and asked <= {output.name for output in OUTPUTS}
