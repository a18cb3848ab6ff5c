"""What happens to backups: turned off, kept for less long, or with a bucket or a key that goes."""

from collections.abc import Iterator

from scripts.preview.digest import Op, Step
from scripts.preview.findings import DONE, Finding, cause, code

DAYS = "retentionDays"
OF_BACKUPS = "Backups"
LOST = "backups are lost"


def assess(step: Step) -> Iterator[Finding]:
    """Yield what of the backups is lost, or will not be there when it is needed; severe, but for what never was."""
    if step.kind == OF_BACKUPS:
        yield from _of_component(step)
    elif not step.is_part_of(OF_BACKUPS) or step.op not in (Op.REPLACE, Op.DELETE):
        return
    elif step.kind == "Bucket":
        lost, verdict = "**with all backups in it**", LOST
        if step.retained:
            lost, verdict = "but **it stays in AWS, with the backups in it**", "the bucket of backups is left behind"
        words = f"The bucket of backups {code(step.name)} is {DONE[step.op]}, {lost}{cause(step)}."
        yield Finding(words, severe=True, verdict=verdict)
    elif step.kind == "Command" and step.type.startswith("command:local"):
        lost = "**backups that were made with it cannot be read without a copy of it** (output `backup_key`)"
        words = f"The key of the backups is {DONE[step.op]}: {lost}{cause(step)}."
        yield Finding(words, severe=True, verdict="the key of the backups goes")


def _of_component(step: Step) -> Iterator[Finding]:
    before, after = (_days(inputs) for inputs in (step.old, step.new))
    if step.op is Op.DELETE or (before and after == 0):
        words = "**Backups are turned off**: nothing is sent to the bucket any more."
        yield Finding(words, severe=True, verdict="backups are turned off")
    elif after == 0 and step.op is Op.CREATE:
        yield Finding("There are no backups: `backupDays` is 0.", verdict="no backups")
    elif before and after and after < before:
        words = f"Backups are kept for {after} days instead of {before}: **older ones are deleted within a day**."
        yield Finding(words, severe=True, verdict=LOST)
    if step.op is Op.UPDATE and step.changed == ["key"]:
        words = "Backups are made with another key: those before can be read with the former key alone."
        yield Finding(words, verdict="another key of the backups")


def _days(inputs: object) -> int | None:
    value = inputs.get(DAYS) if isinstance(inputs, dict) else None
    return int(value) if isinstance(value, int | float) else None
