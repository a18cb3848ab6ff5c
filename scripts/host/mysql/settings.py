"""The server's settings, converged in place: live where MySQL allows it, by one restart where not, or not at all.

Option file and SET GLOBAL together, never SET PERSIST: the file is the one place to look.
"""

import contextlib
import os
import time
from collections.abc import Collection, Mapping
from typing import Any

from scripts.host.common import state_file, undo
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.group import restart as restarting
from scripts.host.mysql import open_files, option_file, restoring, server
from scripts.host.mysql.option_file import argument, free_form, number, same
from scripts.host.mysql.server import Error, Session, among
from scripts.host.mysql.spec import MySqlSpec, Setting
from scripts.host.system import files
from scripts.host.system.spec import FileSpec

NAME = "mysql"
"""Of the undo."""
STATE = "mysql-settings.json"
"""From each setting's name to [as desired, as MySQL shows it] where the two differ in form, else to null."""
POOL = "innodb_buffer_pool_size"
RESIZE_SECONDS = 600
"""A pool is made smaller once its pages are free, which a long transaction can hold up."""
VARIABLES = {"default_time_zone": "time_zone"}
"""Options that set a variable of another name."""
FIXED = "lower_case_table_names"
"""What the data directory was made with: mysqld does not start with another value (MySQL manual, "Identifier Case
Sensitivity")."""
ROUNDS = 2
"""Settings that bound each other (innodb_io_capacity and its maximum) may need a second one."""

# Server error numbers (MySQL manual, "Server Error Message Reference").
UNKNOWN, READ_ONLY, NO_DEFAULT, TRUNCATED = 1193, 1238, 1230, 1292
JOINING = 3724
"""Of Group Replication's variables, while it starts, as it does by itself when a member boots."""
JOINING_SECONDS, PAUSE_SECONDS = 120, 0.5
ONE_STEP = 1788
"""gtid_mode goes one step at a time, but any at a start."""

Settings = Mapping[str, Setting]


def converge(spec: MySqlSpec) -> tuple[str, ...]:
    """Make the option file and the running server have the settings, or leave both as they are; return the warnings.

    Raises:
        HostError: MySQL refuses a setting, or does not come up with it; its own words are in the message.
    """
    undo.put_back(NAME)
    open_files.follow()
    change = Change(file(spec))
    if not change.is_written():
        _refuse_too_large(spec.settings)
        option_file.check(spec.option_file, spec.settings)
    settings = _by_variable(spec.settings)
    if restoring.is_closed():
        # Those that a restore has otherwise until it has ended.
        settings = {name: value for name, value in settings.items() if name not in restoring.SETTINGS}
    known = state_file.load(STATE) or {}
    # Saved first: what an interrupted run has set live must be known to whoever drops it.
    state_file.save(STATE, dict.fromkeys(settings) | known)
    try:
        forms = _apply(change, settings, known)
    except HostError as error:
        state_file.save(STATE, known)
        raise HostError(f"{error}{change.take_back()}") from error
    state_file.save(STATE, forms)
    undo.end(NAME)
    return tuple(dict.fromkeys(change.warnings))


def file(spec: MySqlSpec) -> FileSpec:
    """Return the option file as it should be."""
    return FileSpec(str(option_file.PATH), spec.option_file)


def differences(session: Session, settings: Settings) -> list[Difference]:
    """Return which of the settings the running server has otherwise; nothing is changed."""
    settings = _by_variable(settings)
    known, shown = state_file.load(STATE) or {}, live(session, settings)
    found = dict.fromkeys(_unknown(session, settings), "no such variable")
    for name, value in shown.items():
        if not _settled(settings[name], value, known.get(name)):
            found[name] = value
    rows = []
    for name, value in found.items():
        rows.append(Difference("setting", name, "value", str(argument(settings[name], value)), value))
    for name, value in _persisted(session, settings).items():
        rows.append(Difference("setting", name, "SET PERSIST", "none", value))
    return rows


