"""Data at risk: a server, a volume or a database that is replaced, dropped, or no longer managed."""

from collections.abc import Iterable, Iterator

from scripts.preview.digest import Op, Step
from scripts.preview.findings import DONE, SERVER, Finding, change, code, host


def assess(steps: Iterable[Step]) -> Iterator[Finding]:
    """Yield what is lost, and what is no longer cared for."""
    for step in steps:
        goes = step.op in (Op.REPLACE, Op.DELETE)
        if goes and step.kind == "Instance" and step.is_part_of(SERVER):
            lost = "**and its root volume with all databases is lost**"
            yield Finding(f"{host(step)} is {DONE[step.op]}, {lost}{_cause(step)}.", severe=True)
            if step.old.get("disableApiTermination") is True:
                yield Finding("Its termination protection is on: `up` will fail there, before anything of it is lost.")
        elif goes and step.kind == "Volume":
            lost = "**and its data is lost**"
            yield Finding(f"Volume {code(step.name)} is {DONE[step.op]}, {lost}{_cause(step)}.", severe=True)
        elif step.kind == "MySqlDatabase":
            yield from _database(step)


def _database(step: Step) -> Iterator[Finding]:
    name = code(str((step.new or step.old).get("name", step.name)))
    dropped, drops = step.old.get("drop") is True, step.new.get("drop") is True
    if drops and not dropped:
        yield Finding(f"Database {name} is dropped, **with everything in it**: {change(step, 'drop')}.", severe=True)
    elif step.op is Op.DELETE and not dropped:
        yield Finding(f"Database {name} is no longer managed: it stays on the server with its data.")
    elif dropped and step.op is Op.UPDATE and not drops:
        yield Finding(f"Database {name} is made again, empty: {change(step, 'drop')}.")


def _cause(step: Step) -> str:
    """Return which properties make a replacement, in words to append."""
    if step.op is Op.DELETE:
        return ": it is no longer in the program"
    reasons = ", ".join(change(step, path) for path in step.reasons)
    return f": {reasons or 'what it depends on is replaced, or its replacement was asked for'}"
