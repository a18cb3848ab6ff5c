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
from tests.unit.program.configs import BACKUP_KEY, DECLARED, parsed


def sections(page: str) -> dict[str, list[str]]:
    """Return the lines of commands of each section of a page, by its title."""
    return {
        text.partition("\n")[0]: [
            line.strip().removeprefix("$ ") for line in text.splitlines() if line.startswith("    ")
        ]
        for text in re.split(r"^##+ ", (PROJECT_ROOT / "docs" / page).read_text(), flags=re.MULTILINE)[1:]
    }


SECTIONS = sections("backups.md")
VALUES = {"backup_bucket": "example-backups", "backup_prefix": "mysql-pair-prod", "backup_key": BACKUP_KEY}
COMMANDS = [line for lines in SECTIONS.values() for line in lines]
OF_THE_FIRST_SERVER = {
    "serverPrivateIp",
    "dataVolumeId",
    "dataVolumeSnapshot",
    "restoreFrom",
    "sshHostKeys",
    "sshEndpoints",
}
"""Keys with which a second stack would take the first one's volume or moment, or look for its host."""


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
        given = words(re.sub(r" <\S+", "", line.partition("pulumi config set")[2].partition(" && ")[0]))
        if "--stack" in given:
            del given[given.index("--stack") : given.index("--stack") + 2]
        key, *value = (word for word in given if word not in ("--path", "--secret"))
        # A secret comes on standard input.
        text = value[0] if value else BACKUP_KEY
        # The page's moment may be yet to come, and AWS on paper knows other ids.
        text = text.replace("2026-12-01", "2026-01-01").replace("-0123456789abcdef0", "-0a0a0a0a")
        name, _, field = key.partition(".")
        if field:
            made.setdefault(name, {})[field] = text
        else:
            made[name] = json.loads(text) if text.startswith("[") else text
    return made


def taken_out(lines: list[str]) -> set[str]:
    """Return the keys that `pulumi config rm-all` takes out."""
    given = [words(line) for line in lines if line.startswith("pulumi config rm-all --stack rescue ")]
    return {key for command in given for key in command[5:]}


@pytest.mark.parametrize("title", [title for title, lines in SECTIONS.items() if config(lines)])
def test_the_config_of_each_section_is_one_that_the_program_takes(title: str) -> None:
    given = config(SECTIONS[title])
    made = parsed(**given, dataVolumeSize=100)  # where there are faults, they are an exception
    assert ("restore" in made.backups) == ("restoreFrom" in given)


@pytest.mark.parametrize("title", ["All of it, to a moment", "The state is lost"])
def test_a_second_stack_takes_over_nothing_that_is_of_the_first_server(title: str) -> None:
    keys = taken_out(SECTIONS[title])
    assert keys <= set(DECLARED) and keys >= OF_THE_FIRST_SERVER
    copied, made = map(SECTIONS[title].index, ("cp Pulumi.STACK.yaml Pulumi.rescue.yaml", "pulumi stack init rescue"))
    assert copied < made, "or `stack init` makes a salt with which the file's secrets cannot be read"


@pytest.mark.parametrize("page", ["backups.md", "group.md", "growing.md", "versions.md"])
def test_commands_name_their_stack(page: str) -> None:
    lines = [line for lines in sections(page).values() for line in lines]
    parts = [part for line in lines for part in re.split(r"\$\(|[|]|&&", line)]
    commands = [
        part.strip()
        for part in parts
        if re.match(r" ?(pulumi (up|config|stack output|stack -)|python -m scripts)", part)
    ]
    assert commands and not [command for command in commands if " --stack " not in command]


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
