"""Verb `upgrade` of the MySQL server: newer packages by one restart; the former ones again if mysqld does not come up.

Going back works within a series: MySQL 8.0 from 8.0.35 on, and 8.4, start on a data directory that a later version of
the same series has upgraded (MySQL manuals 8.0 and 8.4, "Downgrading MySQL").
"""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from scripts.host.common import process, state_file, stdin
from scripts.host.common.difference import Difference
from scripts.host.common.errors import HostError
from scripts.host.group import membership, restart, waiting
from scripts.host.mysql import newer_mysqld, server, service, upgrade_check
from scripts.host.system import packages, updates
from scripts.host.system.spec import PackageUpgrade, UpgradeFacts, UpgradeSpec

FORMER = "former-packages"
"""A folder beside the state files: the packages of before the last upgrade."""
JOURNAL = "upgrade.json"
"""A state file, there while an upgrade is under way."""
ARCHIVES = Path("/var/cache/apt/archives")
FIRST_WITH_A_WAY_BACK = 35
"""Of 8.0."""
PROCESSES = Path("/proc")


def upgrade(spec: UpgradeSpec) -> UpgradeFacts:
    """Tell what is newer and what of it would not go well, or install it and see that mysqld comes up.

    Raises:
        HostError: something failed; the message says which packages are there now, and whether mysqld is up.
    """
    if state_file.load(JOURNAL) is not None:
        _finish("an upgrade was cut off")
    planned, libraries = updates.planned(), replaced_libraries()
    one_way = why_one_way(planned)
    reason = f"it runs with {', '.join(libraries)} of before" if libraries else ""
    if not spec.apply and planned and server.is_up():
        found = (*upgrade_check.tables(), *newer_mysqld.findings(planned))
        return UpgradeFacts(planned, reason, one_way, found)
    facts = UpgradeFacts(planned, reason, one_way)
    if not spec.apply or not (planned or libraries):
        return facts
    if not server.is_up():
        raise HostError("mysqld is down, so an upgrade could not be checked: nothing was changed")
    if one_way and not spec.no_way_back:
        raise HostError(f"there is no way back, as {one_way}: nothing was changed")
    is_member = restart.require_spare()
    if planned:
        updates.install(planned, "--download-only")
    state_file.save(JOURNAL, [])
    if is_member:
        membership.begin_install()
    try:
        _install(planned)
    finally:
        membership.end_install()
    if is_member:
        waiting.until_online()
    return facts


def _install(planned: Sequence[PackageUpgrade]) -> None:
    """Install newer packages, or the former ones again if mysqld does not come up.

    Raises:
        HostError: the newer ones are not there; see upgrade.
    """
    begin = service.log_size()
    try:
        if planned:
            updates.install(planned)
        if replaced_libraries():
            server.restart()
    except HostError as error:
        _finish(f"{error}\n{service.words_since(begin)}", go_back=True)
    if not server.start():
        _finish(f"mysqld does not come up: {service.words_since(begin)}", go_back=True)
    _forget_journal()


def differences() -> list[Difference]:
    """Return whether mysqld runs with files that an upgrade has replaced: needrestart is told to leave it alone."""
    if libraries := replaced_libraries():
        return [Difference(updates.KIND, "mysqld", "runs with", "what is installed", ", ".join(libraries))]
    return []


def replaced_libraries() -> list[str]:
    """Return the programs and libraries that mysqld has in memory and that are others on the disk by now (proc(5))."""
    pid = process.run(["systemctl", "show", "--property=MainPID", "--value", service.NAME]).stdout.strip()
    maps = PROCESSES / pid / "maps"
    text = maps.read_text() if pid not in ("", "0") and maps.exists() else ""
    names = re.findall(r" (/(?:usr|lib)\S*) \(deleted\)$", text, re.MULTILINE)
    return sorted({Path(name).name for name in names})


def why_one_way(planned: Sequence[PackageUpgrade]) -> str:
    """Return why the former packages could not be put back; empty if they can, and are kept for it."""
    for update in planned:
        numbers = [re.match(r"(\d+)\.(\d+)\.(\d+)", version) for version in (update.installed, update.candidate)]
        if not update.name.startswith("mysql-server") or not (numbers[0] and numbers[1]):
            continue
        if numbers[0].group(1, 2) != numbers[1].group(1, 2):
            return f"{update.candidate} is of another series than {update.installed}"
        if numbers[0].group(1, 2) == ("8", "0") and int(numbers[0][3]) < FIRST_WITH_A_WAY_BACK:
            return f"MySQL {update.installed} does not start on data of a later version"
    return "" if keep_former(planned) else "the packages of now cannot be had any more"


def keep_former(planned: Sequence[PackageUpgrade]) -> bool:
    """Keep the packages of now, and return whether all of them could be had: from apt's cache, or from the mirror."""
    folder = state_file.FOLDER / FORMER
    upgraded = [update for update in planned if update.installed]
    if upgraded:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
    for update in upgraded:
        name = f"{update.name}_{update.installed.replace(':', '%3a')}_*.deb"
        if cached := sorted(ARCHIVES.glob(name)):
            shutil.copy(cached[0], folder)
            continue
        try:
            packages.download(folder, update.name, update.installed)
        except HostError:
            return False
    return True


def _finish(error: str, go_back: bool = False) -> None:
    """End an upgrade that did not go well: with the newer packages if mysqld comes up, or else with the former ones.

    Raises:
        HostError: always, unless mysqld came up with what is there.
    """
    debs = sorted(map(str, (state_file.FOLDER / FORMER).glob("*.deb")))
    if not go_back and server.start():
        _forget_journal()
        return
    if not debs:
        raise HostError(f"{error}\nThe former packages are not there any more: mysqld is {service.state()}")
    begin = service.log_size()
    # Failed starts that systemd counts would otherwise refuse the next one.
    process.run(["systemctl", "reset-failed", service.NAME])
    argv = ["dpkg", "--force-downgrade", "--force-confold", "--install", *debs]
    done = process.run(argv, seconds=packages.APT_SECONDS, environment=packages.QUIET)
    if not server.start():
        words = service.words_since(begin) if done.returncode == 0 else process.last_lines(done)
        raise HostError(f"{error}\nmysqld does not come up with the former packages either: {words}")
    _forget_journal()
    raise HostError(f"{error}\nThe former packages are back, and mysqld is up with them")


def _forget_journal() -> None:
    (state_file.FOLDER / JOURNAL).unlink(missing_ok=True)


upgrade_verb = stdin.verb(UpgradeSpec, upgrade)
