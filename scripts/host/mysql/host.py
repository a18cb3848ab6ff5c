"""Verbs `converge` and `diff` of the MySQL server: what every host has, mysqld, its settings, what belongs to it.

MySQL's accounts are compared by `accounts diff`.
"""

from collections.abc import Sequence
from functools import partial

from scripts.host.common import stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.group import leave, membership, plugins, units
from scripts.host.group import settings as group_settings
from scripts.host.mysql import (
    certificate,
    data_volume,
    initialization,
    kept,
    open_files,
    restoring,
    secure_installation,
    series,
    server,
    service,
    settings,
    snapshot_copy,
    time_zones,
    timers,
    upgrade,
)
from scripts.host.mysql.spec import ServerDiffSpec, ServerFacts, ServerSpec
from scripts.host.system import files
from scripts.host.system import host as system


def converge(spec: ServerSpec) -> ServerFacts:
    """Make this host be as the spec says, part by part, and return what is found out of it.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    system.converge(spec, install=partial(_install, spec))
    timers.enable(timers.LOGS)
    is_member = membership.has_joined(spec.group)
    warnings: tuple[str, ...] = ()
    if not server.start():
        # It may be a setting that keeps it down; what a group sets is known to a mysqld with the plugins alone.
        leave.require_not_pending(spec.group)
        warnings = settings.converge(group_settings.completed(spec.mysql, spec.group if is_member else None))
    # Before all other settings, which may name one.
    time_zones.converge(is_member)
    if spec.group:
        plugins.converge(spec.group)
    else:
        leave.converge()
    warnings += settings.converge(group_settings.completed(spec.mysql, spec.group))
    if spec.group:
        warnings = group_settings.of_config(warnings, spec.mysql)
    secure_installation.converge()
    snapshot_copy.settle()
    session = server.Session()
    outside = data_volume.warnings(session) if spec.data else []
    version = session.one("SELECT VERSION()")
    series.note(version)
    return ServerFacts(version, (*warnings, *_shut_out(session), *outside))


def _install(spec: ServerSpec, names: Sequence[str]) -> None:
    """Install the packages, with the data directory on its volume before MySQL's are."""
    data_volume.prepare(spec.data, spec.files)
    if spec.group:
        membership.prepare(spec.mysql, spec.group)
    begin = service.log_size()
    try:
        initialization.install(names)
    except HostError as error:
        words = service.words_since(begin) if spec.data and service.ERROR_LOG.exists() else ""
        raise HostError(f"{error}\n{words}".strip()) from error
    membership.end_install()
    kept.secure()
    if spec.data:
        # A volume that was empty has data now.
        snapshot_copy.prepare(spec.data)


def _shut_out(session: server.Session) -> list[str]:
    """Return a warning for every account, made by hand, that a server which looks no names up never matches."""
    if not session.one("SELECT @@GLOBAL.skip_name_resolve"):
        return []
    query = (
        "SELECT user, host FROM mysql.user WHERE host REGEXP '[a-z]' AND host <> 'localhost' AND host NOT LIKE '%:%'"
    )
    words = "nobody can log in as {!r}@{!r}: mysqld looks no names up (skip_name_resolve)"
    return [words.format(*row) for row in session.rows(query)]


def differences(spec: ServerDiffSpec) -> list[Difference]:
    """Return where this host is not as the spec says, but for MySQL's accounts; nothing is changed."""
    mysql = group_settings.completed(spec.host.mysql, spec.host.group)
    rows = system.differences(spec) + files.differences([settings.file(mysql)])
    rows += open_files.differences(mysql.option_file)
    rows += upgrade.differences() + data_volume.differences(spec.host.data)
    if restoring.is_closed():
        rows.append(Difference("service", service.NAME, "clients", "let in", "kept out until a restore has ended"))
    session = server.Session() if server.is_up() else None
    if session is None:
        rows.append(Difference("service", service.NAME, "state", "active", service.state()))
    else:
        try:
            rows += settings.differences(session, mysql.settings)
            rows += secure_installation.differences(session)
            rows += time_zones.differences(session)
        except server.Error as error:
            # On a full disk it can answer little; the rows above say that it is full.
            rows.append(Difference("service", service.NAME, "answers", "its settings", str(error)))
    if spec.certificate is not None:
        rows += certificate.differences(session, spec.certificate, spec.authority or "")
        rows += timers.differences(timers.CERTIFICATE)
    if membership.has_joined(spec.host.group):
        rows += units.differences()
    return rows + timers.differences(timers.LOGS)


converge_verb = stdin.verb(ServerSpec, converge)
diff_verb = stdin.verb(ServerDiffSpec, differences)
