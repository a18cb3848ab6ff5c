"""Verbs `group begin` and `group join`: how a group comes about, and how a server gets into it.

`begin` is run once in a stack's life, and only ever on the first server: no other verb makes a group of nothing. `join`
is run on every server, one after another: a new one takes the data of a member by CLONE, one that was in the group
before the transactions that it lacks. It never gives up transactions of its own.
"""

from collections.abc import Sequence

from scripts.host.common import stdin
from scripts.host.common.errors import HostError
from scripts.host.group import admission, membership, peers, plugins, roles, units, waiting
from scripts.host.group.peers import Answer
from scripts.host.group.spec import GroupSpec
from scripts.host.group.view import ERROR, View
from scripts.host.mysql import restoring, series, server, service
from scripts.host.mysql.server import Error, Session

CHANNEL = "group_replication_recovery"
CLONED = "SELECT 1 FROM performance_schema.clone_status WHERE state = 'Completed'"
STARTED = (3093, 3021)
"""Errors of a server whose Group Replication, or whose recovery, runs already."""


def begin(group: GroupSpec) -> dict[str, str]:
    """Make the group, with this server as its only member.

    Raises:
        HostError: another member is in the group already, or MySQL refuses.
    """
    restoring.require_ended()
    membership.tell(group)
    session = server.Session()
    view = View.read(session)
    if not view.is_member:
        if inside := peers.with_majority(peers.ask(group)):
            raise HostError(
                f"{inside.member.name} is in the group already, so it is not begun anew. Run `python -m scripts rejoin "
                f"{group.own}`, and then `pulumi up` again"
            )
        # A restore may have brought what the group does not take.
        plugins.require_fit(session)
        peers.make_accounts(session, group)
        start(session, bootstrap=True)
        session = waiting.until_online()
    membership.mark_joined(group)
    return {"group": group.name}


def join(group: GroupSpec) -> dict[str, str]:
    """Have this server in the group, ONLINE, and the group ready for whoever joins after it.

    Raises:
        HostError: there is no group to join, or this server has data that the group does not have.
    """
    restoring.require_ended()
    membership.tell(group)
    units.enable()
    session = server.Session()
    view = View.read(session)
    if not view.is_member:
        answers = peers.ask(group)
        if membership.has_joined(group) and not peers.with_majority(answers) and len(answers) < len(group.others):
            # After a loss of all hosts they are made again one after another, and then an operator starts the group.
            membership.note("no group to join: not all of its servers answer")
            return {"group": group.name, "outage": "not all servers answer"}
        enter(session, group, view, answers)
    # Also where mysqld has begun to join by itself: the next member is changed after this.
    session = settled(group)
    view = View.read(session)
    if not view.is_primary and peers.lack_accounts(session, group):
        # Nobody else will make them: who is primary later may have had its turn.
        roles.make_primary(session, view.own)
        view = View.read(session)
    if view.is_primary:
        peers.make_accounts(session, group)
    return {"group": group.name}


def settled(group: GroupSpec) -> Session:
    """Return a session once this server is ONLINE, and note that it is.

    Raises:
        HostError: see waiting.until_online.
    """
    session = waiting.until_online()
    if not membership.has_joined(group) and not session.rows(CLONED):
        # mysqld was cut off in its clone, and has come back by the log, which may not reach back to the beginning.
        session.do("STOP GROUP_REPLICATION")
        session.do("SET GLOBAL super_read_only = OFF")
        clone(session)
        session = waiting.until_online()
    membership.mark_joined(group)
    membership.note("")
    open_again(session)
    return session


def enter(session: Session, group: GroupSpec, view: View, answers: Sequence[Answer]) -> None:
    """Begin to join the group that others answer for: by the log what was in it before, by CLONE what is new."""
    answer = peers.require_primary(group, answers)
    if membership.has_joined(group):
        admission.require_same_history(session, group, answer)
        if view.own.state == ERROR:
            session.do("STOP GROUP_REPLICATION")
        # Ends all sessions of clients: see group_replication_autorejoin_tries. It is ended once the server is ONLINE.
        session.do("SET GLOBAL offline_mode = ON")
        start(session)
        return
    admission.require_empty(session)
    admission.require_series(session, group, answer)
    series.note(session.one("SELECT VERSION()"))
    clone(session)


def clone(session: Session) -> None:
    """Begin to join as a server without transactions, which takes all data of the group's."""
    session.do(reset(session))
    # Whatever is missing is taken by CLONE; the start after it has the option file's threshold again.
    session.do("SET GLOBAL group_replication_clone_threshold = 1")
    membership.start_at_boot()
    start(session)


def start(session: Session, bootstrap: bool = False) -> None:
    """Start Group Replication, as the only member of a new group or as one more of one that there is.

    A mysqld that was just started may be about to do so itself.
    """
    log = service.log_size()
    try:
        session.do(f"CHANGE REPLICATION SOURCE TO SOURCE_USER = '{peers.USER}' FOR CHANNEL '{CHANNEL}'")
        if bootstrap:
            session.do("SET GLOBAL group_replication_bootstrap_group = ON")
        elif session.one("SELECT @@GLOBAL.group_replication_bootstrap_group"):
            # A run was killed as it began the group: this start would begin a second one.
            session.do("SET GLOBAL group_replication_bootstrap_group = OFF")
        session.do("START GROUP_REPLICATION")
    except Error as error:
        if error.number in STARTED and not bootstrap:
            return
        # MySQL's own text says no more than that the log says it.
        raise HostError(f"{error}\n{service.words_since(log)}") from error
    finally:
        if bootstrap:
            session.do("SET GLOBAL group_replication_bootstrap_group = OFF")


def open_again(session: Session) -> None:
    """Let clients in again, whom a member that fell out of the group has turned away."""
    if session.one("SELECT @@GLOBAL.offline_mode") and not restoring.is_closed():
        session.do("SET GLOBAL offline_mode = OFF")


def reset(session: Session) -> str:
    """Return the statement that forgets the transactions of the server's own setting up."""
    number = [int(part) for part in session.one("SELECT VERSION()").split("-")[0].split(".")[:2]]
    return "RESET BINARY LOGS AND GTIDS" if number >= [8, 2] else "RESET MASTER"


begin_verb = stdin.verb(GroupSpec, begin)
join_verb = stdin.verb(GroupSpec, join)
