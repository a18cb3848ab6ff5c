"""No secret of a stack is anywhere but where it belongs, through ups, failing ups and a rotation."""

from __future__ import annotations

import secrets as random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.canaries import Search, canary, pulumi, tree
from tests.lab.logins import Login
from tests.lab.other_project import other_project
from tests.lab.pair import Pair
from tests.lab.secret_config import set_secret

LEAK = "/home/ubuntu/leaked"
UP = ["up", "--yes", "--skip-preview"]
USERS = {
    "app": {"grants": [{"database": "app", "privileges": ["ALL"]}]},
    "made": {"grants": [{"database": "app", "privileges": ["SELECT"]}]},
    "given": {"grants": [{"database": "app", "privileges": ["SELECT"]}]},
}
"""One whose password is generated, one whose is given."""


@pytest.fixture(scope="module")
def secrets(pair: Pair) -> dict[str, str]:
    """The stack's secrets by name, each of them unique."""
    key = (pair.lab.folder / "operator-key").read_text().splitlines()
    return {
        "the given password": canary(),
        "the given password after its rotation": canary(),
        "the refused user's password": canary(),
        "the private key": key[2],  # a line of its body in which every key is another
        "the passphrase": pair.lab.passphrase_file.read_text().strip(),
    }


@pytest.fixture(scope="module")
def stack(pair: Pair, secrets: dict[str, str]) -> Iterator[Pair]:
    """The pair, with these secrets in its config; at the end they are gone."""
    with pair.config_kept():
        set_secret(pair, "userPasswords.given", secrets["the given password"])
        yield pair
    pair.up()


def places(pair: Pair, plan: Path) -> list[Path]:
    """Return every file of this machine that the stack, its engine and its hosts' makers write."""
    found = [plan, *tree(pair.lab.folder)]
    assert any("stacks" in str(path) for path in found), "the state is among them"
    assert any(path.name == "user-data" for path in found), "and user data"
    return found


@pytest.mark.timeout(600)
def test_nothing_leaks_through_up_failing_up_and_rotation(stack: Pair, secrets: dict[str, str], tmp_path: Path) -> None:
    pair, search, plan = stack, Search(secrets), tmp_path / "plan.json"
    with search.watching_processes() as rounds:
        pair.configure({"users": USERS})
        assert pulumi(pair, search, "preview", "preview", "--diff", "--save-plan", str(plan)).returncode == 0
        done = pulumi(pair, search, "up", *UP)
        assert done.returncode == 0, done.stdout + done.stderr

        set_secret(pair, "userPasswords.refused", secrets["the refused user's password"])
        pair.configure({"users": {**USERS, "refused": {"grants": [], **pair.refused_user()[0]}}})
        assert pulumi(pair, search, "a failing up", *UP).returncode != 0

        pair.configure({"users": USERS})
        done = pulumi(pair, search, "config rm", "config", "rm", "--path", "mysql-pair:userPasswords.refused")
        assert done.returncode == 0, done.stderr
        pair.configure({"passwordGenerations": {"made": 2, "given": 2}})
        set_secret(pair, "userPasswords.given", secrets["the given password after its rotation"])
        assert pulumi(pair, search, "a rotation", *UP).returncode == 0
        assert pulumi(pair, search, "stack output", "stack", "output", "--json").returncode == 0
        assert pulumi(pair, search, "stack export", "stack", "export").returncode == 0
        assert rounds() > 100
    # Known only now: what the program has generated.
    later = Search({**secrets, "the generated password": Login.of(pair, "made").password})
    for one in (search, later):
        one.files(places(pair, plan))
        for host in ("server", "client-1"):
            one.host(pair, host)
    assert search.found | later.found == set()


def test_a_leaky_program_is_found_out(pair: Pair, tmp_path: Path) -> None:
    """The search proves itself: a command with a secret in its text, on a host, in the same lab."""
    leaked = f"A1-{random.token_hex(12)}/é"
    search = Search({"the leaked password": leaked})
    key = str(pair.lab.folder / "operator-key")
    host = pair.outputs()["client_public_ips"][0]
    with other_project(pair.lab, tmp_path, "leaky", host=host, keyFile=key, leaked=leaked, file=LEAK) as project:
        with search.watching_processes():
            search.look("what up printed", project.up().encode())
        search.files(tree(pair.lab.folder))
        search.host(pair, "client-1")
    for place in ("cmdline of a process", "environ of a process", "what up printed", "/leaky.json", f"{LEAK} of"):
        assert [one for one in search.found if place in one], (place, search.found)
