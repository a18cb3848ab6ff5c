"""The operator's command line: `python -m scripts VERB --stack S`. A verb is a function in a file of scripts/verbs."""

import sys
from collections.abc import Sequence

import typer

from scripts.stack import OperatorError
from scripts.verbs import (
    backup,
    backups,
    connect,
    diagram,
    drift,
    drill,
    extract,
    finish_rotation,
    force_quorum,
    preview_report,
    rejoin,
    repair,
    rotate,
    ssh,
    start_group,
    status,
    switch_over,
    tunnel,
    upgrade,
    users,
)

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="Work on a stack that is up: log in, rotate passwords, find and repair drift, upgrade MySQL, back up.",
    pretty_exceptions_enable=False,
)
for verb in (
    status.status,
    ssh.ssh,
    connect.connect,
    tunnel.tunnel,
    users.users,
    rotate.rotate,
    finish_rotation.finish_rotation,
    drift.drift,
    repair.repair,
    upgrade.upgrade,
    switch_over.switch_over,
    rejoin.rejoin,
    start_group.start_group,
    force_quorum.force_quorum,
    backup.backup,
    backups.backups,
    drill.drill,
    extract.extract,
    diagram.diagram,
    preview_report.preview_report,
):
    app.command()(verb)
command = typer.main.get_command(app)


def main(arguments: Sequence[str]) -> int:
    """Run a verb and return its exit code; a fault that the operator can fix is a message on standard error."""
    try:
        command(arguments, prog_name="python -m scripts")
    except OperatorError as error:
        print(f"scripts {arguments[0]}: {error}", file=sys.stderr)
        return error.exit_code
    except SystemExit as end:
        return int(end.code or 0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
