"""Stacks by hand: the state and the outputs that the program leaves, as far as a picture is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
CANARY = "Pa55-canary-of-the-state"
SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": CANARY}
"""A secret as a state has it. Its ciphertext stands for itself: nothing of it may be drawn."""
ROOT = "urn:pulumi:here::mysql-pair::pulumi:pulumi:Stack::mysql-pair-here"
OWN_TYPE = "mysql-pair:index:"
PARTS = {name: f"{OWN_TYPE}{name.capitalize()}::{name}" for name in ("firewall", "network")}
"""Components by the first word of their resources' names; all other resources are a host's, by the last."""
OWN = {"server": "sg-server", "client": "sg-client", "jump": "sg-jump"}
ZONES = ("eu-central-1a", "eu-central-1b")


def resource(kind: str, name: str, id: str = "", **properties: Any) -> dict[str, Any]:
    """Return a resource of a state; a component has its properties as inputs, and is a part of the stack."""
    urn = f"urn:pulumi:here::mysql-pair::{kind}::{name}"
    if ":index:" in kind:
        return {"urn": urn, "type": kind, "parent": ROOT, "inputs": properties}
    component = PARTS.get(name.partition("-")[0], f"{OWN_TYPE}Host::{name.rpartition('-')[0]}")
    parent = f"urn:pulumi:here::mysql-pair::{component}"
    return {"urn": urn, "type": kind, "id": id, "parent": parent, "outputs": properties}


def grant(*privileges: str, grant_option: bool = False) -> dict[str, Any]:
    """Return a grant as components show it, but for its target, which a label says too."""
    return {"privileges": list(privileges), "grant_option": grant_option}


def user(key: str, host: str = "10.20.0.0/16", **more: Any) -> dict[str, Any]:
    """Return a user's properties."""
    usual = {"grants": {"app.*": grant("ALL")}, "roles": [], "locked": False, "generation": 1, "finished_generation": 0}
    return {"key": key, "host": host, "password": SECRET, "comment": CANARY, **usual, **more}


@dataclass(frozen=True)
class Rule:
    """A rule of one of the stack's groups."""

    group: str
    peer: Mapping[str, str]
    first: int
    last: int = 0
    protocol: str = "tcp"
    out: bool = False

    def resource(self, number: int) -> dict[str, Any]:
        kind = f"SecurityGroup{'Egress' if self.out else 'Ingress'}Rule"
        return resource(
            f"aws:vpc/s{kind[1:]}:{kind}",
            f"firewall-rule-{number}",
            securityGroupId=OWN[self.group],
            ipProtocol=self.protocol,
            fromPort=self.first,
            toPort=self.last or self.first,
            description=CANARY,
            **self.peer,
        )


def group(name: str) -> dict[str, str]:
    return {"referencedSecurityGroupId": OWN.get(name, name)}


def cidr(text: str) -> dict[str, str]:
    return {"cidrIpv4": text}


PAIR_RULES = (
    Rule("client", cidr("203.0.113.7/32"), 22),
    Rule("server", group("jump"), 22),
    Rule("server", group("client"), 3306),
    Rule("jump", group("server"), 22, out=True),
    *(Rule(one, cidr("0.0.0.0/0"), port, out=True) for one in ("server", "client") for port in (80, 443)),
)


@dataclass(frozen=True)
class Client:
    """A client host."""

    name: str
    zone: int = 1
    public: bool = True


