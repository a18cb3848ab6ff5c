"""The stack's outputs: a contract that other projects read. docs/outputs.md is made from its table, contract.toml."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from stack_outputs.forms import FORMS, READ

VERSION = 1
"""Raised when an output is taken away or means something else; a new output does not raise it."""
TABLE = Path(__file__).with_name("contract.toml")


class Type(StrEnum):
    """What an output may be."""

    STRING = "string"
    NUMBER = "number"
    STRINGS = "list of string"
    STRINGS_OR_NULLS = "list of string or null"
    TABLE = "table of string"


@dataclass(frozen=True)
class Output:
    """One output."""

    name: str
    type: Type
    description: str
    secret: bool = False
    nullable: bool = False

    @property
    def words(self) -> str:
        """The type in words."""
        return f"{'secret ' if self.secret else ''}{self.type}{' or null' if self.nullable else ''}"


def _output(name: str, row: dict[str, Any]) -> Output:
    return Output(name, **{**row, "type": Type(row["type"])})


OUTPUTS: tuple[Output, ...] = (
    *(_output(name, row) for name, row in tomllib.loads(TABLE.read_text()).items()),
    *(Output(form.output, Type.TABLE, form.description, secret=True) for form in FORMS),
    *(
        Output(f"{READ}{form.output}", Type.TABLE, f"The same as `{form.output}`, for reading.", secret=True)
        for form in FORMS
    ),
)
"""Every output; `pulumi stack output` does not list one that is null, a StackReference reads None."""


def check_names(exported: Collection[str]) -> None:
    """Compare the names of what is about to be exported with the table.

    Raises:
        ValueError: a name is missing or is not in the table.
    """
    expected = {output.name for output in OUTPUTS}
    faults = [f"{name} is missing" for name in sorted(expected - set(exported))]
    faults += [f"{name} is not in stack_outputs/contract.toml" for name in sorted(set(exported) - expected)]
    if faults:
        raise ValueError(f"the outputs are not those of the contract: {', '.join(faults)}")
