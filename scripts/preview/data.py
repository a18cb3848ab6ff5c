"""Data at risk: a server, a volume or a database that is replaced, dropped, or nobody's any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.preview.digest import Op, Step
from scripts.preview.findings import Finding, code, turn

SERVER = "MySqlServer"


def judge(steps: Sequence[Step]) -> list[Finding]:
    """Return what is lost, and what is no longer cared for."""
    return [finding for step in steps for finding in _of(step)]


def _of(step: Step) -> Iterator[Finding]:
    if step.type == "Instance" and step.inside(SERVER):
        yield from _server(step)
    elif step.type == "Volume" and step.op in (Op.REPLACE, Op.DELETE):
        yield Finding(f"Volume {code(step.name)} is {_done(step)}, **and all data on it**{cause(step)}.", grave=True)
    elif step.type == "MySqlDatabase":
        yield from _database(step)


def _server(step: Step) -> Iterator[Finding]:
    if step.op not in (Op.REPLACE, Op.DELETE):
        return
    yield Finding(
        f"The server's instance {code(step.name)} is {_done(step)}, **and its root volume with all databases**"
        f"{cause(step)}.",
        grave=True,
    )
    if step.old.get("disableApiTermination") is True:
        yield Finding("Its termination protection is on: `up` will fail there, before anything of it is lost.")


def _database(step: Step) -> Iterator[Finding]:
    name = code(str((step.new or step.old).get("name", step.name)))
    dropped, drops = step.old.get("drop") is True, step.new.get("drop") is True
    if drops and not dropped:
        yield Finding(f"Database {name} is dropped, **with everything in it**: {turn_of(step, 'drop')}.", grave=True)
    elif step.op is Op.DELETE and not dropped:
        yield Finding(f"Database {name} is taken out: it stays on the server with its data, and nobody manages it.")
    elif dropped and step.op is Op.UPDATE and not drops:
        yield Finding(f"Database {name} is made again, empty: {turn_of(step, 'drop')}.")


def cause(step: Step) -> str:
    """Return which properties make a replacement, in words to append."""
    if step.op is Op.DELETE:
        return ": it is no longer in the program"
    if not step.reasons:
        return ": something that it is made from is replaced, or it was asked for"
    return ": " + ", ".join(turn_of(step, path) for path in step.reasons)


def turn_of(step: Step, path: str) -> str:
    """Return a property's change by name; only the name of user data, and of what the states do not tell apart."""
    old, new = _at(step.old, path), _at(step.new, path)
    if path.lower().startswith("userdata") or old == new:
        return code(path)
    return f"{code(path)} {turn(old, new)}"


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    found: Any = inputs
    for key in path.split("."):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _done(step: Step) -> str:
    return "replaced" if step.op is Op.REPLACE else "deleted"
