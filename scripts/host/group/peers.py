"""The other members: how this one logs in to them, and what they say of the group.

Each member has an account for its address that needs no password but a certificate of the group's authority for that
very address, which nobody else has the key of. Group Replication's recovery and CLONE use the same account.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scripts.host.common.errors import HostError
from scripts.host.constants import ROLE_USER
from scripts.host.group.spec import GroupSpec, MemberSpec
from scripts.host.group.view import View
from scripts.host.mysql import authority
from scripts.host.mysql.server import Error, Session
from scripts.host.mysql.service import DATA

USER = "mysql_pair_member"
UNIX_USER = "mysql"
CONNECT_SECONDS = 3
READ_SECONDS = 20
GRANTS = (
    # Of recovery by the log and by CLONE.
    "REPLICATION SLAVE, REPLICATION CLIENT",
    "BACKUP_ADMIN, CLONE_ADMIN, GROUP_REPLICATION_STREAM",
    # To ask a member that lets nobody else in, and to take members out of a group that is given up.
    "CONNECTION_ADMIN, GROUP_REPLICATION_ADMIN",
)


@dataclass(frozen=True)
class Answer:
    """What another member says."""

    member: MemberSpec
    view: View
    executed: str
    """The GTIDs of the transactions that it has."""


class Peer(Session):
    """A session on another member."""

    def __init__(self, group: GroupSpec, member: MemberSpec) -> None:
        """Log in, with the identity of both sides checked.

        Raises:
            Error: the member does not answer, or refuses.
        """
        pair = str(DATA / "server-key.pem")
        super().__init__(
            host=member.address,
            port=group.port,
            user=USER,
            ssl_ca=str(DATA / "ca.pem"),
            ssl_cert=pair,
            ssl_key=pair,
            ssl_verify_cert=True,
            ssl_verify_identity=True,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )


def ask(group: GroupSpec) -> list[Answer]:
    """Return what those of the other members say that answer."""
    return list(_answers(group))


def _answers(group: GroupSpec) -> Iterator[Answer]:
    for member in group.others:
        try:
            session = Peer(group, member)
            executed = session.one("SELECT @@GLOBAL.gtid_executed").replace("\n", "")
            yield Answer(member, View.read(session), executed)
        except Error:
            continue


def with_majority(answers: Iterable[Answer]) -> Answer | None:
    """Return the answer of a member that is ONLINE in a group with a majority, the primary's if it has answered."""
    inside = [answer for answer in answers if answer.view.has_majority and answer.view.own in answer.view.online]
    return min(inside, key=lambda answer: not answer.view.is_primary, default=None)


def lack_accounts(session: Session, group: GroupSpec) -> bool:
    """Return whether a member has no account yet."""
    return not {member.address for member in group.members} <= account_hosts(session, USER)


def account_hosts(session: Session, user: str) -> set[str]:
    """Return the host parts of a user's accounts."""
    return {host for (host,) in session.rows("SELECT host FROM mysql.user WHERE user = %s", [user])}


def make_accounts(session: Session, group: GroupSpec) -> None:
    """Have the accounts of all members, on a server that takes writes.

    Raises:
        HostError: MySQL refuses.
    """
    issuer = authority.subject()
    wanted = {member.address for member in group.members}
    there = account_hosts(session, USER)
    for address in sorted(there - wanted):
        session.do("DROP USER %s@%s", [USER, address])
    for member in group.members:
        account = [USER, member.address]
        needs = ["REQUIRE SUBJECT %s AND ISSUER %s", f"/CN={member.address}", issuer]
        if member.address not in there:
            # Whatever default_password_lifetime is: it has no password.
            session.do(f"CREATE USER %s@%s {needs[0]} PASSWORD EXPIRE NEVER", [*account, *needs[1:]])
        elif _needs(session, account) != tuple(needs[1:]):
            session.do(f"ALTER USER %s@%s {needs[0]}", [*account, *needs[1:]])
        if member.address not in there or not _is_granted(session, account):
            for privileges in GRANTS:
                session.do(f"GRANT {privileges} ON *.* TO %s@%s", account)
            session.do("GRANT SELECT ON performance_schema.* TO %s@%s", account)
    _make_role_account(session)


def _needs(session: Session, account: list[str]) -> tuple[str, str]:
    query = "SELECT x509_subject, x509_issuer FROM mysql.user WHERE user = %s AND host = %s"
    texts = [text.decode() if isinstance(text, bytes) else str(text) for text in session.rows(query, account)[0]]
    return texts[0], texts[1]


def _is_granted(session: Session, account: list[str]) -> bool:
    query = "SELECT 1 FROM mysql.db WHERE user = %s AND host = %s AND db = 'performance_schema'"
    return bool(session.rows(query, account))


def _make_role_account(session: Session) -> None:
    if session.rows("SELECT 1 FROM mysql.user WHERE user = %s AND host = 'localhost'", [ROLE_USER]):
        return
    session.do("CREATE USER %s@localhost IDENTIFIED WITH auth_socket AS %s", [ROLE_USER, UNIX_USER])
    session.do("GRANT SELECT ON performance_schema.* TO %s@localhost", [ROLE_USER])


def require_primary(group: GroupSpec, answers: Iterable[Answer]) -> Answer:
    """Return the answer of a member that is in a group with a majority.

    Raises:
        HostError: there is none; what to do is in the text.
    """
    found = with_majority(answers)
    if found is None:
        names = ", ".join(member.name for member in group.others)
        raise HostError(
            f"none of {names} is in a group with a majority, and nothing was changed. Start their hosts: members "
            "rejoin by themselves while the others have a majority. After an outage of all, or where too few are left "
            "for a majority, run `python -m scripts start-group`"
        )
    return found
