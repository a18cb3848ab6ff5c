"""`drift`: compare what is live with the stack's state, and change nothing."""

import json
from dataclasses import asdict

import typer

from scripts.drift import faults_are_unknown, find_drift
from scripts.stack import Stack
from scripts.verbs import DEFAULT_STACK, Json, StackName


@faults_are_unknown()
def drift(stack: StackName = DEFAULT_STACK, as_json: Json = False) -> None:
    """Find what was changed behind the stack's back: 0 no drift, 2 drift, 1 could not tell.

    Compares hosts (packages, files, ssh keys), MySQL (settings, certificate, databases, roles, users), backups (how old
    the last base, log and drill are) and the cloud's resources with the stack's state. Nothing is changed. Config that
    no `pulumi up` has applied yet is no drift.

    Exit code: 0 no drift, 2 drift, 1 something could not be told; the rest is shown all the same.
    """
    report = find_drift(Stack(stack))
    print(json.dumps(asdict(report), indent=2) if as_json else report.as_text())
    raise typer.Exit(report.exit_code)