def _refuse_too_large(settings: Settings) -> None:
    """Refuse a buffer pool that is larger than the host: mysqld takes it and is then killed."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    pool = number(settings.get(POOL, 0)) or 0
    if pool > memory:
        raise HostError(f"{POOL} is {pool} bytes, and this host has {memory} bytes of memory")


def _by_variable(settings: Settings) -> dict[str, Setting]:
    return {VARIABLES.get(name, name): value for name, value in settings.items()}


class Change:
    """What one run does to the file and the running server, and how it is taken back."""

    def __init__(self, file: FileSpec) -> None:
        """Prepare; nothing is touched."""
        self.restarted = False
        self.warnings: list[str] = []
        """What MySQL said of the values that it took."""
        self._file = file
        self._before: list[tuple[str, Any]] = []

    def is_written(self) -> bool:
        """Return whether the file is as it should be."""
        return not files.differences([self._file])

    def write(self) -> None:
        """Write the file, and allow mysqld the open files that it asks for."""
        if not self.is_written():
            files.write(self._file)
        open_files.follow()

    def restart(self) -> None:
        """Write the file, with the old one at hand, and start the server with it."""
        undo.begin(NAME, [option_file.PATH])
        self.write()
        self.restarted = True
        restarting.restart()

    def set(self, session: Session, name: str, value: Any) -> list[tuple[int, str]]:
        """SET GLOBAL, or its default for None; return the warnings."""
        before = session.one(f"SELECT @@GLOBAL.{name}")
        text, args = ("DEFAULT", []) if value is None else ("%s", [value])
        deadline = time.monotonic() + JOINING_SECONDS
        while True:
            try:
                warnings = session.do(f"SET GLOBAL {name} = {text}", args)
            except Error as error:
                if error.number != JOINING or time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                self._before.append((name, before))
                return warnings

    def take_back(self) -> str:
        """Make file and server be as they were; return what went wrong with that, if anything did."""
        undo.put_back(NAME)
        try:
            open_files.follow()
            if self.restarted:
                restarting.restart()
            session = Session()
        except HostError as error:
            return f"\nwith the settings as they were before: {error}"
        for name, value in reversed(self._before):
            with contextlib.suppress(Error):
                session.do(f"SET GLOBAL {name} = %s", [value])
        return ""


def _apply(change: Change, settings: Settings, known: Mapping[str, Any]) -> dict[str, Any]:
    """Make it so; return the form in which MySQL shows each setting, for the state file."""
    if not server.start():
        change.restart()
    session = Session()
    if unknown := _unknown(session, settings):
        # Nobody could tell whether they are in force.
        raise HostError(f"this MySQL has no variable to compare these settings with: {', '.join(unknown)}")
    made_with = live(session, [FIXED]).get(FIXED)
    if made_with and FIXED in settings and not same(settings[FIXED], made_with):
        raise HostError(
            f"{FIXED} is {made_with} since this server's data was made, and cannot become {settings[FIXED]}: set "
            f"lowerCaseTableNames to {made_with}, or make the server anew"
        )
    for name in _persisted(session, settings):
        session.do(f"RESET PERSIST IF EXISTS {name}")  # before any restart, which would read it
    forms = {name: known.get(name) for name in settings}
    waiting = _set_live(session, change, settings, forms)
    waiting |= _drop(session, change, known.keys() - settings.keys())
    if waiting and not change.restarted:
        change.restart()
        session = Session()
    if change.restarted:
        # Before anything is set live again, which would hide what a start makes of the file.
        for name, value in live(session, settings).items():
            if not free_form(settings[name]) and not same(settings[name], value):
                raise HostError(f"{settings[name]} became {name} = {value}, also after a restart")
        waiting = _set_live(session, change, settings, forms)
    shown = live(session, settings)
    for name in waiting & shown.keys():
        forms[name] = [settings[name], shown[name]]
    change.write()
    return {name: form if form == [settings[name], shown.get(name)] else None for name, form in forms.items()}


def live(session: Session, names: Collection[str]) -> dict[str, str]:
    """Return the values the server shows, of those names that it has; a plugin's own name is ON or OFF."""
    shown = _values(session, "global_variables", names)
    if missing := set(names) - shown.keys():
        plugins = _plugins(session)
        shown |= {name: "ON" if plugins[name] else "OFF" for name in missing & plugins.keys()}
    return shown


