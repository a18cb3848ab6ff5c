"""Data at risk: a server, a volume, a database or backups that are replaced, dropped, or no longer cared for."""

from collections.abc import Iterator, Sequence

from scripts.preview import backups, servers
from scripts.preview.digest import Op, Step
from scripts.preview.findings import DONE, Finding, cause, change, code, host
from scripts.preview.servers import GOES, SERVER


def assess(steps: Sequence[Step]) -> Iterator[Finding]:
    """Yield what is lost, and what is no longer cared for. A host whose data are on a volume takes none along."""
    several = servers.names(steps)[1:]
    for server in servers.names(steps) if several else ("server",):
        if other := servers.other_volume(steps, server):
            words = "gets the data of another volume, **and the former stays in AWS**"
            which = f"The server {code(server)}" if several else "The server"
            yield Finding(f"{which} {words}: {change(other, 'volumeId')}.", severe=True)
    for step in steps:
        goes = step.op in GOES
        in_server = step.kind == "Instance" and step.is_part_of(SERVER)
        if goes and in_server and not servers.data_volume(steps, step.owner):
            lost = "**and its root volume with all databases is lost**"
            yield Finding(f"{host(step)} is {DONE[step.op]}, {lost}{cause(step)}.", severe=True)
            if step.old.get("disableApiTermination") is True:
                yield Finding("Its termination protection is on: `up` will fail there, before anything of it is lost.")
        elif goes and step.kind == "Volume":
            stays = "but **it stays in AWS, with its data**" if step.retained else "**and its data is lost**"
            if step.op is Op.REPLACE and step.retained:
                stays = "by another one without its data; **the former stays in AWS**"
            yield Finding(
                f"Volume {code(step.name)} is {DONE[step.op]}, {stays}{cause(step)}.{_elsewhere(steps)}", severe=True
            )
        elif step.kind == "MySqlDatabase":
            yield from _database(step)
        else:
            yield from backups.assess(step)


def _elsewhere(steps: Sequence[Step]) -> str:
    """Return, to append, that a server has the same data whose volume stays."""
    stays = [name for name in servers.names(steps) if not servers.volume_goes(steps, name)]
    there = [step.name for step in steps if step.kind == SERVER and step.op is not Op.CREATE and step.name in stays]
    return f" {', '.join(map(code, there))} {'has' if len(there) == 1 else 'have'} the same data." if there else ""


def _database(step: Step) -> Iterator[Finding]:
    name = code(str((step.new or step.old).get("name", step.name)))
    dropped, drops = step.old.get("drop") is True, step.new.get("drop") is True
    if drops and not dropped:
        yield Finding(f"Database {name} is dropped, **with everything in it**: {change(step, 'drop')}.", severe=True)
    elif step.op is Op.DELETE and not dropped:
        yield Finding(f"Database {name} is no longer managed: it stays on the server with its data.")
    elif dropped and step.op is Op.UPDATE and not drops:
        words = f"Database {name} is made again, empty: {change(step, 'drop')}."
        yield Finding(words, verdict="a database is made again")
