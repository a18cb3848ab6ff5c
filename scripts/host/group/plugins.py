"""MySQL's plugins of a member, and what a server with data must be like before it becomes one."""

from collections.abc import Set

from scripts.host.common.errors import HostError
from scripts.host.group import membership
from scripts.host.group.settings import PLUGINS
from scripts.host.group.spec import GroupSpec
from scripts.host.mysql import server
from scripts.host.mysql.server import Session

SHOWN = 20
"""How many tables a message names."""
OTHER_ENGINES = (
    "SELECT CONCAT(table_schema, '.', table_name, ' (', engine, ')') FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE' AND engine <> 'InnoDB'"
    " AND table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema') ORDER BY 1"
)
WITHOUT_KEY = (
    "SELECT CONCAT(t.table_schema, '.', t.table_name) FROM information_schema.tables t"
    " WHERE t.table_type = 'BASE TABLE' AND t.engine = 'InnoDB'"
    " AND t.table_schema NOT IN ('mysql', 'sys', 'performance_schema', 'information_schema')"
    " AND NOT EXISTS (SELECT 1 FROM information_schema.statistics s WHERE s.table_schema = t.table_schema"
    " AND s.table_name = t.table_name AND s.index_name = 'PRIMARY') ORDER BY 1"
)


def converge(group: GroupSpec) -> None:
    """Install what is missing, on a server whose data the group can take.

    Raises:
        HostError: it has tables that the group cannot take, and nothing was changed.
    """
    session = server.Session()
    if not membership.has_joined(group):
        require_fit(session)
    there = installed(session)
    for name, library in PLUGINS.items():
        if name not in there:
            session.do(f"INSTALL PLUGIN {name} SONAME '{library}'")


def installed(session: Session) -> Set[str]:
    """Return which plugins of a member's the server has."""
    rows = session.rows("SELECT plugin_name FROM information_schema.plugins")
    return PLUGINS.keys() & {name for (name,) in rows}


def require_fit(session: Session) -> None:
    """Refuse data that Group Replication does not take (MySQL manual, "Group Replication Requirements").

    Raises:
        HostError: with the tables, and what to do about them.
    """
    faults = []
    for query, wrong, hint in (
        (OTHER_ENGINES, "are not InnoDB", "ALTER TABLE … ENGINE = InnoDB"),
        (WITHOUT_KEY, "have no primary key", "add one; an invisible column will do"),
    ):
        if tables := [name for (name,) in session.rows(query)]:
            more = f" and {len(tables) - SHOWN} more" if len(tables) > SHOWN else ""
            faults.append(f"these tables {wrong}: {', '.join(tables[:SHOWN])}{more}; {hint}")
    if faults:
        head = "a group of servers does not take this server's data, and nothing was changed:"
        raise HostError("\n".join([head, *faults]))
