"""`drift` tells each thing that somebody changes behind the stack's back by its name, and `repair` puts it right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import pytest

from lab.cloud.ec2 import Ec2
from lab.cloud.model import Eip, EipAssociation, Instance, InstanceProfile, Role, SecurityGroup, SecurityGroupRule
from scripts.host.constants import AGENT_DIR
from tests.lab.behind_its_back import cloud, remove_rule
from tests.lab.pair import Pair, drift, on, verb

OPTION_FILE = "/etc/mysql/mysql.conf.d/zz-mysql-pair.cnf"
KEYS = "/home/ubuntu/.ssh/authorized_keys"
PAIR = "/var/lib/mysql/server-key.pem"
GRANTS = [{"database": "app", "privileges": ["ALL"]}]
CONFIG: dict[str, object] = {
    "mysqlSettings": {"max_connections": 123},
    "databases": {"app": {}, "shop": {}, "words": {"charset": "utf8mb4", "collation": "utf8mb4_0900_ai_ci"}},
    "users": {
        "app": {"grants": GRANTS},
        "more": {"grants": [{"database": "shop", "privileges": ["SELECT"]}]},
        "less": {"grants": [{"database": "shop", "privileges": ["SELECT", "INSERT"]}]},
        "gone": {"grants": GRANTS},
    },
    "primaryUser": "app",
}


def account(pair: Pair, name: str) -> str:
    """Return an account as SQL."""
    host = pair.sql(f"select host from mysql.user where user = '{name}'")  # noqa: S608
    return f"'{name}'@'{host}'"


def add_rule(pair: Pair, direction: Literal["ingress", "egress"], port: int) -> None:
    """Open a port of the server's group to the world."""
    ec2 = cloud(pair)
    group = next(group for group in ec2.store.all(SecurityGroup) if group.description == "MySQL server")
    ec2.create(SecurityGroupRule("", group.id, direction, "tcp", port, port, "0.0.0.0/0"), "sgr")


def change_instance(pair: Pair, change: Callable[[Ec2, Instance], Instance], host: str = "server") -> None:
    """Change an instance of the stack's."""
    ec2, outputs = cloud(pair), pair.outputs()
    ids = {"server": outputs["server_instance_id"], "client-1": outputs["client_instance_ids"][0]}
    ec2.modify(change(ec2, ec2.store.get(Instance, ids[host])))


def in_the_default_group(ec2: Ec2, instance: Instance) -> Instance:
    """Return an instance that is in the VPC's default group too."""
    vpc = ec2.store.get(SecurityGroup, instance.security_group_ids[0]).vpc_id
    return replace(instance, security_group_ids=(*instance.security_group_ids, ec2.default_group(vpc)))


def with_profile(name: str) -> Callable[[Ec2, Instance], Instance]:
    """Return what gives an instance that instance profile."""
    return lambda _, instance: replace(instance, options={**instance.options, "iamInstanceProfile": name})


NEW_CERTIFICATE = f"""
cd $(mktemp -d)
openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN=own -keyout key -out cert 2>/dev/null
cat key cert >{PAIR}
mysql -e 'alter instance reload tls'
"""
NEW_KEY = f"ssh-keygen -q -t ed25519 -N '' -f $(mktemp -d)/key; cat /tmp/tmp.*/key.pub >>{KEYS}; rm -r /tmp/tmp.*"


@dataclass(frozen=True)
class Change:
    """Something that somebody does, and the drift that follows: where, kind, name, what."""

    name: str
    make: Callable[[Pair], None]
    found: tuple[str, str, str, str]


