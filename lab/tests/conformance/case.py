"""The form of a row: what a program asks of the provider, step by step, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Secret:
    """A value the program marks as secret."""

    value: Any


@dataclass(frozen=True)
class Step:
    """One `pulumi up`. What is None is not looked at.

    Strings like @PORT@ in inputs and expectations stand for values of the test's own host: see world.py.
    """

    inputs: dict[str, Any] | None
    """The resource's properties; None takes it out of the program."""
    ops: list[str] | None = None
    """The engine's operations on it, in order."""
    stdout: str | None = None
    stderr: str | None = None
    error: list[str] | None = None
    """What the errors shown must contain; the step is expected to fail if it is given."""
    not_error: list[str] | None = None
    status: list[str] | None = None
    """The lines shown while it runs."""
    warning: list[str] | None = None
    """What the warnings shown must contain."""
    outputs: dict[str, Any] | None = None
    """Properties in the state after it, secrets revealed; a None means that it must not be there."""
    secret: dict[str, bool] | None = None
    """Whether the property is a secret in the state."""
    preview: dict[str, Any] | None = None
    """Properties a preview shows; UNKNOWN is one not known yet."""
    diff: dict[str, str] | None = None
    """The changes the engine shows: property path to add, update, delete, or one of these with -replace."""
    files: dict[str, str | None] | None = None
    """Contents of files in the case's own folder, @DIR@, afterwards; None means that there is none."""
    dials: dict[str, int] | None = None
    """How many connections one of the test's own ports has seen."""


@dataclass(frozen=True)
class Case:
    """One resource over one or more steps."""

    name: str
    source: str
    """Where the expectation is written: FILE:LINE @v1.2.1, under provider/pkg/provider unless it says otherwise."""
    steps: list[Step]
    kind: str = "command:remote:Command"
    secret_outputs: list[str] = field(default_factory=list)
    """The program's additional_secret_outputs."""
    parent: bool = False
    """Whether it is the child of a component resource."""
    timeout: str | None = None
    """The program's custom timeout for create, for example 1s."""


UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine's events show a value that is not known yet."""