@dataclass(frozen=True)
class StackState:
    """A stack; as it stands, the pair of the lab."""

    clients: Sequence[Client] = (Client("client-1"),)
    users: Sequence[Mapping[str, Any]] = (user("app"),)
    databases: Sequence[str] = ("app",)
    rules: Sequence[Rule] = PAIR_RULES
    jump: str | None = "client-1"
    server_public: bool = False
    nat: bool = True
    own_vpc: bool = True
    tls: object = True
    backup_days: float = 7.0
    volume: str | None = None
    others: Sequence[str] = ()
    """More servers, each with a volume."""
    more: Sequence[dict[str, Any]] = field(default_factory=tuple)

    def outputs(self) -> dict[str, Any]:
        """Return what `pulumi stack output` prints."""
        found = {
            "server_instance_id": "i-server",
            "data_volume_id": self.volume,
            "client_names": [client.name for client in self.clients],
            "jump_host": self.jump,
            "mysql_version": "9.7.4-2",
            "mysql_port": 3306,
            "database_names": list(self.databases),
            "backup_bucket": "mysql-pair-here-backups-1a2b3c" if self.backup_days else None,
            "primary_user": self.users[0]["key"] if self.users else None,
            "connection_string": "[secret]",
            "mysql_ca_certificate": CANARY,
        }
        return {key: value for key, value in found.items() if value is not None}

    def resources(self) -> list[dict[str, Any]]:
        """Return the state's resources."""
        return [
            *(self._network() if self.own_vpc else []),
            *(
                resource("aws:ec2/securityGroup:SecurityGroup", f"firewall-{name}", id, vpcId="vpc-1")
                for name, id in OWN.items()
            ),
            *(rule.resource(number) for number, rule in enumerate(self.rules)),
            *self._host("server", "i-server", "10.20.0.10", "server-subnet", ["sg-server"], self.server_public),
            *(part for number, name in enumerate(self.others, 2) for part in self._other(number, name)),
            *(part for number, client in enumerate(self.clients) for part in self._client(number, client)),
            resource(
                "mysql-pair:index:MySqlServer", "server", settings={"require_secure_transport": self.tls, "x": SECRET}
            ),
            resource("mysql-pair:index:Backups", "backups", retentionDays=self.backup_days, key=SECRET),
            *(resource("mysql-pair:index:MySqlUser", f"user-{number}", **it) for number, it in enumerate(self.users)),
            resource("command:remote:Command", "accounts-applied", stdin=SECRET, stdout=SECRET),
            *self.more,
        ]

    def _other(self, number: int, name: str) -> list[dict[str, Any]]:
        subnet = "server-subnet" if number % 2 else "private-2"
        return [
            *self._host(name, f"i-{name}", f"10.20.{number * 16}.10", subnet, ["sg-server"], False),
            resource("mysql-pair:index:MySqlServer", name, settings={"require_secure_transport": self.tls}),
            resource("aws:ebs/volume:Volume", f"{name}-data-volume", f"vol-{number}", size=16),
            resource(
                "aws:ec2/volumeAttachment:VolumeAttachment",
                f"{name}-data-attached",
                instanceId=f"i-{name}",
                volumeId=f"vol-{number}",
            ),
        ]

    def _client(self, number: int, client: Client) -> list[dict[str, Any]]:
        subnet = f"{'public' if client.public else 'private'}-{client.zone}"
        groups = ["sg-client", *(["sg-jump"] if client.name == self.jump else [])]
        return self._host(client.name, f"i-{number}", f"10.20.16.{number + 4}", subnet, groups, client.public)

    def _host(
        self, name: str, id: str, address: str, subnet: str, groups: list[str], public: bool
    ) -> list[dict[str, Any]]:
        made = resource(
            "aws:ec2/instance:Instance",
            f"{name}-instance",
            id,
            instanceType="t3.micro",
            privateIp=address,
            publicIp="",
            subnetId=f"subnet-{subnet}",
            availabilityZone=ZONES[0],
            region="eu-central-1",
            vpcSecurityGroupIds=groups,
            userData=CANARY,
        )
        last = address.rsplit(".", 1)[1]
        attached = resource(
            "aws:ec2/eipAssociation:EipAssociation", f"{name}-address", instanceId=id, publicIp=f"198.51.100.{last}"
        )
        return [made, *([attached] if public else [])]

    def _network(self) -> list[dict[str, Any]]:
        names = ["server-subnet", "public-1", "public-2", "private-1", "private-2"]
        public = {"public-1", "public-2", *(["server-subnet"] if self.server_public else [])}
        found = [
            resource("aws:ec2/vpc:Vpc", "network-vpc", "vpc-1", cidrBlock="10.20.0.0/16"),
            resource("aws:ec2/internetGateway:InternetGateway", "network-gateway", "igw-1"),
            self._route("to-internet", gatewayId="igw-1"),
        ]
        for number, name in enumerate(names):
            table = "to-internet" if name in public else "to-nat"
            zone = ZONES[0 if number == 0 else (number - 1) % 2]
            found += [
                resource(
                    "aws:ec2/subnet:Subnet",
                    f"network-{name}",
                    f"subnet-{name}",
                    cidrBlock=f"10.20.{number * 16}.0/20",
                    availabilityZone=zone,
                ),
                resource(
                    "aws:ec2/routeTableAssociation:RouteTableAssociation",
                    f"network-{name}-routes",
                    subnetId=f"subnet-{name}",
                    routeTableId=table,
                ),
            ]
        if self.nat:
            found += [
                resource(
                    "aws:ec2/natGateway:NatGateway", "network-nat", "nat-1",
                    subnetId="subnet-public-1", publicIp="198.51.100.1",
                ),
                self._route("to-nat", natGatewayId="nat-1"),
            ]  # fmt: skip
        return found

    def _route(self, table: str, **to: str) -> dict[str, Any]:
        return resource(
            "aws:ec2/route:Route", f"network-{table}", destinationCidrBlock="0.0.0.0/0", routeTableId=table, **to
        )


