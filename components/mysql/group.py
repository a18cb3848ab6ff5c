"""A group of MySQL servers (Group Replication): what its members share, and the order in which they come into it."""

import uuid
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, NotRequired, TypedDict

import pulumi

from components import checks
from components.args import args_faults
from components.component import Component
from components.generated import generated
from components.host.agent import HostAgent, answer
from scripts.host.client.spec import GroupCheckSpec
from scripts.host.common.codec import SpecFault
from scripts.host.constants import MYSQL_PORT
from scripts.host.group.spec import GroupSpec, MemberSpec
from scripts.host.mysql.spec import AuthorityFacts

if TYPE_CHECKING:
    from components.mysql.server import MySqlServer

JOIN_SECONDS = 13 * 3600
"""More than the agent waits for a clone of a large database."""
BEGIN_SECONDS = 900
CHECK_SECONDS = 60
AUTHORITY_SECONDS = 360


class ServerGroupArgs(TypedDict):
    """What a ServerGroup is made from."""

    members: Sequence[MemberSpec]
    """In the order in which they are changed; the first begins the group."""
    mysql_port: NotRequired[Annotated[int, checks.mysql_port]]
    """Of all of them; 3306 if not given."""
    asked_by: NotRequired[HostAgent]
    """Of the client host from which the group is asked for its primary before any of its members is changed."""
    ready: NotRequired[Sequence[pulumi.Resource]]
    """What lets that host reach them: rules."""
    balancer_host: NotRequired[pulumi.Input[str]]
    """The DNS name of the load balancer before them, which is in their certificates then."""
    digest: NotRequired[str]
    """Another one whenever something of the members is another."""
    there: NotRequired[Collection[str]]
    """The names of those members that have a host or data already; all of them, if not given."""


class ServerGroup(Component):
    """What the members of a group share: its name, and the authority of their certificates.

    Type: mysql-pair:index:ServerGroup. Makes: a command.local.Command for the group's name, and command.remote.Command:
    on a client host for the check that there is a primary, without which nothing is changed; on the first member, once
    in the stack's life, for the authority and for the group's beginning; on each for its joining. The authority's key
    is in the state, a secret, so that it outlives every member.
    """

    group_name: pulumi.Output[str]
    """A UUID, kept in the state."""

    def __init__(self, name: str, args: ServerGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the name; members are added by `join`."""
        self.refuse(name, [*args_faults(ServerGroupArgs, args), *_faults(args)])
        super().__init__(name, opts)
        self._args = args
        self.members = tuple(args["members"])
        self.mysql_port = args.get("mysql_port", MYSQL_PORT)
        self.names = [args["balancer_host"]] if "balancer_host" in args else []
        """Names that every member's certificate is for, beside its own."""
        seed = pulumi.Output.unsecret(generated(f"{name}-name", self))
        self.group_name = seed.apply(lambda text: str(uuid.uuid5(uuid.NAMESPACE_OID, text)))
        self._authority: pulumi.Output[str] | None = None
        self._there = args.get("there", [member.name for member in self.members])
        self._joined: dict[str, pulumi.Resource] = {}
        self._checked = self._check()
        self.end()

    def spec(self, member: str) -> pulumi.Output[GroupSpec]:
        """Return what a member is told of the group."""
        return self.group_name.apply(lambda name: GroupSpec(name, self.members, member, self.mysql_port))

    def before(self, member: str) -> tuple[pulumi.Resource, ...]:
        """Return what must be there before a member's host is made or changed: the former ones are in the group again.

        One that is made takes nothing from the group meanwhile: it waits for those that are there, and for no other new
        one, so that new ones boot side by side. They join one after another all the same.
        """
        if not self._there:
            return ()
        joined = [made for name, made in self._joined.items() if member in self._there or name in self._there]
        return (*self._checked, *joined[-1:])

    def _check(self) -> list[pulumi.Resource]:
        """Register the check that comes before any change of a member."""
        agent = self._args.get("asked_by")
        if agent is None:
            return []
        spec = GroupCheckSpec(tuple(member.address for member in self.members), self._args.get("digest", ""))
        ready = self._args.get("ready", ())
        return [agent.run(f"{self.name}-checked", "check-group", spec, CHECK_SECONDS, self, ready)]

    def authority(self, agent: HostAgent, after: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        """Return key and certificate of the authority, a secret: that of the server that was there first."""
        if self._authority is None:
            name = f"{self.name}-authority"
            told = agent.run_once(name, "authority", AUTHORITY_SECONDS, self, after)
            facts = answer(told, AuthorityFacts)
            self._authority = pulumi.Output.secret(facts.apply(lambda known: known.pem))
        return self._authority

    def join(self, server: "MySqlServer", after: Sequence[pulumi.Resource] = ()) -> None:
        """Register that a server joins, after the members before it; the first one begins the group.

        Args:
            server: the member, which was made with this group.
            after: what must be done on it before, such as a restore.
        """
        spec, before = self.spec(server.name), [*server.ready, *after]
        if not self._joined:
            begun = server.agent.run_once(f"{self.name}-begun", "group begin", BEGIN_SECONDS, self, before, spec)
            before = [*before, begun]
        former = [*self._checked, *list(self._joined.values())[-1:]]
        # Anew where a host comes back from a change of its instance, which is no new one.
        changed = [{"instance_type": server.instance_type}]
        joined = server.agent.run(
            f"{server.name}-joined", "group join", spec, JOIN_SECONDS, self, [*before, *former], changed
        )
        server.ready.append(joined)
        self._joined[server.name] = joined


def _faults(args: ServerGroupArgs) -> list[SpecFault]:
    names = [member.name for member in args["members"]]
    if len(names) % 2 == 0 or len(set(names)) != len(names):
        return [SpecFault("members", f"are {', '.join(names)}", "Give an odd number, each its own name")]
    return []