CHANGES = [
    Change("a setting, live", lambda pair: void(pair.sql("set global max_connections = 77")),
           ("server", "setting", "max_connections", "value")),
    Change("a setting, persisted", lambda pair: void(pair.sql("set persist_only require_secure_transport = off")),
           ("server", "setting", "require_secure_transport", "SET PERSIST")),
    Change("the option file", lambda pair: on(pair, "server", f"echo 'wait_timeout = 7' >>{OPTION_FILE}"),
           ("server", "file", OPTION_FILE, "content")),
    Change("a file", lambda pair: on(pair, "client-1", "rm /etc/mysql/conf.d/mysql-pair.cnf"),
           ("client-1", "file", "/etc/mysql/conf.d/mysql-pair.cnf", "file")),
    Change("a file's mode", lambda pair: on(pair, "server", "chmod 600 /etc/apt/apt.conf.d/80-mysql-pair"),
           ("server", "file", "/etc/apt/apt.conf.d/80-mysql-pair", "permissions")),
    Change("the host agent", lambda pair: on(pair, "client-1", f"echo '#' >>{AGENT_DIR}/current/__main__.py"),
           ("client-1", "file", "__main__.py", "content")),
    Change("a package", lambda pair: on(pair, "client-1", "dpkg --force-depends --purge mysql-client >/dev/null"),
           ("client-1", "package", "mysql-client", "package")),
    Change("an ssh key", lambda pair: on(pair, "client-1", NEW_KEY), ("client-1", "ssh key", KEYS, "keys")),
    Change("the certificate", lambda pair: on(pair, "server", NEW_CERTIFICATE),
           ("server", "certificate", PAIR, "certificate")),
    Change("the timer", lambda pair: on(pair, "server", "systemctl disable --now mysql-pair-certificate.timer"),
           ("server", "unit", "mysql-pair-certificate.timer", "now")),
    Change("a database dropped", lambda pair: void(pair.sql("drop database shop")),
           ("server", "database", "shop", "")),
    Change("a database altered", lambda pair: void(pair.sql("alter database words collate utf8mb4_bin")),
           ("server", "database", "words", "")),
    Change("a grant added", lambda pair: void(pair.sql(f"grant delete on shop.* to {account(pair, 'more')}")),
           ("server", "user", "more", "")),
    Change("a grant removed", lambda pair: void(pair.sql(f"revoke insert on shop.* from {account(pair, 'less')}")),
           ("server", "user", "less", "")),
    Change("a certificate asked of a user",
           lambda pair: void(pair.sql(f"alter user {account(pair, 'app')} require x509")),
           ("server", "user", "app", "require")),
    Change("a user's connections limited",
           lambda pair: void(pair.sql(f"alter user {account(pair, 'more')} with max_user_connections 5")),
           ("server", "user", "more", "max user connections")),
    Change("a password expired", lambda pair: void(pair.sql(f"alter user {account(pair, 'less')} password expire")),
           ("server", "user", "less", "password expired")),
    Change("a user dropped", lambda pair: void(pair.sql(f"drop user {account(pair, 'gone')}")),
           ("server", "user", "gone", "")),
    Change("a security group's rule", lambda pair: remove_rule(pair, "MySQL from the clients"),
           ("cloud", "SecurityGroupIngressRule", "firewall-server-mysql-from-client", "resource")),
    Change("MySQL opened to the world", lambda pair: add_rule(pair, "ingress", 3306),
           ("cloud", "SecurityGroup", "firewall-server", "ingress rule")),
    Change("a way out opened", lambda pair: add_rule(pair, "egress", 25),
           ("cloud", "SecurityGroup", "firewall-server", "egress rule")),
    Change("a security group put on a host", lambda pair: change_instance(pair, in_the_default_group),
           ("cloud", "Instance", "server-instance", "vpcSecurityGroupIds")),
    Change("a tag",
           lambda pair: change_instance(pair, lambda _, old: replace(old, tags={**old.tags, "By": "hand"}), "client-1"),
           ("cloud", "Instance", "client-1-instance", "tags.By")),
]  # fmt: skip


def void(_: object) -> None:
    """Return nothing."""


@dataclass(frozen=True)
class Story:
    """A stack as it was up, after the changes, and after the repair."""

    pair: Pair
    before: tuple[int, list[dict[str, str]], list[str]]
    changed: tuple[int, list[dict[str, str]], list[str]]
    repair: subprocess.CompletedProcess[str]
    hosts: list[str]
    """The instances, before and after."""


@pytest.fixture(scope="module")
def story(pair: Pair) -> Iterator[Story]:
    """Every change is made, all are repaired at once."""
    with pair.configured(**CONFIG):
        pair.up()
        pair.sql("create table app.kept (id int); insert into app.kept values (42)")
        before, instances = drift(), [*pair.outputs()["client_instance_ids"], pair.outputs()["server_instance_id"]]
        for change in CHANGES:
            change.make(pair)
        changed, repair = drift(), verb("repair", "--yes")
        yield Story(pair, before, changed, repair, instances)
        pair.sql("drop table app.kept")
    pair.sql("drop database if exists shop; drop database if exists words")