WRITING = {"shop.*": grant("DELETE", "INSERT", "SELECT", "UPDATE")}
READING = {"app.*": grant("SELECT", "SHOW VIEW")}
LARGE = StackState(
    clients=(
        *(Client(f"client-{number}") for number in (1, 2, 3)),
        Client("batch-1", zone=2),
        *(Client(f"app-{number}", zone=1, public=False) for number in (1, 2)),
        *(Client(f"reports-of-a-long-name-{number}", zone=2, public=False) for number in (1, 2)),
    ),
    users=(
        user("app"),
        user("report", host="%.reports.example.org", grants=READING, roles=["reading"], locked=True),
        user(
            "shop",
            grants={"shop.*": grant("DELETE", "INSERT", "SELECT", "UPDATE")},
            generation=2,
            finished_generation=1,
        ),
        *(user(f"team-{number}", grants=READING) for number in range(4, 31)),
    ),
    databases=("app", "shop", *(f"archive_{year}" for year in range(2010, 2022))),
    rules=(
        *PAIR_RULES,
        Rule("client", cidr("198.51.100.0/24"), 22),
        Rule("client", group("jump"), 22),
        Rule("client", group("sg-0123456789abcdef0"), 22),
        Rule("server", group("sg-0123456789abcdef0"), 22),
        Rule("server", group("sg-00000000000000001"), 3306),
        Rule("server", group("sg-00000000000000001"), 33060),
        Rule("server", group("sg-00000000000000002"), 3306),
        Rule("server", group("sg-00000000000000002"), 33060),
        Rule("server", group("client"), 33060),
        Rule("client", cidr("10.0.0.0/8"), 5432, out=True),
        Rule("server", cidr("10.0.0.0/8"), 5000, 6000, protocol="udp", out=True),
    ),
)
PUBLIC_SERVER = StackState(
    server_public=True,
    jump=None,
    nat=False,
    users=(),
    databases=(),
    tls=False,
    rules=(
        Rule("client", cidr("203.0.113.7/32"), 22),
        Rule("server", cidr("203.0.113.7/32"), 22),
        *(Rule(one, group("sg-0123456789abcdef0"), 22) for one in ("client", "server")),
        Rule("server", group("client"), 3306),
        Rule("client", cidr("0.0.0.0/0"), 443),
    ),
)
EXISTING_VPC = StackState(own_vpc=False, clients=(Client("client-1"), Client("app-1", zone=2, public=False)))
LOW_SERVER = StackState(
    clients=(*(Client(f"app-{number}") for number in range(1, 6)), Client("client-1", zone=2)),
    users=(),
    rules=(*LARGE.rules, Rule("client", group("server"), 8080), Rule("client", group("client"), 4567)),
)
SECOND_ZONE = StackState(clients=(Client("client-1", zone=2), Client("app-1", zone=1, public=False)))
NO_CLIENT_AT_ALL = StackState(clients=(), jump=None, rules=(Rule("server", group("sg-0123456789abcdef0"), 3306),))
CROWD = StackState(
    rules=(
        *PAIR_RULES,
        *(Rule("client", cidr(f"203.0.113.{number}/32"), 22) for number in range(20, 32)),
        *(Rule("server", group(f"sg-{number:017}"), 3306) for number in range(12)),
    )
)
AWKWARD = StackState(
    clients=(Client("client-1"),),
    users=(
        user("app", host="<%>&\"'.example"),
        user("w" * 31, host="m" * 60, roles=["<script>", "ü\u202e\x07漢字" * 9]),
    ),
    databases=("a&b", "<svg onload='x'>", "m" * 64, "]]>", "\x1b[31m"),
)
SECRETS_ALL_OVER = StackState(
    users=(
        {**user("app"), "host": SECRET, "grants": SECRET, "roles": SECRET, "locked": SECRET, "generation": SECRET},
        {**user("report"), "key": SECRET, "grants": {"app.*": SECRET}, "roles": [SECRET]},
    ),
    tls=SECRET,
)
GROUP = StackState(
    others=("server-2", "server-3"),
    volume="vol-1",
    rules=(
        *PAIR_RULES,
        *(Rule("server", group("server"), port) for port in (3306, 33061, 33065)),
        Rule("server", group("client"), 33065),
    ),
)
ALL = {
    "pair": StackState(),
    "large": LARGE,
    "public server": PUBLIC_SERVER,
    "existing VPC": EXISTING_VPC,
    "low server": LOW_SERVER,
    "second zone": SECOND_ZONE,
    "no client": NO_CLIENT_AT_ALL,
    "crowd": CROWD,
    "group": GROUP,
    "awkward": AWKWARD,
    "secrets": SECRETS_ALL_OVER,
}
