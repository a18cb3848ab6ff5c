"""What each section says of a change: a row a change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from policy.rules.buckets import BLOCKS
from scripts.preview import access, cost, data_at_risk, downtime, exposure
from scripts.preview.cost import Way, of_types
from scripts.preview.digest import Step
from scripts.preview.findings import Finding
from scripts.redaction import UNKNOWN
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

LIST, ENTRY = (f"aws:ec2/managedPrefixList{kind}:ManagedPrefixList{kind}" for kind in ("", "Entry"))
OLD = "aws:ec2/securityGroupRule:SecurityGroupRule"


def grant(*privileges: str, grant_option: bool = False) -> dict[str, Any]:
    """Return a grant as components show it, but for its target, which the report takes from the label."""
    return {"privileges": list(privileges), "grant_option": grant_option}


SERVER, DATABASE, USER, ROLE = (f"{OWN}MySql{kind}" for kind in ("Server", "Database", "User", "Role"))
BACKUPS = f"{OWN}Backups"
BUCKET = f"{BACKUPS}${OWN}BackupBucket$aws:s3/bucket:Bucket"
BLOCK = f"{BACKUPS}${OWN}BackupBucket$aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BLOCKED: dict[str, Any] = dict.fromkeys(BLOCKS, True)
SHOP = {"name": "shop", "charset": "utf8mb4", "drop": False}
SMALL = {"instanceType": "t3.small", "privateIp": "10.0.0.10", "rootBlockDevice": {"volumeSize": 16}}
ANN = {
    "key": "ann", "name": "ann", "host": "10.0.0.0/16", "plugin": "caching_sha2_password",
    "grants": {"app.*": grant("SELECT")},
    "roles": ["reading"], "default_roles": ["reading"], "locked": False, "generation": 1, "finished_generation": 0,
    "require": {"mode": "NONE"},
}  # fmt: skip
FORMER = {**{key: value for key, value in ANN.items() if key != "require"}, "grants": {"app.*": "SELECT"}}
"""The user as the program left it that knew neither `require` nor the attributes that came with it."""
PRESENT = {
    **ANN, "adopt": False, "require": {"mode": "NONE", "subject": None}, "max_user_connections": 0.0,
    "failed_login_attempts": 0, "password_lock_time_days": 0, "password_history": None,
}  # fmt: skip
"""The same user as the program shows it now, in full."""


def moved(before: dict[str, Any], **after: Any) -> dict[str, Any]:
    return {**before, **after}


def inline(*cidrs: str, **more: Any) -> dict[str, Any]:
    """Return an inline rule for ssh; an old rule's form is the same."""
    return {"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": list(cidrs), **more}


def by_list() -> dict[str, Any]:
    """Return an ingress rule for ssh from the prefix list `offices`."""
    return {**rule(None, 22, prefixListId="pl-1"), "lists": {"prefixListId": ["offices"]}}


def user(**after: Any) -> Any:
    return step("update", USER, "user-ann", ANN, moved(ANN, **after))


