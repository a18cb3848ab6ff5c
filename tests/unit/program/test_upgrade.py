"""A stack of an earlier commit comes up with one `up` that replaces no instance and changes no password."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.program.program_run import run_with

FORMER = Path(__file__).with_name("former_resources.txt")
COMMAND = "command:remote:Command"
CREATED = {
    "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive",
    "mysql-pair:index:TerminationProtection",
    "mysql-pair:index:Backups",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "mysql-pair:index:DataVolume",
    "aws:ebs/volume:Volume",
    "aws:ec2/volumeAttachment:VolumeAttachment",
    "mysql-pair:index:Snapshots",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:dlm/lifecyclePolicy:LifecyclePolicy",
}
"""Types of what the upgrade makes besides."""
CREATED_IN = "backups"
"""The component of which all is made."""


def test_what_a_former_stack_has_is_still_called_so() -> None:
    """Type, name and parent are the identity of a resource; remote commands may come and go."""
    users = {"app": {}, "reports": {"grants": [], "roles": ["reader"]}}
    clients = [{"name": "client", "count": 1}, {"name": "batch", "public": False, "zone": 2}]
    made = run_with(
        clients=json.dumps(clients), users=json.dumps(users), roles=json.dumps({"reader": {"grants": []}})
    ).seen.parents
    resources = {(kind, name, parent) for (kind, name), parent in made.items() if parent}
    former = {tuple(line.split(" ")) for line in FORMER.read_text().splitlines() if not line.startswith("#")}
    kept = {row for row in resources if row[0] not in CREATED and row[2] != CREATED_IN}
    kept = {row for row in kept if row[0] != COMMAND or row[1].endswith("-host-key")}
    assert kept == former


def test_a_known_host_is_not_met_anew() -> None:
    """The first contact's triggers are the former ones: another trigger would replace it, and pin whoever answers."""
    commands = run_with().commands
    assert commands["server-host-key"]["triggers"] == ["server-instance-id"]
    assert commands["client-1-host-key"]["triggers"] == ["client-1-instance-id"]
