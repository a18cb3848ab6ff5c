"""The server's option file: a check of a candidate, and when a value in it is the one that the server shows.

A candidate is checked by mysqld itself, together with the distribution's other files. Ubuntu's AppArmor profile lets
mysqld read /etc/mysql and little else, so the check has its folder there.
"""

import contextlib
import re
import shutil
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path

from scripts.host import constants
from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql import service
from scripts.host.mysql.spec import Setting

PATH = Path(constants.OPTION_FILE)
MAIN = Path("/etc/mysql/my.cnf")
CHECK = Path("/etc/mysql/mysql-pair-check")
"""Not among the included folders."""
CHECK_SECONDS = 60
SUFFIXES = "KMGTPE"
"""Powers of 1024 (MySQL manual, "Using Options to Set Program Variables")."""
TRUTHS = {"on": True, "1": True, "true": True, "yes": True, "off": False, "0": False, "false": False, "no": False}


def check(content: str, names: Collection[str]) -> None:
    """Ask mysqld whether it would take this content; nothing in use is touched.

    A value of the settings of these names that mysqld would only adjust counts as refused.
    """
    with _beside(content) as main:
        argv = ["mysqld", f"--defaults-file={main}", "--user=mysql", "--log-error-verbosity=2", "--validate-config"]
        done = process.run(argv, seconds=CHECK_SECONDS)
    adjusted = [line for line in done.stderr.splitlines() if "[Warning]" in line and _option(line) in names]
    if done.returncode != 0:
        raise HostError(f"mysqld refuses the settings: {service.errors_of(done.stderr) or process.last_lines(done)}")
    if adjusted:
        words = "\n".join(line.partition("[Warning] ")[2] for line in adjusted)
        raise HostError(f"mysqld would not take the settings as they are: {words}")


def values_without() -> dict[str, str]:
    """Return what the distribution's other files set for mysqld, as text, by the variables' names."""
    with _beside(None) as main:
        printed = process.must(["my_print_defaults", f"--defaults-file={main}", "mysqld", "server"])
    values = {}
    for line in printed.splitlines():
        name, equals, value = line.removeprefix("--").partition("=")
        values[variable(name)] = value if equals else "ON"
    return values


def variable(option: str) -> str:
    """Return the name of the variable that an option sets (MySQL manual, "Using System Variables")."""
    return option.strip().lower().replace("-", "_")


def _option(line: str) -> str:
    match = re.search(r"option '([^']+)'", line)
    return variable(match[1]) if match else ""


@contextlib.contextmanager
def _beside(content: str | None) -> Iterator[Path]:
    """Give a my.cnf that is the distribution's but for the option file, which has this content or is not there."""
    folder = PATH.parent
    included = re.compile(rf"^\s*!includedir\s+{re.escape(str(folder))}/?\s*$", re.MULTILINE)
    text, count = included.subn(f"!includedir {CHECK}/included/", MAIN.read_text())
    if count == 0:
        raise HostError(f"{MAIN} does not include {folder}, so {PATH} would have no effect")
    shutil.rmtree(CHECK, ignore_errors=True)
    try:
        copies = CHECK / "included"
        copies.mkdir(parents=True)
        for file in folder.glob("*.cnf"):
            if file != PATH:
                shutil.copy(file, copies)
        if content is not None:
            (copies / PATH.name).write_text(content)
        (CHECK / "my.cnf").write_text(text)
        yield CHECK / "my.cnf"
    finally:
        shutil.rmtree(CHECK, ignore_errors=True)


def same(desired: Setting, live: str) -> bool:
    """Return whether the value in performance_schema.global_variables is the desired one.

    True, 1, "ON" and "on" mean one thing; "1G" and 1073741824 too.
    """
    left, right = number(desired), number(live)
    if left is not None and right is not None:
        return left == right
    if (truth := TRUTHS.get(str(desired).lower())) is not None:
        return truth is TRUTHS.get(live.lower())
    return _folded(str(desired)) == _folded(live)


def number(value: Setting) -> Decimal | None:
    """Return the number that a value is, or None; ON is none."""
    if isinstance(value, bool):
        return None
    match = re.fullmatch(rf"([+-]?\d+(?:\.\d+)?)([{SUFFIXES}]?)", str(value).strip(), re.IGNORECASE)
    if match is None:
        # What Python writes as 1e-05.
        return Decimal(repr(value)) if isinstance(value, float) else None
    power = SUFFIXES.index(match[2].upper()) + 1 if match[2] else 0
    return Decimal(match[1]) * Decimal(1024) ** power


def argument(desired: Setting, live: str) -> int | Decimal | str:
    """Return what SET GLOBAL takes for the value: no suffix there, and no text where a number is shown."""
    if isinstance(desired, bool):
        return "ON" if desired else "OFF"
    amount = number(desired)
    if amount is None or number(live) is None:
        return str(desired)
    return int(amount) if amount == int(amount) else amount


def free_form(desired: Setting) -> bool:
    """Return whether MySQL may show the value in words of its own, as sql_mode's ANSI or a file's full path."""
    return isinstance(desired, str) and number(desired) is None and desired.lower() not in TRUTHS


def _folded(text: str) -> str:
    # A path keeps its case; MySQL adds the last slash to a folder by itself.
    return text.rstrip("/") if "/" in text else text.casefold()