VOLUME = f"{OWN}DataVolume$aws:ebs/volume:Volume"
ATTACHMENT = f"{OWN}DataVolume$aws:ec2/volumeAttachment:VolumeAttachment"
CONVERGE = f"{OWN}MySqlServer$command:remote:Command"
ON_ROOT = {"triggers": [{"verb": "converge"}]}
ON_VOLUME = {"triggers": [{"verb": "converge"}, {"data_volume": "vol-1"}]}
REPLACED_ON_VOLUME = [
    step("replace", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
    step("replace", ATTACHMENT, "server-data-attached", {"instanceId": "i-1"}, {"instanceId": "i-2"}),
    step("replace", CONVERGE, "server-converged", ON_VOLUME, ON_VOLUME),
]


def kept(made: dict[str, Any]) -> dict[str, Any]:
    """Return a step of a resource that Pulumi leaves there."""
    made["oldState"]["retainOnDelete"] = True
    return made


def of_group(*changed: Any, op: str = "same") -> list[Any]:
    """Return steps of a group of three, whose data are on volumes of their own."""
    same = []
    for number, name in enumerate(("server", "server-2", "server-3"), 1):
        on = {"triggers": [{"host": name, "verb": "converge"}, {"data_volume": f"vol-{number}"}]}
        first = "same" if name == "server" else op
        states: list[dict[str, Any] | None] = [None if first == gone else {} for gone in ("create", "delete")]
        same += [step(first, SERVER, name, *states)]
        same += [step("same", CONVERGE, f"{name}-converged", on, on)] if first == "same" else []
    return [*same, *changed]


def replaced_host(name: str) -> Any:
    return step(
        "replace", INSTANCE, f"{name}-instance", SMALL, moved(SMALL, privateIp="10.9.9.9"), replaceReasons=["ami"]
    )


IN_TURN = (
    "**The servers are changed one after another, and the group takes reads and writes meanwhile.** Before a primary "
    "stops, another server takes its role: connections for writing are made anew then."
)
BY_PROXY = (
    "Unless `clientProxy` is set, MySQL's address changes, and with it every connection string: clients reach a group "
    "by their own proxy, and one server by its own address."
)
SNAPSHOT = f"{OWN}DataVolume$aws:ebs/snapshot:Snapshot"
OLD_ONE, NEW_ONE = "MySQL 8.0 (Ubuntu 24.04)", "MySQL 8.4 (Ubuntu 26.04)"
KEPT = (
    "! The server `server`'s **host is replaced, its data are kept** on `vol-1`; MySQL is down for about 120 "
    "seconds: `ami`."
)
CHECKED = "`python -m scripts upgrade --release` tells beforehand what would not go well."

Assess = Callable[[Sequence[Step]], Iterable[Finding]]
Row = tuple[str, Assess, list[Any], list[str]]

ROWS: list[Row] = [
    ("a server replaced", data_at_risk.assess,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp="10.0.0.20"),
           replaceReasons=["privateIp"])],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: "
      "`privateIp` `10.0.0.10` → `10.0.0.20`."]),
    ("a server with three steps of a replacement is replaced once", data_at_risk.assess,
     [step("create-replacement", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
      step("replace", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
      step("delete-replaced", INSTANCE, "server-instance", SMALL)],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: "
      "`ami`."]),
    ("a property that only `up` makes known", data_at_risk.assess,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp=UNKNOWN),
           replaceReasons=["privateIp"])],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: "
      "`privateIp` `10.0.0.10` → known after `up`."]),
    ("a server replaced by its volume", data_at_risk.assess,
     [step("replace", INSTANCE, "server-instance", SMALL,
           moved(SMALL, rootBlockDevice={"volumeSize": 16, "encrypted": 1}),
           detailedDiff={"rootBlockDevice.encrypted": {"kind": "add-replace"}, "tags": {"kind": "update"}})],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: "
      "`rootBlockDevice.encrypted` not set → `1`."]),
    ("a protected server deleted", data_at_risk.assess,
     [step("delete", INSTANCE, "server-instance", moved(SMALL, disableApiTermination=True))],
     ["! The server `server` is deleted, **and its root volume with all databases is lost**: it is no "
      "longer in the program.",
      "Its termination protection is on: `up` will fail there, before anything of it is lost."]),
    ("user data is not shown", data_at_risk.assess,
     [step("replace", INSTANCE, "server-instance", moved(SMALL, userData="a"), moved(SMALL, userData="b"),
           replaceReasons=["userData"])],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: "
      "`userData`."]),
    ("a client replaced is no loss of data", data_at_risk.assess,
     [step("replace", CLIENT, "client-1-instance", SMALL, SMALL)], []),
    ("a server created or changed in place", data_at_risk.assess,
     [step("create", INSTANCE, "server-instance", None, SMALL),
      step("update", INSTANCE, "other-instance", SMALL, moved(SMALL, instanceType="t3.large"))], []),
    ("a host replaced whose data are on a volume", data_at_risk.assess, REPLACED_ON_VOLUME, []),
    ("a host replaced before its data are on a volume", data_at_risk.assess,
     [step("replace", INSTANCE, "server-instance", SMALL, SMALL, replaceReasons=["ami"]),
      step("create", ATTACHMENT, "server-data-attached", None, {}),
      step("replace", CONVERGE, "server-converged", ON_ROOT, ON_VOLUME)],
     ["! The server `server` is replaced, **and its root volume with all databases is lost**: `ami`."]),
    ("another volume that is there", data_at_risk.assess,
     [step("replace", ATTACHMENT, "server-data-attached", {"volumeId": "vol-1"}, {"volumeId": "vol-2"},
           replaceReasons=["volumeId"])],
     ["! The server gets the data of another volume, **and the former stays in AWS**: `volumeId` `vol-1` → `vol-2`."]),
    ("a volume that Pulumi keeps", data_at_risk.assess,
     [kept(step("delete", VOLUME, "server-data-volume", {}))],
     ["! Volume `server-data-volume` is deleted, but **it stays in AWS, with its data**: it is no longer in the "
      "program."]),
    ("a volume that is replaced and kept", data_at_risk.assess,
     [kept(step("replace", VOLUME, "server-data-volume", {"snapshotId": "snap-1"}, {"snapshotId": "snap-2"},
                replaceReasons=["snapshotId"]))],
     ["! Volume `server-data-volume` is replaced, by another one without its data; **the former stays in AWS**: "
      "`snapshotId` `snap-1` → `snap-2`."]),
    ("a volume deleted", data_at_risk.assess,
     [step("delete", "aws:ebs/volume:Volume", "extra", {})],
     ["! Volume `extra` is deleted, **and its data is lost**: it is no longer in the program."]),
    ("backups turned off", data_at_risk.assess,
     [step("update", BACKUPS, "backups", {"retentionDays": 7}, {"retentionDays": 0}),
      kept(step("delete", BUCKET, "backups-bucket", {})),
      kept(step("delete", BLOCK, "backups-public-access", BLOCKED))],
     ["! **Backups are turned off**: nothing is sent to the bucket any more.",
      "! The bucket of backups `backups-bucket` is deleted, but **it stays in AWS, with the backups in it**: it is no "
      "longer in the program."]),
    ("backups kept for less long", data_at_risk.assess,
     [step("update", BACKUPS, "backups", {"retentionDays": 30}, {"retentionDays": 7})],
     ["! Backups are kept for 7 days instead of 30: **older ones are deleted within a day**."]),
    ("backups kept for longer", data_at_risk.assess,
     [step("update", BACKUPS, "backups", {"retentionDays": 7}, {"retentionDays": 30})], []),
    ("a stack without backups", data_at_risk.assess,
     [step("create", BACKUPS, "backups", None, {"retentionDays": 0})],
     ["There are no backups: `backupDays` is 0."]),
    ("a stack that gets backups", data_at_risk.assess,
     [step("create", BACKUPS, "backups", None, {"retentionDays": 7}),
      step("create", BUCKET, "backups-bucket", None, {})],
     []),
    ("a bucket that goes with all backups", data_at_risk.assess,
     [step("delete", BUCKET, "backups-bucket", {})],
     ["! The bucket of backups `backups-bucket` is deleted, **with all backups in it**: it is no longer in the "
      "program."]),
    ("another bucket is no bucket of backups", data_at_risk.assess,
     [step("delete", "aws:s3/bucket:Bucket", "uploads", {})], []),
    ("a key of backups that goes", data_at_risk.assess,
     [step("delete", f"{BACKUPS}$command:local:Command", "backups-key", {})],
     ["! The key of the backups is deleted: **backups that were made with it cannot be read without a copy of it** "
      "(output `backup_key`): it is no longer in the program."]),
    ("another key of backups", data_at_risk.assess,
     [step("update", BACKUPS, "backups", {"retentionDays": 7, "key": "a"}, {"retentionDays": 7, "key": "b"})],
     ["Backups are made with another key: those before can be read with the former key alone."]),
    ("a database dropped", data_at_risk.assess,
     [step("update", DATABASE, "database-shop", SHOP, moved(SHOP, drop=True))],
     ["! Database `shop` is dropped, **with everything in it**: `drop` `false` → `true`."]),
    ("a database that comes into the table to be dropped", data_at_risk.assess,
     [step("create", DATABASE, "database-shop", None, moved(SHOP, drop=True))],
     ["! Database `shop` is dropped, **with everything in it**: `drop` not set → `true`."]),
    ("a database taken out", data_at_risk.assess,
     [step("delete", DATABASE, "database-shop", SHOP)],
     ["Database `shop` is no longer managed: it stays on the server with its data."]),
    ("a dropped database taken out, and one that stays dropped", data_at_risk.assess,
     [step("delete", DATABASE, "database-shop", moved(SHOP, drop=True)),
      step("same", DATABASE, "database-old", moved(SHOP, drop=True), moved(SHOP, drop=True))], []),
    ("a database's name cannot break the report", data_at_risk.assess,
     [step("delete", DATABASE, "database-x", moved(SHOP, name="a`b|c\n# d"))],
     ["Database `a'b¦c\\n# d` is no longer managed: it stays on the server with its data."]),

    ("a bucket that may be made public", exposure.assess,
     [step("update", BLOCK, "backups-public-access", BLOCKED, moved(BLOCKED, blockPublicPolicy=False))],
     ["! **Opened:** what blocks public access to the bucket (`backups-public-access`) no longer has "
      "`blockPublicPolicy`: it may be made public."]),
    ("a bucket that is private from the start, and one that stays in AWS as it is", exposure.assess,
     [step("create", BLOCK, "backups-public-access", None, BLOCKED),
      kept(step("delete", BLOCK, "other", BLOCKED))], []),
    ("a rule opened for a group", exposure.assess,
     [step("create", IN, "r", None, rule("sg-0123"))],
     ["! **Opened:** `sg-0123` gains reach to `firewall-server` on tcp 3306."]),
    ("a rule opened for another account's group", exposure.assess,
     [step("create", IN, "r", None, rule("123456789012/sg-0123"))],
     ["! **Opened:** `123456789012/sg-0123` gains reach to `firewall-server` on tcp 3306."]),
    ("a rule opened for a prefix list that is there", exposure.assess,
     [step("create", IN, "r", None, rule(None, prefixListId="pl-0123"))],
     ["! **Opened:** `pl-0123` gains reach to `firewall-server` on tcp 3306."]),
    ("a rule opened for the world", exposure.assess,
     [step("create", IN, "r", None, rule("0.0.0.0/0", 22)), step("create", IN, "s", None, rule("::/0", 22))],
     ["! **Opened:** **the whole internet** `0.0.0.0/0` gains reach to `firewall-server` on tcp 22.",
      "! **Opened:** **the whole internet** `::/0` gains reach to `firewall-server` on tcp 22."]),
    ("a rule closed", exposure.assess,
     [step("delete", IN, "r", rule("firewall-client"))],
     ["Closed: `firewall-client` loses reach to `firewall-server` on tcp 3306."]),
    ("a rule changed", exposure.assess,
     [step("update", IN, "r", rule("10.0.0.0/8"), rule("10.0.0.0/8", toPort=3310))],
     ["! **Opened:** `10.0.0.0/8` gains reach to `firewall-server` on tcp 3306-3310.",
      "Closed: `10.0.0.0/8` loses reach to `firewall-server` on tcp 3306."]),
    ("a rule of another name is the same reach", exposure.assess,
     [step("delete", IN, "r", rule("firewall-client")), step("create", IN, "s", None, rule("firewall-client"))], []),
    ("a rule for everything", exposure.assess,
     [step("create", IN, "r", None, rule("10.0.0.0/8", ipProtocol="-1"))],
     ["! **Opened:** `10.0.0.0/8` gains reach to `firewall-server` on all ports."]),
    ("a way out", exposure.assess,
     [step("create", OUT, "r", None, rule("0.0.0.0/0", 443))],
     ["Way out opened: `firewall-server` to **the whole internet** `0.0.0.0/0` on tcp 443."]),
    ("a group's own rules", exposure.assess,
     [step("update", GROUP, "firewall-server", {"ingress": []}, {"ingress": [{"fromPort": 1}]})],
     ["! **Changed:** the inline rules of `firewall-server`."]),
    ("an inline rule for a group", exposure.assess,
     [step("update", GROUP, "web", {"ingress": []}, {"ingress": [inline("10.0.0.0/8"), inline(self=True)]})],
     ["! **Opened:** `10.0.0.0/8` gains reach to `web` on tcp 22.",
      "! **Opened:** `web` gains reach to `web` on tcp 22."]),
    ("an old rule", exposure.assess,
     [step("create", OLD, "r", None, inline("0.0.0.0/0", "10.0.0.0/8", type="ingress", securityGroupId="sg-1"))],
     ["! **Opened:** **the whole internet** `0.0.0.0/0` gains reach to `sg-1` on tcp 22.",
      "! **Opened:** `10.0.0.0/8` gains reach to `sg-1` on tcp 22."]),
    ("two halves of the internet", exposure.assess,
     [step("same", IN, "low", rule("0.0.0.0/1", 22), rule("0.0.0.0/1", 22)),
      step("create", IN, "high", None, rule("128.0.0.0/1", 20, toPort=30))],
     ["! **Opened:** `128.0.0.0/1` gains reach to `firewall-server` on tcp 20-30.",
      "! **Opened:** **the whole internet** gains reach to `firewall-server` on tcp 22, by `0.0.0.0/1`, `128.0.0.0/1` "
      "together."]),
    ("two halves of the internet inline", exposure.assess,
     [step("create", GROUP, "web", None, {"ingress": [inline("0.0.0.0/1"), inline("128.0.0.0/1")]})],
     ["! **Opened:** `0.0.0.0/1` gains reach to `web` on tcp 22.",
      "! **Opened:** `128.0.0.0/1` gains reach to `web` on tcp 22.",
      "! **Opened:** **the whole internet** gains reach to `web` on tcp 22, by `0.0.0.0/1`, `128.0.0.0/1` together."]),
    ("two halves of the internet in a prefix list", exposure.assess,
     [step("same", IN, "r", by_list(), by_list()),
      step("update", LIST, "offices", {"entries": [{"cidr": "0.0.0.0/1"}]},
           {"entries": [{"cidr": "0.0.0.0/1"}, {"cidr": "128.0.0.0/1"}]})],
     ["! **Opened:** **the whole internet** `0.0.0.0/0` gains reach to `firewall-server` on tcp 22.",
      "Closed: `0.0.0.0/1` loses reach to `firewall-server` on tcp 22."]),
    ("an entry of a prefix list", exposure.assess,
     [step("same", IN, "r", by_list(), by_list()), step("same", LIST, "offices", {}, {}),
      step("create", ENTRY, "new", None, {"cidr": "10.0.0.0/8", "lists": {"prefixListId": ["offices"]}})],
     ["! **Opened:** `10.0.0.0/8` gains reach to `firewall-server` on tcp 22.",
      "Closed: `offices` loses reach to `firewall-server` on tcp 22."]),
    ("a prefix list of elsewhere", exposure.assess,
     [step("create", IN, "r", None, rule(None, 22, prefixListId="pl-1"))],
     ["! **Opened:** `pl-1` gains reach to `firewall-server` on tcp 22."]),
    ("a peer that only `up` makes known", exposure.assess,
     [step("create", IN, "r", None, rule(None, 22, referencedSecurityGroupId=UNKNOWN))],
     ["! **Opened:** `unknown` gains reach to `firewall-server` on tcp 22."]),
    ("a server made public", exposure.assess,
     [step("create", f"{HOST}eip:Eip", "server-address", None, {"domain": "vpc"})],
     ["! **The server `server` is made public:** it gets a public address."]),
    ("a client's public address", exposure.assess,
     [step("create", f"{CLIENT_HOST}eip:Eip", "client-2-address", None, {}),
      step("delete", f"{CLIENT_HOST}eip:Eip", "client-1-address", {})],
     ["Host `client-1` loses its public address.", "Host `client-2` gets a public address."]),
    ("a client more reaches what its group reaches", exposure.assess,
     [step("same", IN, "r", rule("firewall-client"), rule("firewall-client")),
      step("create", CLIENT, "client-2-instance", None, {"groups": {"vpcSecurityGroupIds": ["firewall-client"]}})],
     ["Host `client-2` joins `firewall-client`, which reaches `firewall-server` on tcp 3306."]),

    ("a user made", access.assess,
     [step("create", USER, "user-ann", None, ANN)],
     ["User `ann` is made, with privileges on `app.*` and role `reading`."]),
    ("a user dropped", access.assess,
     [step("delete", USER, "user-ann", ANN)],
     ["! User `ann` is **dropped**: its logins are refused from then on."]),
    ("a user renamed", access.assess, [user(name="bea")],
     ["! User `ann` is renamed: it keeps its password, **logins under the former name are refused**."]),
    ("another host part", access.assess, [user(host="%")],
     ["! User `ann` has **another host part**: logins from elsewhere are refused."]),
    ("grants", access.assess, [user(grants={"app.*": grant("ALL"), "shop.*": grant("SELECT")})],
     ["User `ann` has **more** privileges on `app.*`.", "User `ann` has **more** privileges on `shop.*`."]),
    ("fewer grants", access.assess, [user(grants={})], ["User `ann` has fewer privileges on `app.*`."]),
    ("other grants", access.assess, [user(grants={"app.*": grant("INSERT")})],
     ["User `ann` has **other** privileges on `app.*`."]),
    ("the right to grant", access.assess, [user(grants={"app.*": grant("SELECT", grant_option=True)})],
     ["User `ann` has **more** privileges on `app.*`."]),
    ("all privileges, and the right to grant them no more", access.assess,
     [step("update", USER, "user-ann", moved(ANN, grants={"app.*": grant("SELECT", grant_option=True)}),
           moved(ANN, grants={"app.*": grant("ALL")}))],
     ["User `ann` has **other** privileges on `app.*`."]),
    ("grants in another form", access.assess, [user(grants={"app.*": "ALL"})],
     ["User `ann` has **other** privileges on `app.*`."]),
    ("grants whose target is shown too, or not yet", access.assess,
     [step("update", USER, "user-ann", ANN,
           moved(ANN, grants={"app.*": {**grant("SELECT"), "database": "app", "table": None}}))], []),
    ("grants as text, after an upgrade", access.assess,
     [step("update", USER, "user-ann", FORMER, PRESENT)],
     ["User `ann` has its grants on `app.*` shown in another form from now on: whether they change too, a preview "
      "does not show."]),
    ("grants as text, and targets that come and go", access.assess,
     [step("update", ROLE, "role-reading", {"name": "reading", "grants": {"a.*": "SELECT", "b.*": "ALL"}},
           {"key": "reading", "name": "reading", "grants": {"a.*": grant("SELECT"), "c.*": grant("SELECT")}})],
     ["Role `reading` has fewer privileges on `b.*`.", "Role `reading` has **more** privileges on `c.*`.",
      "Role `reading` has its grants on `a.*` shown in another form from now on: whether they change too, a preview "
      "does not show."]),
    ("an upgrade of a user without grants", access.assess,
     [step("update", USER, "user-ann", moved(FORMER, grants={}), moved(PRESENT, grants={}))], []),
    ("an upgrade, and a requirement and a limit that come with it", access.assess,
     [step("update", USER, "user-ann", moved(FORMER, grants={}),
           moved(PRESENT, grants={}, require={"mode": "X509"}, max_user_connections=5))],
     ["! User `ann` has **another requirement on connections**: logins that do not meet it are refused.",
      "User `ann` changes: `max_user_connections` not set → `5`."]),
    ("roles by name, after an upgrade", access.assess,
     [step("update", USER, "user-ann", moved(FORMER, grants={}),
           moved(PRESENT, grants={}, roles=["readers"], default_roles=["readers"]))],
     ["User `ann` has its roles shown by key from now on: whether they change too, a preview does not show."]),
    ("an attribute back at its default", access.assess,
     [step("update", USER, "user-ann", moved(ANN, require={"mode": "SSL"}), ANN)],
     ["! User `ann` has **another requirement on connections**: logins that do not meet it are refused."]),
    ("roles", access.assess, [user(roles=["writing"], default_roles=["writing"])],
     ["User `ann` is **granted** role `writing`.", "User `ann` loses role `reading`."]),
    ("default roles", access.assess, [user(default_roles=[])],
     ["User `ann` has other roles active from the login on."]),
    ("a lock", access.assess, [user(locked=True)], ["! User `ann` is **locked**: its logins are refused."]),
    ("a plugin and a lifetime", access.assess, [user(plugin="sha256_password", password_lifetime_days=9)],
     ["User `ann` authenticates by another plugin.", "User `ann` has another password lifetime."]),
    ("attributes without a sentence of their own", access.assess,
     [user(max_user_connections=5, limits={"queries": 9}, password_history=6, database=UNKNOWN)],
     ["User `ann` changes: `database` not set → known after `up`.",
      "User `ann` changes: `limits` not set → `{\"queries\": 9}`.",
      "User `ann` changes: `max_user_connections` not set → `5`.",
      "User `ann` changes: `password_history` not set → a secret."]),
    ("an attribute that is set already", access.assess,
     [step("update", USER, "user-ann", moved(ANN, max_user_connections=0, password_history=6),
           moved(ANN, max_user_connections=5, password_history=7))],
     ["User `ann` changes: `max_user_connections` `0` → `5`.", "User `ann` changes: `password_history`."]),
    ("another requirement", access.assess, [user(require={"x509": True})],
     ["! User `ann` has **another requirement on connections**: logins that do not meet it are refused."]),
    ("a rotation", access.assess, [user(generation=2)],
     ["User `ann` begins a rotation: a new password, and the old one is accepted until that is finished."]),
    ("a finish", access.assess, [user(finished_generation=1)],
     ["! User `ann` finishes its rotation: **the old password is no longer accepted**."]),
    ("a password that the engine masks", access.assess,
     [step("update", USER, "user-ann", moved(ANN, password="[secret]"), moved(ANN, password="[secret]"))],
     ["! User `ann` has another password: **the one before is refused at once**."]),
    ("a masked password beside another change", access.assess,
     [step("update", USER, "user-ann", moved(ANN, password="[secret]"), moved(ANN, password="[secret]", comment="x"))],
     ["User `ann` changes: `comment` not set → `x`.",
      "User `ann` has a password from config: whether that changes too, a preview does not show."]),
    ("a password of one's own", access.assess, [user(password="[secret]")],
     ["! User `ann` has a password from config from now on: **the one before is refused at once**."]),
    ("a role", access.assess,
     [step("update", ROLE, "role-reading", {"name": "reading", "grants": {"a.*": grant("SELECT", "INSERT")}},
           {"name": "readers", "grants": {"a.*": grant("SELECT")}})],
     ["Role `reading` gets another name: it is made anew under that, and the former one is dropped.",
      "Role `reading` has fewer privileges on `a.*`."]),
    ("the operators' key", access.assess,
     [step("replace", "aws:ec2/keyPair:KeyPair", "operators", {"publicKey": "a"}, {"publicKey": "b"})],
     ["The operators' ssh key changes."]),

    ("settings", downtime.assess,
     [step("update", SERVER, "server", {"settings": {"back_log": 9, "port": 3306}},
           {"settings": {"max_connections": 200, "password_history": 3, "port": 3306}})],
     ["**One restart of mysqld at most**, none if MySQL can change this live: `back_log` `9` → not set, "
      "`max_connections` not set → `200`, `password_history` not set → a secret."]),
    ("packages of the server", downtime.assess,
     [step("update", SERVER, "server", {"packages": []}, {"packages": ["jq"]})], []),
    ("an instance type, before the settings that follow from it", downtime.assess,
     [step("update", SERVER, "server", {"settings": {}}, {"settings": {"back_log": 1}}),
      step("update", INSTANCE, "server-instance", SMALL, moved(SMALL, instanceType="t3.large"))],
     ["! The server `server` is **stopped and started**: `instanceType` `t3.small` → `t3.large`.",
      "**One restart of mysqld at most**, none if MySQL can change this live: `back_log` not set → `1`."]),
    ("a host replaced whose data are kept", downtime.assess, REPLACED_ON_VOLUME,
     ["! The server `server`'s **host is replaced, its data are kept** on `vol-1`; MySQL is down for about 120 "
      "seconds: `ami`."]),
    ("a server that moves to another release", downtime.assess,
     [*REPLACED_ON_VOLUME, step("update", SERVER, "server", {"distribution": OLD_ONE}, {"distribution": NEW_ONE}),
      step("create", SNAPSHOT, "server-data-before-26.04", None, {})],
     [KEPT, f"! **{OLD_ONE} → {NEW_ONE}**: a snapshot of the data is made first, and is the only way back. {CHECKED}"]),
    ("an image of its own", downtime.assess,
     [*REPLACED_ON_VOLUME, step("create", SNAPSHOT, "server-data-before-ami-1", None, {})],
     [KEPT, f"! **MySQL may be of another version**: a snapshot of the data is made first, and is the only way back. "
      f"{CHECKED}"]),
    ("the way back from another release", downtime.assess,
     [*REPLACED_ON_VOLUME, step("replace", VOLUME, "server-data-volume", {}, {}),
      step("update", SERVER, "server", {"distribution": NEW_ONE}, {"distribution": OLD_ONE})],
     ["! The server `server` is **down until its successor is set up**, minutes later.",
      f"! **{NEW_ONE} → {OLD_ONE}**: its data are those of another volume. {CHECKED}"]),
    ("a stack that learns which release it has", downtime.assess,
     [step("update", SERVER, "server", {}, {"distribution": OLD_ONE})], []),
    ("a host replaced with its volume", downtime.assess,
     [*REPLACED_ON_VOLUME, step("replace", VOLUME, "server-data-volume", {}, {})],
     ["! The server `server` is **down until its successor is set up**, minutes later."]),
    ("data that move to a volume", downtime.assess,
     [step("create", ATTACHMENT, "server-data-attached", None, {}),
      step("replace", CONVERGE, "server-converged", ON_ROOT, ON_VOLUME)],
     ["! The server's data **move to a data volume, and MySQL is stopped while they are copied**, about 30 seconds for "
      "each GiB. The former copy is removed when MySQL answers from the volume."]),
    ("a new server with a volume", downtime.assess,
     [step("create", ATTACHMENT, "server-data-attached", None, {}), step("create", CONVERGE, "c", None, ON_VOLUME),
      step("create", INSTANCE, "server-instance", None, SMALL)], []),
    ("a server replaced is away", downtime.assess,
     [step("replace", INSTANCE, "server-instance", SMALL, moved(SMALL, privateIp="10.0.0.20"))],
     ["! The server `server` is **down until its successor is set up**, minutes later.",
      "! MySQL's address changes, and with it every connection string."]),
    ("an instance of no component", downtime.assess,
     [step("delete", "aws:ec2/instance:Instance", "web-instance", SMALL)],
     ["! Host `web-instance` is deleted, with whatever is on it."]),
    ("clients", downtime.assess,
     [step("replace", CLIENT, "client-1-instance", SMALL, SMALL), step("delete", CLIENT, "client-2-instance", SMALL)],
     ["! Host `client-1` is **down until its successor is set up**, minutes later.",
      "! Host `client-2` is deleted, with whatever is on it."]),
    ("the way out", downtime.assess,
     [step("delete", "aws:ec2/natGateway:NatGateway", "network-nat", {})],
     ["`network-nat` is deleted: hosts may lose their way out."]),
    ("a volume is grown live", downtime.assess,
     [step("update", INSTANCE, "server-instance", SMALL, moved(SMALL, rootBlockDevice={"volumeSize": 32}))], []),

    ("hosts of a group replaced", downtime.assess,
     of_group(replaced_host("server"), replaced_host("server-2")),
     [IN_TURN, "The server `server-2`'s **host is replaced, its data are kept** on `vol-2`: `ami`.",
      "The server `server`'s **host is replaced, its data are kept** on `vol-1`: `ami`."]),
    ("a host of a group replaced loses nothing", data_at_risk.assess, of_group(replaced_host("server-2")), []),
    ("a host of a group replaced with its volume", downtime.assess,
     of_group(replaced_host("server-2"), step("replace", VOLUME, "server-2-data-volume", {}, {})),
     [IN_TURN, "The server `server-2` is **away until its successor has copied the others' data**: `ami`."]),
    ("a volume of a group", data_at_risk.assess,
     of_group(step("replace", VOLUME, "server-2-data-volume", {}, {}, replaceReasons=["size"])),
     ["! Volume `server-2-data-volume` is replaced, **and its data is lost**: `size`. `server`, `server-3` have the "
      "same data."]),
    ("a group gets the data of other volumes", data_at_risk.assess,
     of_group(step("replace", ATTACHMENT, "server-3-data-attached", {"volumeId": "vol-3"}, {"volumeId": "vol-9"},
                   replaceReasons=["volumeId"])),
     ["! The server `server-3` gets the data of another volume, **and the former stays in AWS**: `volumeId` `vol-3` → "
      "`vol-9`."]),
    ("settings of a group", downtime.assess,
     [step("update", SERVER, name, {"settings": {"back_log": 9}}, {"settings": {"back_log": 10}})
      for name in ("server", "server-2", "server-3")],
     ["**One restart of mysqld at most** on each server, one after another, none if MySQL can change this live: "
      "`back_log` `9` → `10`."]),
    ("an instance type of a group", downtime.assess,
     of_group(step("update", INSTANCE, "server-2-instance", SMALL, moved(SMALL, instanceType="t3.large"))),
     [IN_TURN, "The server `server-2` is **stopped and started**: `instanceType` `t3.small` → `t3.large`."]),
    ("one server that becomes a group", downtime.assess,
     of_group(step("create", INSTANCE, "server-2-instance", None, SMALL),
              step("create", ATTACHMENT, "server-2-data-attached", None, {}), op="create"),
     [f"! **The server becomes one of a group of 3: mysqld is restarted once**. {BY_PROXY}"]),
    ("a group that becomes one server", downtime.assess,
     of_group(step("delete", INSTANCE, "server-2-instance", SMALL), op="delete"),
     [f"! **The group of 3 becomes one server**. {BY_PROXY}",
      "! The server `server-2` is deleted, with whatever is on it."]),
    ("a group that moves to another release", downtime.assess,
     of_group(replaced_host("server"), replaced_host("server-2"),
              step("create", SNAPSHOT, "server-data-before-26.04", None, {})),
     [f"! **MySQL may be of another version**: **no snapshot of the data is made first, so there is no way back**. "
      f"{CHECKED}", IN_TURN, "The server `server-2`'s **host is replaced, its data are kept** on `vol-2`: `ami`.",
      "The server `server`'s **host is replaced, its data are kept** on `vol-1`: `ami`."]),

    ("what costs by the hour", cost.assess,
     [step("create", "aws:ec2/natGateway:NatGateway", "nat", None, {}), step("delete", f"{HOST}eip:Eip", "ip", {}),
      step("create", CLIENT, "client-2-instance", None, SMALL)],
     ["Up: one more host, `client-2-instance`.", "Down: one Elastic IP less, `ip`.",
      "Up: one more NAT gateway, `nat`."]),
    ("a load balancer", cost.assess, [step("create", "aws:lb/loadBalancer:LoadBalancer", "load-balancer", None, {})],
     ["Up: one more load balancer, `load-balancer`."]),
    ("type and volume", cost.assess,
     [step("update", INSTANCE, "i", SMALL,
           {"instanceType": "m7g.large", "rootBlockDevice": {"volumeSize": 8, "volumeType": "io2"}})],
     ["Unclear: `i`, `instanceType` `t3.small` → `m7g.large`.",
      "Down: volume of `i`, `rootBlockDevice.volumeSize` `16` → `8`.",
      "Unclear: volume of `i`, `rootBlockDevice.volumeType` not set → `io2`."]),
    ("what costs nothing", cost.assess, [step("create", COMMAND, "c", None, {"stdin": "x"})], []),
]  # fmt: skip


@pytest.mark.parametrize(("assess", "steps", "said"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_change_is_told(assess: Assess, steps: list[Any], said: list[str]) -> None:
    """What is severe, which `--fail-on` counts, has a ! before it."""
    found = assess(preview(*steps).steps)
    assert [("! " if finding.severe else "") + finding.words for finding in found] == said


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