def test_a_stack_as_it_was_brought_up_has_no_drift(story: Story) -> None:
    assert story.before == (0, [], [])


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name)
def test_a_change_is_told_by_its_name(story: Story, change: Change) -> None:
    code, differences, unknown = story.changed
    assert (code, unknown) == (2, [])
    where, kind, name, what = change.found
    assert [
        row
        for row in differences
        if (row["where"], row["kind"]) == (where, kind) and row["name"].endswith(name) and what in ("", row["what"])
    ], differences


def test_nothing_else_is_told(story: Story) -> None:
    names = {change.found[2] for change in CHANGES}
    rows = story.changed[1]
    assert [row for row in rows if not row["name"].endswith(tuple(names))] == []


def test_no_secret_is_told(story: Story) -> None:
    outputs = story.pair.outputs()
    shown = json.dumps(story.changed) + story.repair.stdout + story.repair.stderr
    for url in outputs["connection_strings"].values():
        assert url.split(":")[2].partition("@")[0] not in shown


def test_repair_puts_everything_right_and_rebuilds_nothing(story: Story) -> None:
    assert story.repair.returncode == 0, story.repair.stdout + story.repair.stderr
    assert "no drift detected" in story.repair.stdout
    assert "client-1-logins replaced" in story.repair.stdout, "the logins were tried"
    outputs = story.pair.outputs()
    assert [*outputs["client_instance_ids"], outputs["server_instance_id"]] == story.hosts
    assert story.pair.sql("select id from app.kept") == "42"
    assert story.pair.unchanged()


def test_rules_added_by_hand_are_told_in_words_and_revoked(story: Story) -> None:
    found = [row["found"].partition(" (")[0] for row in story.changed[1] if row["name"] == "firewall-server"]
    assert found == ["tcp 3306 from 0.0.0.0/0", "tcp 25 to 0.0.0.0/0"]
    rules = cloud(story.pair).store.all(SecurityGroupRule)
    assert {(rule.from_port, rule.cidr_ipv4) for rule in rules} & {(3306, "0.0.0.0/0"), (25, "0.0.0.0/0")} == set()


def test_an_address_and_a_profile_put_on_the_server_by_hand_are_told(story: Story) -> None:
    """No resource of the stack's can take the address away: that is done where it was put on."""
    pair, ec2 = story.pair, cloud(story.pair)
    address = ec2.create(Eip("", ""), "eipalloc")
    attached = ec2.create(EipAssociation("", address.id, pair.outputs()["server_instance_id"]), "eipassoc")
    own = str(ec2.store.get(Instance, pair.outputs()["server_instance_id"]).options["iamInstanceProfile"])
    admin = Role("admin", '{"Version": "2012-10-17", "Statement": []}'), InstanceProfile("admin", "admin")
    for record in admin:
        ec2.store.put(record)
    try:
        change_instance(pair, with_profile("admin"))
        code, differences, unknown = drift()
    finally:
        ec2.delete(EipAssociation, attached.id)
        ec2.delete(Eip, address.id)
        change_instance(pair, with_profile(own))
        for record in admin:
            ec2.store.delete(record)
    assert (code, unknown) == (2, [])
    assert {(row["name"], row["what"], row["found"]) for row in differences} == {
        ("server-instance", "publicIp", address.public_ip),
        ("server-instance", "iamInstanceProfile", "admin"),
    }


def test_what_is_not_in_the_cloud_is_not_reached_and_said_beside_the_rest(story: Story) -> None:
    pair = story.pair
    remove_rule(pair, "ssh from the jump host")
    code, differences, unknown = drift()
    assert code == 1
    assert [row["name"] for row in differences] == ["firewall-server-ssh-from-jump"]
    assert unknown and all("server cannot be reached by ssh" in words for words in unknown)
    assert verb("repair", "--yes").returncode == 0


def test_a_server_that_is_down_and_an_agent_that_is_gone_are_told_and_put_right(story: Story) -> None:
    on(story.pair, "server", "systemctl stop mysql")
    on(story.pair, "client-1", f"rm -r {AGENT_DIR}")
    code, differences, unknown = drift()
    assert code == 1
    assert [(row["kind"], row["name"]) for row in differences] == [("service", "mysql")]
    agent, accounts = sorted(unknown)
    assert f"client-1: the host agent in {AGENT_DIR} is missing" in agent and "MySQL does not answer" in accounts
    repaired = verb("repair", "--yes")
    assert repaired.returncode == 0 and "no drift detected" in repaired.stdout, repaired.stdout + repaired.stderr
