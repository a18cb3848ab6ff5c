"""Verb `group status`: the group as this member sees it."""

from scripts.host.group import membership
from scripts.host.group.spec import GroupFacts, MemberFacts
from scripts.host.group.view import View
from scripts.host.mysql import server

WAITING = (
    "SELECT COALESCE(SUM(count_transactions_in_queue + count_transactions_remote_in_applier_queue), 0)"
    " FROM performance_schema.replication_group_member_stats WHERE member_id = @@server_uuid"
)


def status() -> GroupFacts:
    """Ask MySQL; nothing is changed."""
    session, group = server.Session(), membership.told()
    view = View.read(session)
    names = {member.address: member.name for member in group.members} if group else {}
    return GroupFacts(
        own=group.own if group else "",
        members=tuple(
            MemberFacts(names.get(seen.address, ""), seen.address, seen.uuid, seen.state, seen.role, seen.version)
            for seen in view.members
        ),
        has_majority=view.has_majority,
        executed=session.one("SELECT @@GLOBAL.gtid_executed").replace("\n", ""),
        queue=int(session.one(WAITING)),
        note=membership.noted(),
    )
