"""What a picture of a stack shows. No secret has a place in it."""

from collections.abc import Iterable
from dataclasses import dataclass

from policy.rules.security_groups import TCP, Rule, open_to_world
from scripts.host.constants import GROUP_PORT, MYSQLX_PORT, ROLE_PORT, SSH_PORT

SERVICES = {SSH_PORT: "ssh", MYSQLX_PORT: "mysqlx", GROUP_PORT: "the group's", ROLE_PORT: "roles"}
"""What well-known ports are for; MySQL's own is the stack's."""


@dataclass(frozen=True)
class Subnet:
    """A subnet. Of one that the stack did not make, the range is not known, nor whether it is public."""

    id: str
    name: str
    zone: str
    cidr: str | None = None
    public: bool | None = None
    nat_routed: bool = False

    @property
    def words(self) -> str:
        """What kind it is, and its range."""
        kind = {True: "public subnet", False: "private subnet", None: "subnet"}[self.public]
        return f"{kind}, {self.cidr}" if self.cidr else f"{kind}, not of this stack"


@dataclass(frozen=True)
class Nat:
    """A NAT gateway."""

    subnet_id: str
    public_ip: str


@dataclass(frozen=True)
class Host:
    """An instance."""

    name: str
    instance_type: str
    private_ip: str
    public_ip: str | None
    subnet_id: str
    group_ids: tuple[str, ...]
    jump: bool = False
    data_volume: str = ""
    """Of a server: what its data are on, in words; empty where that is its root volume."""


@dataclass(frozen=True)
class User:
    """A MySQL user."""

    key: str
    host: str
    """The host part of its account."""
    access: str
    """What it may do, in a word or two."""
    marks: tuple[str, ...] = ()
    """What is out of the ordinary: locked, a rotation under way."""


@dataclass(frozen=True)
class MySql:
    """What runs on the servers."""

    version: str
    port: int
    tls_required: bool
    databases: tuple[str, ...]
    users: tuple[User, ...]
    backups: str = ""
    """Where backups go, and for how long they are kept; empty without backups."""


@dataclass(frozen=True)
class Picture:
    """A stack, as far as it is shown. All sequences are in the order in which they are drawn."""

    stack: str
    region: str
    vpc_id: str
    vpc_cidr: str | None
    internet_gateway: bool
    subnets: tuple[Subnet, ...]
    nats: tuple[Nat, ...]
    groups: dict[str, str]
    """Names of the stack's own security groups, by id."""
    ways_in: tuple[Rule, ...]
    ways_out: tuple[Rule, ...]
    servers: tuple[Host, ...]
    """The one, or the members of a group."""
    clients: tuple[Host, ...]
    mysql: MySql

    @property
    def hosts(self) -> tuple[Host, ...]:
        """All hosts, the servers last."""
        return (*self.clients, *self.servers)

    @property
    def title(self) -> str:
        """What it is a picture of."""
        return "A MySQL server and its clients" if len(self.servers) == 1 else "MySQL servers and their clients"

    def members(self, group_id: str) -> list[Host]:
        """Return the hosts that are in a security group."""
        return [host for host in self.hosts if group_id in host.group_ids]

    def outsiders(self, rule: Rule) -> bool:
        """Tell whether a way in is for a peer that is no host of the stack."""
        return not rule.by_group or not self.members(rule.peer)

    def group(self, group_id: str) -> str:
        """Return a security group's name, or the id of another's."""
        return self.groups.get(group_id, group_id)

    def subnet(self, subnet_id: str) -> str:
        """Return a subnet's name, or the id of one that is not known."""
        return next((subnet.name for subnet in self.subnets if subnet.id == subnet_id), subnet_id)

    def peer(self, rule: Rule) -> str:
        """Return who or what a rule is for."""
        return f"group {self.group(rule.peer)}" if rule.by_group else rule.peer

    def reach(self, rules: Iterable[Rule]) -> str:
        """Return what ways in let whom reach."""
        return "; ".join(f"{self.peer(rule)} to {self.label(rule)} of {self.group(rule.group)}" for rule in rules)

    def ways_out_of(self, group_ids: Iterable[str]) -> list[str]:
        """Return to which ranges of addresses these groups may open connections, and to which ports there."""
        groups, by_range = set(group_ids), dict[str, dict[str, None]]()
        for rule in self.ways_out:
            if rule.group in groups and not rule.by_group:
                by_range.setdefault(rule.peer, {})[rule.tcp_label] = None
        return [f"{', '.join(ports)} to {peer}" for peer, ports in by_range.items()]

    @property
    def sealed(self) -> list[Host]:
        """The hosts that no range of addresses has a way to."""
        open_groups = {rule.group for rule in self.ways_in if not rule.by_group}
        return [host for host in self.hosts if not open_groups & set(host.group_ids)]

    @property
    def open_to_anyone(self) -> list[str]:
        """The ports that are open to the whole internet, by rules of a group together too."""
        return sorted({self.label(rule) for rule in open_to_world(self.ways_in)})

    def label(self, rule: Rule) -> str:
        """Return a rule's ports, and what they are for."""
        first, last = rule.port_range or (None, None)
        services = {**SERVICES, self.mysql.port: "MySQL"}
        service = services.get(first, "") if first is not None and first == last and rule.protocol == TCP else ""
        return f"{rule.tcp_label} {service}".strip()
