"""Accounts hold on all servers when `up` ends, and tables have keys."""

from __future__ import annotations

import subprocess
import sys

from tests import PROJECT_ROOT
from tests.group.stack import Group
from tests.lab.pair import LAB, lab_command

USER = "late"
USERS = {name: {"grants": [{"database": "app", "privileges": ["ALL"]}]} for name in ("app", USER)}
ACCOUNT = f"""select plugin, ssl_type, hex(authentication_string), user_attributes
from mysql.user where user = '{USER}'"""  # noqa: S608  our own name


def test_a_new_user_holds_on_all_servers_when_up_ends(group: Group) -> None:
    group.pair.configure({"users": USERS, "primaryUser": "app"})
    group.pair.up()
    members = group.members
    accounts = {members.sql(name, ACCOUNT) for name in group.members_in_order}
    assert len(accounts) == 1 and accounts != {""}
    assert group.login(USER).works(group.pair) and group.login(USER, "read_connection_strings").works(group.pair)


def test_a_rotation_during_which_the_primary_is_lost_ends_well_by_the_next_up(group: Group) -> None:
    former, primary, members = group.login(USER), group.primary, group.members
    group.pair.configure({"passwordGenerations": {USER: 2}})
    command = [sys.executable, "-m", "lab", "up", "--lab", LAB]
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as up:
        assert up.stdout
        assert any("accounts" in line and "updating" in line for line in up.stdout), "or nothing is rotated"
        members.execute(primary, "systemctl", "kill", "--signal", "KILL", "mysql")
        up.communicate()
    print(f"\nthe `up` during which the primary was killed ended with {up.returncode}")
    group.require_whole()
    done = lab_command("up")
    assert done.returncode == 0, done.stdout + done.stderr
    assert group.login(USER) != former and group.login(USER).works(group.pair)
    assert former.works(group.pair), "it is accepted until the rotation is finished"
    assert len({members.sql(name, ACCOUNT) for name in group.members_in_order}) == 1
    assert group.pair.unchanged()


def test_a_table_without_a_primary_key_is_refused(group: Group) -> None:
    code, said = group.login().tried(group.pair, statement="create table app.keyless (n int)")
    assert code != 0 and "primary key" in said
