"""`diagram` on the pair: what is drawn is what is there, and none of it is a secret."""

from __future__ import annotations

import json
import sys
from xml.etree import ElementTree as Xml

import yaml  # type: ignore[import-untyped]

from tests import PROJECT_ROOT
from tests.lab.canaries import Search
from tests.lab.logins import Login
from tests.lab.pair import Pair, run

ANOTHER = "203.0.113.0/24"


def drawing(pair: Pair) -> str:
    """Return what the verb prints."""
    done = run(sys.executable, "-m", "scripts", "diagram", "--stack", pair.lab.name)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def words(drawing: str) -> list[str]:
    """Return the texts that are seen."""
    root = Xml.fromstring(drawing)  # noqa: S314  the stack's own
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]


def operator_cidrs(pair: Pair) -> list[str]:
    config = yaml.safe_load(pair.lab.stack_config.read_text())["config"]
    found: list[str] = json.loads(config["mysql-pair:operatorCidrs"])
    return found


def test_the_pair_is_drawn_with_its_addresses_rules_and_users(pair: Pair) -> None:
    seen, outputs = words(drawing(pair)), pair.outputs()
    (operator,) = operator_cidrs(pair)
    for word in (
        f"private {outputs['server_private_ip']}",
        f"private {outputs['client_private_ips'][0]}",
        f"public {outputs['client_public_ips'][0]}",
        f"MySQL {outputs['mysql_version']}",
        *("server", "client-1", "jump host", operator, "internet gateway", "no way in", "app", "all of app"),
    ):
        assert word in seen, word
    assert seen.count("22 ssh") == 2  # operators to the client, the jump host to the server
    assert seen.count("3306 MySQL") == 1
    assert drawing(pair) == drawing(pair)


def test_another_rule_is_in_it_once_it_is_there(pair: Pair) -> None:
    """Another client too: test_clients.py."""
    before = drawing(pair)
    with pair.configured(operatorCidrs=[*operator_cidrs(pair), ANOTHER]):
        assert drawing(pair) == before, "config that no `up` has applied is not deployed"
        pair.up()
        assert ANOTHER in words(drawing(pair)) and ANOTHER not in words(before)
    assert drawing(pair) == before


def test_no_secret_of_the_stack_is_in_it(pair: Pair) -> None:
    login = Login.of(pair, "app")
    found = Search(
        {
            "the password": login.password,
            "the connection string": pair.outputs()["connection_string"],
            "the private key": (pair.lab.folder / "operator-key").read_text().splitlines()[2],
            "the passphrase": pair.lab.passphrase_file.read_text().strip(),
        }
    )
    found.look("the drawing", drawing(pair).encode())
    found.look("the README's", (PROJECT_ROOT / "docs" / "pair.svg").read_bytes())
    assert found.found == set()
    found.look("itself", login.password.encode())
    assert found.found, "the search finds what is there"
