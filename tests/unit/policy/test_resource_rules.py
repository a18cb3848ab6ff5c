"""What each rule says of one resource: a table, a resource a row."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from components.host.user_data import user_data
from policy.rules.resource import UNKNOWN, Resource
from policy.rules.rule import ResourceRule, settled
from tests.unit.policy.resources import AMI, GROUP, INSTANCE, RULES, TEMPLATE, resource

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
OLD = "aws:ec2/securityGroupRule:SecurityGroupRule"
VOLUME = "aws:ebs/volume:Volume"
REMOTE, LOCAL = "command:remote:Command", "command:local:Command"
DATABASE = "mysql-pair:index:MySqlDatabase"
SERVER = "mysql-pair:index:MySqlServer$mysql-pair:index:Host$"
DATA_VOLUME = "mysql-pair:index:DataVolume$"
SECRET = "Zk3v9QpLx7TfW2rNs8Ya1Bd5"
TAGS = {"Name": "a", "Project": "b", "Stack": "c"}


class Row(NamedTuple):
    case: str
    subject: Resource
    says: tuple[str, ...] = ()
    """A part of each message, in their order."""
    settings: Mapping[str, Any] = {}


def ingress(first: Any = 22, last: Any = None, protocol: Any = "tcp", **peer: Any) -> Resource:
    return resource(INGRESS, ipProtocol=protocol, fromPort=first, toPort=first if last is None else last, **peer)


def old(**props: Any) -> Resource:
    return resource(OLD, **{"type": "ingress", "protocol": "tcp", "fromPort": 22.0, "toPort": 22.0, **props})


def inline(**rule: Any) -> Resource:
    return resource(GROUP, ingress=[{"protocol": "tcp", "fromPort": 22, "toPort": 22, **rule}])


def instance(within: str = "", **props: Any) -> Resource:
    return resource(INSTANCE, within, **props)


def metadata(**options: Any) -> Resource:
    return instance(metadataOptions={"httpTokens": "required", "httpPutResponseHopLimit": 1.0, **options})


def remote(**props: Any) -> Resource:
    return resource(REMOTE, **{"create": "true", "logging": "none", "addPreviousOutputInEnv": False, **props})


BUCKET, BLOCK = "aws:s3/bucket:Bucket", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY, ROLE_POLICY = "aws:s3/bucketPolicy:BucketPolicy", "aws:iam/rolePolicy:RolePolicy"
BACKUPS = "mysql-pair:index:Backups$"
KEPT_IN = f"{BACKUPS}mysql-pair:index:BackupBucket$"
BLOCKED: dict[str, Any] = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)


def bucket_policy(**statement: Any) -> Resource:
    return resource(BUCKET_POLICY, policy=json.dumps({"Statement": [statement]}))


def role_policy(*actions: str, within: str = BACKUPS, **statement: Any) -> Resource:
    given = {"Effect": "Allow", **({"Action": actions} if actions else {}), **statement}
    return resource(ROLE_POLICY, within, policy=json.dumps({"Statement": given}))


WORLD, WORLD_6, OFFICE = "0.0.0.0/0", "::/0", "203.0.113.0/24"
TOKENS, HOPS = "http_tokens", "http_put_response_hop_limit to 1"
REACH = {
    "no-world-ingress": [
        Row("ssh from the world", ingress(cidrIpv4=WORLD), ("opens port 22 to the whole internet (0.0",)),
        Row("MySQL from the IPv6 world", ingress(3306, cidrIpv6=WORLD_6), ("opens port 3306 to the",)),
        Row("the X protocol", ingress(33060, cidrIpv4=WORLD), ("port 33060",)),
        Row("a range that holds two", ingress(20, 4000, cidrIpv4=WORLD), ("opens ports 22, 3306 to",)),
        Row("all protocols", ingress(protocol="-1", cidrIpv4=WORLD), ("opens ports 22, 3306, 33060 to",)),
        Row("TCP by its number", ingress(protocol="6", cidrIpv4=WORLD), ("port 22 ",)),
        Row("the world, spelled otherwise", ingress(cidrIpv4="10.0.0.0/0"), ("(0.0.0.0/0)",)),
        Row("one of an old rule's ranges", old(cidrBlocks=[OFFICE, WORLD]), ("port 22 ",)),
        Row("an old rule's IPv6 ranges", old(ipv6CidrBlocks=[WORLD_6]), ("(::/0)",)),
        Row(
            "two halves in an old rule", old(cidrBlocks=["128.0.0.0/1", OFFICE, "0.0.0.0/1"]), ("internet (0.0.0.0/0)",)
        ),
        Row("two halves in an inline rule", inline(cidrBlocks=["0.0.0.0/1", "128.0.0.0/1"]), ("ingress[0]: opens",)),
        Row("all of IPv6 that is routed", ingress(cidrIpv6="2000::/3"), ("internet (2000::/3)",)),
        Row("half of it", ingress(cidrIpv4="0.0.0.0/1")),
        Row("an inline rule", inline(cidrBlocks=[WORLD]), ("ingress[0]: opens port 22 ",)),
        Row("another port, by settings", ingress(3307, cidrIpv4=WORLD), ("port 3307 ",), {"ports": [3307.0]}),
        Row("a web server", ingress(443, cidrIpv4=WORLD)),
        Row("MySQL's port of UDP, which is not MySQL's", ingress(3306, protocol="udp", cidrIpv4=WORLD)),
        Row("ssh from the office", ingress(cidrIpv4=OFFICE)),
        Row("ssh from a group", ingress(referencedSecurityGroupId="sg-1")),
        Row("a range that is not known yet", ingress(cidrIpv4=UNKNOWN)),
        Row("a port that is not known yet", ingress(UNKNOWN, cidrIpv4=WORLD)),
        Row("a way out", old(type="egress", cidrBlocks=[WORLD])),
        Row("rules that are not known yet", resource(GROUP, ingress=UNKNOWN)),
    ],
    "mysql-by-group": [
        Row("one address", ingress(3306, cidrIpv4="10.0.0.7/32"), ("MySQL's port 3306 to 10.0.0.7/32; name",)),
        Row("a range by choice", ingress(3306, cidrIpv4="10.0.0.0/8"), (), {"admitted": ["10.0.0.0/8"]}),
        Row("another range", ingress(3306, cidrIpv4="10.0.0.0/9"), ("10.0.0.0/9",), {"admitted": ["10.0.0.0/8"]}),
        Row("a prefix list by choice", ingress(3306, prefixListId="pl-1"), (), {"admitted": ["pl-1"]}),
        Row("another account's group", ingress(3306, referencedSecurityGroupId="123456789012/sg-1")),
        Row("a prefix list", ingress(3306, prefixListId=UNKNOWN), ("MySQL's port 3306 to a prefix list; name",)),
        Row("old prefix lists", old(fromPort=3306, toPort=3306, prefixListIds=["pl-1"]), ("a prefix list",)),
        Row(
            "all protocols from a range",
            ingress(protocol="all", cidrIpv4=OFFICE),
            ("ports 3306, 33060 to 203.0.113.0/24",),
        ),
        Row("a group", ingress(3306, referencedSecurityGroupId=UNKNOWN)),
        Row("all protocols from the group itself", old(protocol="-1", self=True)),
        Row("ssh from a range", ingress(cidrIpv4=OFFICE)),
    ],
    "group-by-members": [
        Row("the group itself", ingress(33061, securityGroupId="sg-1", referencedSecurityGroupId="sg-1")),
        Row("a new group itself", ingress(33061, securityGroupId=UNKNOWN, referencedSecurityGroupId=UNKNOWN)),
        Row("an old rule of the group itself", old(fromPort=33061, toPort=33061, self=True)),
        Row("an inline rule of the group itself", inline(fromPort=33061, toPort=33061, self=True)),
        Row(
            "the clients' group",
            ingress(33061, securityGroupId="sg-1", referencedSecurityGroupId="sg-2"),
            ("opens Group Replication's port 33061 to sg-2; name the servers' own",),
        ),
        Row("a group that is there, in a new one", ingress(33061, referencedSecurityGroupId="sg-2"), ("to sg-2",)),
        Row("another account's group", ingress(33061, referencedSecurityGroupId="123456789012/sg-1"), ("12/sg-1",)),
        Row("a range", ingress(33061, cidrIpv4="10.0.0.0/8"), ("to 10.0.0.0/8",)),
        Row("a range of IPv6", ingress(33061, cidrIpv6="2001:db8::/32"), ("to 2001:db8::/32",)),
        Row("a prefix list", ingress(33061, prefixListId=UNKNOWN), ("to a prefix list",)),
        Row("itself and a range", old(fromPort=33061, toPort=33061, self=True, cidrBlocks=[OFFICE]), ("to 203.0",)),
        Row("ports that hold it", ingress(33000, 34000, cidrIpv4=OFFICE), ("port 33061 to 203.0.113.0/24",)),
        Row("all protocols", ingress(protocol="-1", cidrIpv4=OFFICE), ("port 33061",)),
        Row("a group by choice", ingress(33061, referencedSecurityGroupId="sg-2"), (), {"admitted": ["sg-2"]}),
        Row("another port, by settings", ingress(24901, cidrIpv4=OFFICE), ("port 24901",), {"ports": [24901.0]}),
        Row("MySQL from the clients", ingress(3306, securityGroupId="sg-1", referencedSecurityGroupId="sg-2")),
        Row("a way out", old(type="egress", fromPort=33061, toPort=33061, cidrBlocks=[WORLD])),
    ],
    "ssh-from-few": [
        Row("half the internet", ingress(cidrIpv4="0.0.0.0/1"), ("0.0.0.0/1, which is broader than /8",)),
        Row("a continent of IPv6", ingress(cidrIpv6="2000::/12"), ("broader than /32",)),
        Row("two neighbours", old(cidrBlocks=["10.0.0.0/8", "11.0.0.0/8"]), ("10.0.0.0/7, which is broader",)),
        Row("the broadest", ingress(cidrIpv4="10.0.0.0/8")),
        Row("narrower than settings allow", ingress(cidrIpv4=OFFICE), ("than /28",), {"prefix": 28.0}),
        Row("a company's IPv6", ingress(cidrIpv6="2001:db8::/32")),
        Row("another port from a broad range", ingress(443, cidrIpv4="0.0.0.0/1")),
    ],
    "no-inline-rules": [
        Row("an inline way in", inline(cidrBlocks=[OFFICE]), ("has ingress rules inline",)),
        Row("inline ways out", resource(GROUP, egress=[{"protocol": "-1"}]), ("has egress rules inline",)),
        Row("a group without", resource(GROUP, vpcId=UNKNOWN)),
        Row("the default group, closed", resource("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", ingress=[])),
    ],
}

INSTANCES = {
    "imdsv2": [
        Row("both said", metadata()),
        Row("nothing said", instance(), (TOKENS, HOPS)),
        Row("tokens optional", metadata(httpTokens="optional"), (TOKENS,)),
        Row("two hops", metadata(httpPutResponseHopLimit=2.0), (HOPS,)),
        Row("two hops, by settings", metadata(httpPutResponseHopLimit=2.0), (), {"hopLimit": 2.0}),
        Row("hops left to the image", metadata(httpPutResponseHopLimit=None), (HOPS,)),
        Row("no metadata at all", instance(metadataOptions={"httpEndpoint": "disabled"})),
        Row("not known yet", instance(metadataOptions=UNKNOWN)),
        Row("one option not known yet", metadata(httpTokens=UNKNOWN)),
        Row("left to a template", instance(launchTemplate={"id": "lt-1", "version": "3"})),
        Row("a template that says nothing", resource(TEMPLATE), (TOKENS, HOPS)),
    ],
    "pinned-image": [
        Row("an id", instance(ami=AMI)),
        Row("not known yet", instance(ami=UNKNOWN)),
        Row("a parameter in a template", resource(TEMPLATE, imageId="resolve:ssm:/a/b"), ("imageId is looked up",)),
        Row("a template's last version", instance(launchTemplate={"version": "$Latest"}), ("version moves",)),
        Row("a template without a version", instance(launchTemplate={"id": "lt-1"}), ("version moves",)),
        Row("a template's third version", instance(launchTemplate={"version": "3"})),
        Row("an id that nothing keeps", instance(ami=AMI), (f"nothing keeps the image {AMI}",), {"mustBeKept": True}),
        Row("kept", replace(instance(ami=AMI), ignore_changes=("ami",)), (), {"mustBeKept": True}),
        Row("chosen on purpose", instance(ami=AMI), (), {"mustBeKept": True, "images": [AMI]}),
    ],
    "instance-types": [
        Row("a small one", instance(instanceType="t3.small")),
        Row("one of a current family", instance(instanceType="m7g.xlarge")),
        Row("a whole machine", instance(instanceType="m7i.metal-24xl"), ("m7i.metal-24xl is none of",)),
        Row("an old family", instance(instanceType="m3.large"), ("m3.large",)),
        Row("one not allowed by settings", instance(instanceType="t3.small"), ("t3.small",), {"types": ["t4g.*"]}),
        Row("not known yet", instance(instanceType=UNKNOWN)),
    ],
    "volumes-encrypted": [
        Row("an encrypted root", instance(rootBlockDevice={"encrypted": True})),
        Row("a root of which nothing is said", instance(), ("root volume",)),
        Row("a plain root", instance(rootBlockDevice={"encrypted": False}), ("root volume",)),
        Row("not known yet", instance(rootBlockDevice=UNKNOWN)),
        Row("left to a template", instance(launchTemplate={"version": "3"})),
        Row(
            "the second of more volumes",
            instance(rootBlockDevice={"encrypted": True}, ebsBlockDevices=[{"encrypted": True}, {"volumeSize": 8}]),
            ("ebsBlockDevices[1]",),
        ),
        Row("a plain volume", resource(VOLUME), ("the volume",)),
        Row("an encrypted volume", resource(VOLUME, encrypted=True)),
        Row("a template's", resource(TEMPLATE, blockDeviceMappings=[{"ebs": {}}]), ("blockDeviceMappings[0]",)),
        Row("a template's, encrypted", resource(TEMPLATE, blockDeviceMappings=[{"ebs": {"encrypted": "true"}}])),
    ],
    "protected-data": [
        Row("the server, protected", instance(SERVER, disableApiTermination=True)),
        Row("the server, unprotected", instance(SERVER, disableApiTermination=False), ("may terminate it",)),
        Row("the server, nothing said", instance(SERVER), ("may terminate it",)),
        Row("not known yet", instance(SERVER, disableApiTermination=UNKNOWN)),
        Row("by force", instance(SERVER, disableApiTermination=True, forceDestroy=True), ("force_destroy",)),
        Row("a host with a data volume", instance(SERVER, userData="#cloud-config\npackages:\n- xfsprogs\n")),
        Row(
            "a host that has moved its data",
            instance(SERVER, userData="#cloud-config\npackages:\n- mysql-server\n"),
            ("may terminate it",),
        ),
        Row("a data volume", resource(VOLUME, DATA_VOLUME), ("Pulumi may delete it",)),
        Row("a data volume, protected", replace(resource(VOLUME, DATA_VOLUME), protected=True)),
        Row("a data volume, expendable", resource(VOLUME, DATA_VOLUME), (), {"expendable": ["it"]}),
        Row("another volume", resource(VOLUME)),
        Row("a client", instance("mysql-pair:index:MySqlClient$mysql-pair:index:Host$")),
        Row("another's server, by settings", instance(), ("may terminate it",), {"instances": ["i*"]}),
        Row("expendable, by settings", instance(SERVER), (), {"expendable": ["it"]}),
        Row("a database that is dropped", resource(DATABASE, name="app", drop=True), ("is to be dropped",)),
        Row("one that may be", resource(DATABASE, name="app", drop=True), (), {"mayDrop": ["app"]}),
        Row("one that stays", resource(DATABASE, name="app", drop=False)),
        Row("a bucket of backups", resource(BUCKET, KEPT_IN, forceDestroy=False)),
        Row("by force with the stack", resource(BUCKET, KEPT_IN, forceDestroy=True), ("force_destroy",)),
        Row("another bucket", resource(BUCKET, forceDestroy=True)),
    ],
    "no-public-bucket": [
        Row("a private one", resource(BUCKET)),
        Row("an acl for everyone", resource(BUCKET, acl="public-read"), ("its acl is public-read",)),
        Row("all is blocked", resource(BLOCK, **BLOCKED)),
        Row("not all is", resource(BLOCK, **{**BLOCKED, "blockPublicPolicy": False}), ("set block_public_policy to",)),
        Row("not known yet", resource(BLOCK, **{**BLOCKED, "blockPublicPolicy": UNKNOWN})),
        Row("a policy for everyone", bucket_policy(Effect="Allow", Principal="*"), ("lets everyone in",)),
        Row("spelled otherwise", bucket_policy(Effect="Allow", Principal={"AWS": ["*"]}), ("lets everyone in",)),
        Row("for some of them", bucket_policy(Effect="Allow", Principal="*", Condition={"IpAddress": {}})),
        Row("against everyone", bucket_policy(Effect="Deny", Principal="*")),
        Row("a policy that is not known yet", resource(BUCKET_POLICY, policy=UNKNOWN)),
    ],
    "backups-not-deletable": [
        Row("adds and reads", role_policy("s3:PutObject", "s3:GetObject", "s3:ListBucket")),
        Row("deletes", role_policy("s3:PutObject", "s3:DeleteObject"), ("by s3:DeleteObject; allow",)),
        Row("everything", role_policy("s3:*"), ("s3:PutLifecycleConfiguration",)),
        Row("in other letters", role_policy("S3:deleteobject*"), ("s3:DeleteObjectVersion",)),
        Row("all but some", role_policy(NotAction="s3:DeleteObject"), ("name in Action",)),
        Row("what is denied", role_policy("s3:*", Effect="Deny")),
        Row("another role", role_policy("s3:*", within="")),
        Row("another, by settings", role_policy("s3:*", within=""), ("may delete",), {"policies": ["i*"]}),
    ],
    "required-tags": [
        Row("all", instance(tags=TAGS)),
        Row("one missing, one empty", instance(tags={"Name": "a", "Stack": ""}), ("no tag Project, Stack",)),
        Row("none", instance(), ("no tag Name, Project, Stack",)),
        Row("from the provider", replace(instance(tags={"Name": "a"}), default_tags=TAGS)),
        Row("not known yet", instance(tags=UNKNOWN)),
        Row("one not known yet", instance(tags={**TAGS, "Stack": UNKNOWN})),
        Row("a type that has none", resource("aws:ec2/route:Route")),
        Row("others, by settings", instance(tags=TAGS), ("no tag Team",), {"tags": ["Team"]}),
    ],
}

BASE64 = base64.b64encode(f"#cloud-config\npassword: {SECRET}\n".encode()).decode()
GZIP = base64.b64encode(gzip.compress(f"#!/bin/sh\nexport MYSQL_PWD={SECRET}\n".encode())).decode()
FILE = f"#cloud-config\nwrite_files:\n  - path: /a\n    encoding: gz+b64\n    content: {GZIP}\n"
TEXTS = {
    "no-secrets-in-user-data": [
        Row("the program's server", instance(userData=user_data("server", {"/a": "b"}))),
        Row("the program's client", instance(userData=user_data("client"))),
        Row("a password", instance(userData=f"#!/bin/sh\nPASSWORD={SECRET}"), ("in line 2:",)),
        Row("base64", instance(userDataBase64=BASE64), ("line 2 of what is packed in line 1",)),
        Row("gzip", instance(userDataBase64=GZIP), ("line 2 of what is packed in line 1",)),
        Row("a packed file", instance(userData=FILE), ("line 2 of what is packed in line 5",)),
        Row("a template's", resource(TEMPLATE, userData=BASE64), ("line 2",)),
        Row("allowed", instance(userData=f"key {SECRET}"), (), {"allow": ["Zk3.*"]}),
        Row("allowed only in part", instance(userData=f"key {SECRET}"), ("line 1",), {"allow": ["Zk3"]}),
        Row("not known yet", instance(userData=UNKNOWN)),
        Row("none", instance()),
    ],
    "no-secrets-in-commands": [
        Row("as the program's", remote(stdin=SECRET, triggers=["i-0123456789abcdef0", UNKNOWN])),
        Row("create", remote(create=f"mysql -p{SECRET} -e 'select 1'"), ("create has a password on a",)),
        Row("update", remote(update=f"login --token={SECRET}"), ("update has the value of a password",)),
        Row("delete", remote(delete=f"drop {SECRET}"), ("delete has a word that looks random",)),
        Row("triggers", remote(triggers=["a", SECRET]), ("triggers has a word that looks random, as",)),
        Row("a digest as trigger", remote(triggers=["d2c7" * 8 + "0123456789abcdef"])),
        Row(
            "environment",
            remote(environment={"DB_PASSWORD": "hunter2"}),
            ("environment has the value of a password", "has environment variables"),
        ),
        Row("logged", remote(logging="stdoutAndStderr"), ("set logging to",)),
        Row("logged by default", remote(logging=None), ("set logging to",)),
        Row("the former output", remote(addPreviousOutputInEnv=True), ("add_previous_output_in_env",)),
        Row("a local command", resource(LOCAL, create="make", environment={"A": "b"})),
        Row("a local one's text", resource(LOCAL, create=f"x --password {SECRET}"), ("create has",)),
        Row(
            "a local one that prints a secret",
            replace(resource(LOCAL, create="openssl rand -hex 32"), secret_outputs=("stdout",)),
            ("its output is logged",),
        ),
    ],
}
ROWS = REACH | INSTANCES | TEXTS
CASES = [pytest.param(rule, row, id=f"{rule}: {row.case}") for rule, rows in ROWS.items() for row in rows]


@pytest.mark.parametrize(("name", "row"), CASES)
def test_a_rule_says_what_is_wrong_with_a_resource(name: str, row: Row) -> None:
    rule = RULES[name]
    assert isinstance(rule, ResourceRule)
    said = list(rule.check(row.subject, settled(rule, row.settings)))
    assert len(said) == len(row.says), said
    for message, part in zip(said, row.says, strict=True):
        assert part in message
        assert SECRET not in message


def test_each_rule_has_a_row_that_passes_and_one_that_does_not() -> None:
    assert set(ROWS) == {name for name, rule in RULES.items() if isinstance(rule, ResourceRule)}
    for name, rows in ROWS.items():
        assert {bool(row.says) for row in rows} == {True, False}, name


@pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
def test_a_setting_that_a_rule_has_not_is_refused(rule: ResourceRule) -> None:
    with pytest.raises(ValueError, match=f"policy {rule.name} has no setting prot; its settings: "):
        settled(rule, {"prot": 1})
