"""Another team's host reaches the group: by a proxy of its own, and by the load balancer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.group.stack import Group
from tests.lab.logins import Login
from tests.lab.other_project import other_project
from tests.lab.pair import Pair, drift, run, verb
from tests.torture.members import waited

SECONDS = 60
"""Several times what the load balancer takes to follow the primary."""
WHO = "select @@hostname, substring_index(user(), '@', -1)"


@dataclass
class Shop:
    """The other team's host."""

    group: Group
    private_ip: str
    public_ip: str

    def leads(self, login: Login) -> str:
        """Return the name of the server that a login from here leads to, which must see this host's own address.

        Empty if it leads to none.
        """
        options = {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null", "LogLevel": "ERROR"}
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        key = str(self.group.pair.lab.operator_key)
        way = ["ssh", "-F", "none", *flags, "-i", key, f"ubuntu@{self.public_ip}"]
        mysql = f'mysql --defaults-extra-file=/dev/stdin --protocol=tcp --connect-timeout=5 -BNe "{WHO}"'
        done = run(*way, mysql, stdin=login.option_file())
        if done.returncode:
            return ""
        hostname, client = done.stdout.split()
        assert client == self.private_ip
        members = self.group.members
        return {members.sql(name, "select @@hostname"): name for name in self.group.members_in_order}[hostname]


@pytest.fixture(scope="module")
def shop(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The host, with a proxy, in a group that the stack admits, and a load balancer before the servers."""
    group = Group(pair)
    group.require_whole()
    with other_project(pair.lab, tmp_path_factory.mktemp("shop"), "shop") as project:
        project.up()
        pair.configure({"admittedSecurityGroupIds": [project.outputs()["group_id"]], "loadBalancer": True})
        pair.up()
        project.configure(proxied=True)
        project.up()
        assert project.unchanged()
        outputs = project.outputs()
        yield Shop(group, outputs["private_ip"], outputs["public_ip"])
        # A group that a rule names is not deleted.
        pair.configure({}, without=["admittedSecurityGroupIds"])
        pair.up()


def test_the_connection_strings_hold_on_another_teams_host_unchanged(shop: Shop) -> None:
    assert shop.leads(shop.group.login()) == shop.group.primary
    assert shop.leads(shop.group.login(kind="read_connection_strings")) in shop.group.secondaries


def by_balancer(group: Group, kind: str = "connection_strings") -> Login:
    outputs: dict[str, Any] = group.pair.outputs()
    return replace(group.login(kind=kind), host=outputs["load_balancer_host"])


def test_the_load_balancer_follows_the_primary_and_its_readers(shop: Shop) -> None:
    group = shop.group
    write, read = by_balancer(group), by_balancer(group, "read_connection_strings")
    assert waited(lambda: shop.leads(write) == group.primary and shop.leads(read) in group.secondaries, SECONDS)
    chosen = group.secondaries[0]
    done = verb("switch-over", chosen)
    assert done.returncode == 0, done.stdout + done.stderr
    assert waited(lambda: {shop.leads(write) for _ in range(4)} == {chosen}, SECONDS)
    assert waited(lambda: {shop.leads(read) for _ in range(8)} == set(group.secondaries), SECONDS)


def test_the_stack_with_a_load_balancer_is_what_config_says(shop: Shop) -> None:
    assert shop.group.pair.unchanged()
    assert drift() == (0, [], [])