def _plugins(session: Session) -> dict[str, bool]:
    """Return of each plugin whether it is active."""
    rows = session.rows("SELECT LOWER(plugin_name), plugin_status = 'ACTIVE' FROM information_schema.plugins")
    return {name: bool(active) for name, active in rows}


def _unknown(session: Session, settings: Settings) -> list[str]:
    """Return the options without a variable, but for those of a plugin that is off."""
    missing = settings.keys() - live(session, settings).keys()
    if not missing:
        return []
    off = tuple(f"{name}_" for name, active in _plugins(session).items() if not active)
    return sorted(name for name in missing if not name.startswith(off))


def _persisted(session: Session, names: Collection[str]) -> dict[str, str]:
    """Return what somebody set by SET PERSIST: it would win over the file at the next start."""
    return _values(session, "persisted_variables", names)


def _values(session: Session, table: str, names: Collection[str]) -> dict[str, str]:
    query = f"SELECT variable_name, variable_value FROM performance_schema.{table} WHERE variable_name"  # noqa: S608
    return dict(session.rows(f"{query} IN ({among(names)})", list(names)))


def _set_live(session: Session, change: Change, settings: Settings, forms: dict[str, Any]) -> set[str]:
    """Set what differs; return what only a restart can set. A refusal, or another value in its place, is an error."""
    waiting: set[str] = set()
    faults: dict[str, str] = {}
    for _ in range(ROUNDS):
        shown = live(session, settings)
        faults = {}
        for name, value in settings.items():
            if name in waiting or name not in shown or _settled(value, shown[name], forms[name]):
                continue
            try:
                warnings = change.set(session, name, argument(value, shown[name]))
            except Error as error:
                if error.number in (READ_ONLY, UNKNOWN, ONE_STEP):
                    waiting.add(name)
                else:
                    faults[name] = str(error)
                continue
            now = _resized(session, value) if name == POOL else live(session, [name])[name]
            form = [value, now] if free_form(value) else None
            truncated = any(code == TRUNCATED for code, _ in warnings)
            if name == POOL and not same(value, now):
                # Of several instances, or in chunks of another size, it can be had by a restart alone.
                waiting.add(name)
            elif truncated or not _settled(value, now, form):
                faults[name] = "; ".join(text for _, text in warnings) or f"mysqld makes {name} = {now} of {value}"
            else:
                change.warnings += [f"{name}: {text}" for _, text in warnings]
            forms[name] = form
        if not faults:
            return waiting
    raise HostError("MySQL refuses the settings: " + "\n".join(sorted(faults.values())))


def _settled(desired: Setting, shown: str, form: Any) -> bool:
    """Return whether the server has the value, if need be in the form that it gave to it earlier."""
    return same(desired, shown) or form == [desired, shown]


def _resized(session: Session, size: Setting) -> str:
    """Return the size of the buffer pool once it has the size that was asked for, or nothing more is done for it."""
    for _ in range(RESIZE_SECONDS):
        status = "".join(_values(session, "global_status", ["Innodb_buffer_pool_resize_status"]).values())
        if not status or status.startswith("Completed") or "failed" in status or "not change" in status:
            return live(session, [POOL])[POOL]
        time.sleep(1)
    raise HostError(f"the buffer pool is not {size} bytes yet, after {RESIZE_SECONDS} s: {status}")


def _drop(session: Session, change: Change, names: Collection[str]) -> set[str]:
    """Give what is no longer set the value it has on a fresh server; return what only a restart can."""
    if not names:
        return set()
    base = option_file.values_without()
    query = "SELECT variable_name FROM performance_schema.variables_info WHERE variable_path = %s"
    read_at_start = {name for (name,) in session.rows(query, [str(option_file.PATH)])}
    waiting = set()
    for name, shown in live(session, names).items():
        if name in base and same(base[name], shown):
            continue
        try:
            change.set(session, name, argument(base[name], shown) if name in base else None)
        except Error as error:
            if error.number not in (READ_ONLY, UNKNOWN, NO_DEFAULT, ONE_STEP):
                raise
            # A read-only one that neither another file sets nor was read from this one has its default already, and
            # so has a plugin that is on.
            has_default = error.number == READ_ONLY or (error.number == UNKNOWN and shown == "ON")
            if name in base or name in read_at_start or not has_default:
                waiting.add(name)
    return waiting
