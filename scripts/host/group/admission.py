"""Who may come into a group: nobody whose own data would be lost by it, or would be missing in the group."""

from scripts.host.common.errors import HostError
from scripts.host.group.peers import Answer
from scripts.host.group.spec import GroupSpec
from scripts.host.mysql.server import Session

OWN_SCHEMAS = ("mysql", "sys", "information_schema", "performance_schema")


def require_same_history(session: Session, group: GroupSpec, answer: Answer) -> None:
    """Refuse a server with transactions that the group does not have.

    Raises:
        HostError: it has some; the text has their GTIDs.
    """
    query = "SELECT GTID_SUBTRACT(@@GLOBAL.gtid_executed, %s)"
    parts = session.rows(query, [answer.executed])[0][0].replace("\n", "").split(",")
    # What the group has numbered itself is the group's: it only came between the two questions.
    if own := ",".join(part.strip() for part in parts if part.strip() and not part.strip().startswith(group.name)):
        raise HostError(
            f"{group.own} has transactions that the group does not have: {own}. It stays out of the group, and its "
            f"data stay as they are. Look at them with `python -m scripts ssh {group.own}`; `python -m scripts rejoin "
            f"{group.own} --discard` gives them up and takes the group's data instead"
        )


def require_series(session: Session, group: GroupSpec, answer: Answer) -> None:
    """Refuse a CLONE from MySQL of another series (MySQL manual, "Cloning Remote Data").

    Raises:
        HostError: the group's primary is of another.
    """
    own, theirs = session.one("SELECT VERSION()"), answer.view.own.version
    if own.split(".")[:2] != theirs.split(".")[:2]:
        raise HostError(
            f"{group.own} has MySQL {own}, and {answer.member.name} has {theirs}: CLONE takes no data of another "
            "series, and nothing was changed. Set serverUbuntuRelease to the group's until this server has its data, "
            "and move all of them then"
        )


def require_empty(session: Session) -> None:
    """Refuse databases that a CLONE would replace.

    Raises:
        HostError: there are some.
    """
    query = "SELECT schema_name FROM information_schema.schemata ORDER BY schema_name"
    if found := [name for (name,) in session.rows(query) if name not in OWN_SCHEMAS]:
        raise HostError(
            f"this server was never in the group and has databases of its own: {', '.join(found)}. CLONE would replace "
            "them, so nothing was changed: save them, drop them here, and run `pulumi up` again"
        )
