"""What each judge says of a change: a row a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from scripts.preview import access, cost, data, downtime, exposure
from scripts.preview.cost import Way, of_types
from scripts.preview.digest import Step
from scripts.preview.findings import Finding
from scripts.preview.secrecy import UNKNOWN
from tests.unit.preview.steps import (
    CLIENT,
    CLIENT_HOST,
    COMMAND,
    GROUP,
    HOST,
    IN,
    INSTANCE,
    OUT,
    OWN,
    preview,
    rule,
    step,
)

SERVER, DATABASE, USER, ROLE = (f"{OWN}MySql{kind}" for kind in ("Server", "Database", "User", "Role"))
SHOP = {"name": "shop", "charset": "utf8mb4", "drop": False}
SMALL = {"instanceType": "t3.small", "privateIp": "10.0.0.10", "rootBlockDevice": {"volumeSize": 16}}
ANN = {
    "key": "ann", "name": "ann", "host": "10.0.0.0/16", "plugin": "caching_sha2_password",
    "grants": {"app.*": "SELECT"},
    "roles": ["reading"], "default_roles": ["reading"], "locked": False, "generation": 1, "finished_generation": 0,
}  # fmt: skip


def moved(before: dict[str, Any], **after: Any) -> dict[str, Any]:
    return {**before, **after}


def user(**after: Any) -> Any:
    return step("update", USER, "user-ann", ANN, moved(ANN, **after))


Judge = Callable[[Sequence[Step]], list[Finding]]
Row = tuple[str, Judge, list[Any], list[str]]

ROWS: list[Row] = [
    ("a server replaced", data.judge,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp="10.0.0.20"),
           replaceReasons=["privateIp"])],
     ["! The server's instance `server-instance` is replaced, **and its root volume with all databases**: "
      "`privateIp` `10.0.0.10` → `10.0.0.20`."]),
    ("a server with three steps of a replacement is replaced once", data.judge,
     [step("create-replacement", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
      step("replace", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
      step("delete-replaced", INSTANCE, "server-instance", SMALL)],
     ["! The server's instance `server-instance` is replaced, **and its root volume with all databases**: "
      "`ami`."]),
    ("a property that only `up` makes known", data.judge,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp=UNKNOWN),
           replaceReasons=["privateIp"])],
     ["! The server's instance `server-instance` is replaced, **and its root volume with all databases**: "
      "`privateIp` `10.0.0.10` → known after `up`."]),
    ("a server replaced by its volume", data.judge,
     [step("replace", INSTANCE, "server-instance", SMALL,
           moved(SMALL, rootBlockDevice={"volumeSize": 16, "encrypted": 1}),
           detailedDiff={"rootBlockDevice.encrypted": {"kind": "add-replace"}, "tags": {"kind": "update"}})],
     ["! The server's instance `server-instance` is replaced, **and its root volume with all databases**: "
      "`rootBlockDevice.encrypted` not set → `1`."]),
    ("a protected server deleted", data.judge,
     [step("delete", INSTANCE, "server-instance", moved(SMALL, disableApiTermination=True))],
     ["! The server's instance `server-instance` is deleted, **and its root volume with all databases**: it is no "
      "longer in the program.",
      "Its termination protection is on: `up` will fail there, before anything of it is lost."]),
    ("user data is not shown", data.judge,
     [step("replace", INSTANCE, "server-instance", moved(SMALL, userData="a"), moved(SMALL, userData="b"),
           replaceReasons=["userData"])],
     ["! The server's instance `server-instance` is replaced, **and its root volume with all databases**: "
      "`userData`."]),
    ("a client replaced is no loss of data", data.judge,
     [step("replace", CLIENT, "client-1-instance", SMALL, SMALL)], []),
    ("a server created or changed in place", data.judge,
     [step("create", INSTANCE, "server-instance", None, SMALL),
      step("update", INSTANCE, "other-instance", SMALL, moved(SMALL, instanceType="t3.large"))], []),
    ("a volume deleted", data.judge,
     [step("delete", "aws:ebs/volume:Volume", "extra", {})],
     ["! Volume `extra` is deleted, **and all data on it**: it is no longer in the program."]),
    ("a database dropped", data.judge,
     [step("update", DATABASE, "database-shop", SHOP, moved(SHOP, drop=True))],
     ["! Database `shop` is dropped, **with everything in it**: `drop` `false` → `true`."]),
    ("a database that comes into the table to be dropped", data.judge,
     [step("create", DATABASE, "database-shop", None, moved(SHOP, drop=True))],
     ["! Database `shop` is dropped, **with everything in it**: `drop` not set → `true`."]),
    ("a database taken out", data.judge,
     [step("delete", DATABASE, "database-shop", SHOP)],
     ["Database `shop` is taken out: it stays on the server with its data, and nobody manages it."]),
    ("a dropped database taken out, and one that stays dropped", data.judge,
     [step("delete", DATABASE, "database-shop", moved(SHOP, drop=True)),
      step("same", DATABASE, "database-old", moved(SHOP, drop=True), moved(SHOP, drop=True))], []),
    ("a database's name cannot break the report", data.judge,
     [step("delete", DATABASE, "database-x", moved(SHOP, name="a`b|c\n# d"))],
     ["Database `a'b¦c\\n# d` is taken out: it stays on the server with its data, and nobody manages it."]),

    ("a rule opened for a group", exposure.judge,
     [step("create", IN, "r", None, rule("sg-0123"))],
     ["! **Opened:** `sg-0123` gains reach to `firewall-server` on tcp 3306."]),
    ("a rule opened for the world", exposure.judge,
     [step("create", IN, "r", None, rule("0.0.0.0/0", 22)), step("create", IN, "s", None, rule("::/0", 22))],
     ["! **Opened:** **the whole internet** `0.0.0.0/0` gains reach to `firewall-server` on tcp 22.",
      "! **Opened:** **the whole internet** `::/0` gains reach to `firewall-server` on tcp 22."]),
    ("a rule closed", exposure.judge,
     [step("delete", IN, "r", rule("firewall-client"))],
     ["Closed: `firewall-client` loses reach to `firewall-server` on tcp 3306."]),
    ("a rule changed", exposure.judge,
     [step("update", IN, "r", rule("10.0.0.0/8"), rule("10.0.0.0/8", toPort=3310))],
     ["! **Opened:** `10.0.0.0/8` gains reach to `firewall-server` on tcp 3306-3310.",
      "Closed: `10.0.0.0/8` loses reach to `firewall-server` on tcp 3306."]),
    ("a rule of another name is the same reach", exposure.judge,
     [step("delete", IN, "r", rule("firewall-client")), step("create", IN, "s", None, rule("firewall-client"))], []),
    ("a rule for everything", exposure.judge,
     [step("create", IN, "r", None, rule("10.0.0.0/8", ipProtocol="-1"))],
     ["! **Opened:** `10.0.0.0/8` gains reach to `firewall-server` on all ports."]),
    ("a way out", exposure.judge,
     [step("create", OUT, "r", None, rule("0.0.0.0/0", 443))],
     ["Way out opened: `firewall-server` to **the whole internet** `0.0.0.0/0` on tcp 443."]),
    ("a group's own rules", exposure.judge,
     [step("update", GROUP, "firewall-server", {"ingress": []}, {"ingress": [{"fromPort": 1}]})],
     ["! **Changed:** `firewall-server` has rules of its own that are other ones."]),
    ("a server made public", exposure.judge,
     [step("create", f"{HOST}eip:Eip", "server-address", None, {"domain": "vpc"})],
     ["! **The server `server` is made public:** it gets a public address."]),
    ("a client's public address", exposure.judge,
     [step("create", f"{CLIENT_HOST}eip:Eip", "client-2-address", None, {}),
      step("delete", f"{CLIENT_HOST}eip:Eip", "client-1-address", {})],
     ["Host `client-1` loses its public address.", "Host `client-2` gets a public address."]),
    ("a client more reaches what its group reaches", exposure.judge,
     [step("same", IN, "r", rule("firewall-client"), rule("firewall-client")),
      step("create", CLIENT, "client-2-instance", None, {"groups": {"vpcSecurityGroupIds": ["firewall-client"]}})],
     ["Host `client-2` joins `firewall-client`, which reaches `firewall-server` on tcp 3306."]),

    ("a user made", access.judge,
     [step("create", USER, "user-ann", None, ANN)],
     ["User `ann` is made, with privileges on `app.*` and role `reading`."]),
    ("a user dropped", access.judge,
     [step("delete", USER, "user-ann", ANN)],
     ["! User `ann` is **dropped**: its logins are refused from then on."]),
    ("a user renamed", access.judge, [user(name="bea")],
     ["! User `ann` is renamed: it keeps its password, **logins under the former name are refused**."]),
    ("another host part", access.judge, [user(host="%")],
     ["! User `ann` has **another host part**: logins from elsewhere are refused."]),
    ("grants", access.judge, [user(grants={"app.*": "ALL", "shop.*": "SELECT"})],
     ["User `ann` has **more** privileges on `app.*`.", "User `ann` has **more** privileges on `shop.*`."]),
    ("fewer grants", access.judge, [user(grants={})], ["User `ann` has fewer privileges on `app.*`."]),
    ("other grants", access.judge, [user(grants={"app.*": "INSERT"})],
     ["User `ann` has **other** privileges on `app.*`."]),
    ("the right to grant", access.judge, [user(grants={"app.*": "SELECT WITH GRANT OPTION"})],
     ["User `ann` has **more** privileges on `app.*`."]),
    ("roles", access.judge, [user(roles=["writing"], default_roles=["writing"])],
     ["User `ann` is **granted** role `writing`.", "User `ann` loses role `reading`."]),
    ("default roles", access.judge, [user(default_roles=[])],
     ["User `ann` has other roles active from the login on."]),
    ("a lock", access.judge, [user(locked=True)], ["! User `ann` is **locked**: its logins are refused."]),
    ("a plugin and a lifetime", access.judge, [user(plugin="sha256_password", password_lifetime_days=9)],
     ["User `ann` proves who it is by another authentication plugin.", "User `ann` has another password lifetime."]),
    ("a rotation", access.judge, [user(generation=2)],
     ["User `ann` begins a rotation: a new password, and the old one is accepted until that is finished."]),
    ("a finish", access.judge, [user(finished_generation=1)],
     ["! User `ann` finishes its rotation: **the old password is accepted no more**."]),
    ("a password that the engine masks", access.judge,
     [step("update", USER, "user-ann", moved(ANN, password="[secret]"), moved(ANN, password="[secret]"))],
     ["! User `ann` has another password: **the one before is refused at once**."]),
    ("a masked password beside another change", access.judge,
     [step("update", USER, "user-ann", moved(ANN, password="[secret]"), moved(ANN, password="[secret]", comment="x"))],
     ["User `ann` has a password from config: whether that changes too, a preview does not show."]),
    ("a password of one's own", access.judge, [user(password="[secret]")],
     ["! User `ann` has a password from config from now on: **the one before is refused at once**."]),
    ("a role", access.judge,
     [step("update", ROLE, "role-reading", {"name": "reading", "grants": {"a.*": "SELECT, INSERT"}},
           {"name": "readers", "grants": {"a.*": "SELECT"}})],
     ["Role `reading` gets another name: it is made anew under that, and the former one is dropped.",
      "Role `reading` has fewer privileges on `a.*`."]),
    ("the operators' key", access.judge,
     [step("replace", "aws:ec2/keyPair:KeyPair", "operators", {"publicKey": "a"}, {"publicKey": "b"})],
     ["The operators' ssh key is another one."]),

    ("settings", downtime.judge,
     [step("update", SERVER, "server", {"settings": {"back_log": 9, "port": 3306}},
           {"settings": {"max_connections": 200, "password_history": 3, "port": 3306}})],
     ["**One restart of mysqld at most**, none if MySQL can change this live: `back_log` `9` → not set, "
      "`max_connections` not set → `200`, `password_history` not set → a secret."]),
    ("packages of the server", downtime.judge,
     [step("update", SERVER, "server", {"packages": []}, {"packages": ["jq"]})], []),
    ("an instance type, before the settings that follow from it", downtime.judge,
     [step("update", SERVER, "server", {"settings": {}}, {"settings": {"back_log": 1}}),
      step("update", INSTANCE, "server-instance", SMALL, moved(SMALL, instanceType="t3.large"))],
     ["! The server `server` is **stopped and started**: `instanceType` `t3.small` → `t3.large`.",
      "**One restart of mysqld at most**, none if MySQL can change this live: `back_log` not set → `1`."]),
    ("a server replaced is away", downtime.judge,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp="10.0.0.20"))],
     ["! The server `server` is **away until its successor is set up**, minutes later.",
      "! MySQL's address changes, and with it every connection string."]),
    ("clients", downtime.judge,
     [step("replace", CLIENT, "client-1-instance", SMALL, SMALL), step("delete", CLIENT, "client-2-instance", SMALL)],
     ["! Host `client-1` is **away until its successor is set up**, minutes later.",
      "! Host `client-2` is deleted, with whatever is on it."]),
    ("the way out", downtime.judge,
     [step("delete", "aws:ec2/natGateway:NatGateway", "network-nat", {})],
     ["`network-nat` is deleted: hosts may lose their way out."]),
    ("a volume is grown live", downtime.judge,
     [step("update", INSTANCE, "server-instance", SMALL, moved(SMALL, rootBlockDevice={"volumeSize": 32}))], []),

    ("what costs by the hour", cost.judge,
     [step("create", "aws:ec2/natGateway:NatGateway", "nat", None, {}), step("delete", f"{HOST}eip:Eip", "ip", {}),
      step("create", CLIENT, "client-2-instance", None, SMALL)],
     ["Up: one more host, `client-2-instance`.", "Down: one Elastic IP less, `ip`.",
      "Up: one more NAT gateway, `nat`."]),
    ("type and volume", cost.judge,
     [step("update", INSTANCE, "i", SMALL,
           {"instanceType": "m7g.large", "rootBlockDevice": {"volumeSize": 8, "volumeType": "io2"}})],
     ["Unclear: `i`, `instanceType` `t3.small` → `m7g.large`.",
      "Down: volume of `i`, `rootBlockDevice.volumeSize` `16` → `8`.",
      "Unclear: volume of `i`, `rootBlockDevice.volumeType` not set → `io2`."]),
    ("what costs nothing", cost.judge, [step("create", COMMAND, "c", None, {"stdin": "x"})], []),
]  # fmt: skip


@pytest.mark.parametrize(("judge", "steps", "said"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_change_is_told(judge: Judge, steps: list[Any], said: list[str]) -> None:
    """What is grave, which `--fail-on` counts, has a ! before it."""
    found = judge(preview(*steps).steps)
    assert [("! " if finding.grave else "") + finding.words for finding in found] == said


@pytest.mark.parametrize(
    ("old", "new", "way"),
    [
        ("t3.small", "t3.large", Way.UP),
        ("t3.large", "t3.nano", Way.DOWN),
        ("m7g.xlarge", "m7g.2xlarge", Way.UP),
        ("m7g.16xlarge", "m7g.8xlarge", Way.DOWN),
        ("t3.small", "t4g.small", Way.UNCLEAR),
        ("m7g.16xlarge", "m7g.metal", Way.UNCLEAR),
        ("t3.small", "[secret]", Way.UNCLEAR),
    ],
)
def test_a_type_is_dearer_or_cheaper_within_its_family_alone(old: str, new: str, way: Way) -> None:
    assert of_types(old, new) is way
