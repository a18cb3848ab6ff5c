"""The policy pack on the program itself, unchanged, and on changes of its config that a team would not want."""

from __future__ import annotations

import os
import re

from lab.engine import environment
from tests.lab.pair import Pair
from tests.policy.pack import LAB_CONFIG, PACK, install


def preview(pair: Pair, *options: str) -> tuple[int, str]:
    """Run a preview with the pack, and return its exit code and what it printed."""
    install(environment.variables(pair.lab))
    done = pair.pulumi("preview", "--non-interactive", "--color=never", "--policy-pack", os.fspath(PACK), *options)
    return done.returncode, done.stdout + done.stderr


def violated(told: str) -> set[tuple[str, str]]:
    """Return the levels and names of the rules that a preview says are violated."""
    return set(re.findall(r"- \[(\w+)\]\s+(\S+)", told))


def test_the_program_violates_nothing_but_that_the_labs_data_may_go(pair: Pair) -> None:
    """Pulumi.lab.yaml takes its protection away, as `make down` is to take everything."""
    code, told = preview(pair)
    assert code != 0
    assert violated(told) == {("mandatory", "protected-data")}
    assert "server-data-volume: holds data, and Pulumi may delete it" in told


def test_the_program_passes_with_the_packs_config_of_the_lab(pair: Pair) -> None:
    code, told = preview(pair, "--policy-pack-config", os.fspath(LAB_CONFIG))
    assert code == 0, told
    assert violated(told) == {("advisory", "protected-data")}


def test_a_protected_server_passes_without_any_config(pair: Pair) -> None:
    """As every stack on AWS does, where protection is the default; nothing is brought up here."""
    with pair.config_kept():
        pair.configure({"terminationProtection": True, "dataVolumeKeep": True, "backupKeep": True})
        code, told = preview(pair)
    assert code == 0, told
    assert violated(told) == set()
