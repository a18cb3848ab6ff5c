"""Load balancers: a healthy target for each connection, clients' own addresses, and security groups on both sides."""

from __future__ import annotations

import http.server
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from lab.cloud.model import (
    Instance,
    Listener,
    LoadBalancer,
    SecurityGroup,
    SecurityGroupRule,
    TargetGroup,
    TargetGroupAttachment,
    Vpc,
)
from lab.machine import balancers
from lab.tests.network.probes import at, connects, dial, echoes, listening
from lab.tests.network.world import World

PORT, MYSQL, ROLE = 3307, 3306, 33065
CHECK = {
    **{"protocol": "HTTP", "port": str(ROLE), "path": "/primary", "matcher": "200", "enabled": True},
    **{"interval": 0.1, "timeout": 0.5, "healthyThreshold": 2, "unhealthyThreshold": 2},
}


class Server(socketserver.ThreadingTCPServer):
    """Looks no names up, and waits for no connection that the firewall has cut in two."""

    daemon_threads = True


@dataclass
class Balanced:
    """A load balancer before two hosts, and a client."""

    lab: World
    folder: Path
    vpc: Vpc
    groups: dict[str, SecurityGroup]
    client: Instance
    targets: tuple[Instance, Instance]
    address: str
    healthy: set[str] = field(default_factory=set)
    """The addresses that say yes."""

    def refresh(self) -> None:
        self.lab.refresh()
        balancers.refresh(self.folder, self.lab.router(self.vpc), self.lab.plan(self.vpc))

    @contextmanager
    def roles(self) -> Iterator[None]:
        """Have each target answer what it is asked for."""
        balanced = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                own = self.connection.getsockname()[0]
                yes = own in balanced.healthy and self.path == "/primary" and self.client_address[0] == balanced.address
                self.send_response(200 if yes else 503)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        servers = []
        for target in self.targets:
            with at(self.lab.inside(target)):
                servers.append(Server((target.private_ip, ROLE), Answer))
            threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        try:
            yield
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()

    def leads_to(self, target: Instance, port: int = PORT) -> bool:
        """Tell whether four connections in a row come to a target."""
        with listening(self.lab.inside(target), MYSQL):
            return all(connects(self.lab.inside(self.client), self.address, port) for _ in range(4))


def eventually(what: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not (done := what()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return done


@pytest.fixture
def balanced(lab: World, tmp_path: Path) -> Iterator[Balanced]:
    """All that is needed, with rules that name groups alone."""
    vpc = lab.vpc()
    subnet, of_balancer = lab.subnet(vpc), lab.subnet(vpc, 9)
    address = str(IPv4Network(of_balancer.cidr_block)[4])
    groups = {name: lab.group(vpc) for name in ("client", "balancer", "server")}
    client, one, two = (lab.host(subnet, groups[name]) for name in ("client", "server", "server"))
    for source, target, port in (
        ("client", "balancer", PORT),
        ("balancer", "server", MYSQL),
        ("balancer", "server", ROLE),
    ):
        lab.allow(groups[source], groups[target], ports=port, direction="egress")
        lab.allow(groups[target], groups[source], ports=port)
    arn = "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/net/it/1a2b3c"
    lab.put(LoadBalancer(arn, "it", "it.elb", (of_balancer.id,), (groups["balancer"].id,), addresses=(address,)))
    group = TargetGroup("arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/it/4d5e", "it", vpc.id, MYSQL, CHECK)
    lab.put(group)
    lab.put(Listener("arn:aws:elasticloadbalancing:eu-central-1:1:listener/net/it/1a2b3c/6f", arn, group.id, PORT))
    for server in (one, two):
        lab.put(TargetGroupAttachment(f"{group.id}-{server.id}", group.id, server.private_ip, MYSQL))
    made = Balanced(lab, tmp_path / "balancers", vpc, groups, client, (one, two), address)
    with ExitStack() as stack:
        made.refresh()
        stack.enter_context(made.roles())
        yield made


def test_connections_go_to_the_target_that_says_yes_and_keep_their_clients_address(balanced: Balanced) -> None:
    one, two = balanced.targets
    for healthy, other in ((one, two), (two, one)):
        balanced.healthy = {healthy.private_ip}
        assert eventually(partial(balanced.leads_to, healthy))
        assert not balanced.leads_to(other)
    inside = balanced.lab.inside
    with listening(inside(two), MYSQL) as server, dial(inside(balanced.client), balanced.address, PORT):
        connection, (peer, _) = server.accept()
        connection.close()
    assert peer == balanced.client.private_ip


def test_a_connection_to_a_target_that_says_no_any_more_is_reset(balanced: Balanced) -> None:
    one, two = balanced.targets
    balanced.healthy = {one.private_ip}
    assert eventually(lambda: balanced.leads_to(one))
    inside = balanced.lab.inside
    with listening(inside(one), MYSQL) as server, dial(inside(balanced.client), balanced.address, PORT) as client:
        connection, _ = server.accept()
        assert echoes(client, connection)
        balanced.healthy = {two.private_ip}
        assert eventually(lambda: not echoes(client, connection))
        with pytest.raises(ConnectionResetError):
            while True:
                client.sendall(b"more")
                time.sleep(0.05)


def test_where_nobody_says_yes_every_target_is_used(balanced: Balanced) -> None:
    """As on AWS: it fails open."""
    inside = balanced.lab.inside

    with listening(inside(balanced.targets[0]), MYSQL):
        assert eventually(lambda: connects(inside(balanced.client), balanced.address, PORT))
        answers = {connects(inside(balanced.client), balanced.address, PORT) for _ in range(20)}
    assert answers == {True, False}, "and on one of them nobody listens"


def test_groups_are_asked_on_both_sides(balanced: Balanced) -> None:
    one, _ = balanced.targets
    balanced.healthy = {one.private_ip}
    assert eventually(lambda: balanced.leads_to(one))
    client, inside = balanced.lab.inside(balanced.client), balanced.lab.inside
    with listening(inside(one), MYSQL):
        assert not connects(client, one.private_ip, MYSQL), "the servers let in the load balancer alone"
        assert not connects(client, balanced.address, MYSQL), "and it has no other port"
        balanced.lab.regroup(balanced.client)
        balanced.refresh()
        assert not connects(client, balanced.address, PORT), "a host of no group"


def test_health_checks_are_subject_to_groups_too(balanced: Balanced) -> None:
    one, two = balanced.targets
    balanced.healthy = {one.private_ip}
    assert eventually(lambda: balanced.leads_to(one))
    for rule in balanced.lab.store.all(SecurityGroupRule):
        if rule.from_port == ROLE and rule.direction == "ingress":
            balanced.lab.store.delete(rule)
    balanced.healthy = {one.private_ip, two.private_ip}
    balanced.refresh()
    assert eventually(lambda: not balanced.leads_to(one)), "nobody answers, so that both are used"


def test_without_load_balancers_nothing_is_left(balanced: Balanced) -> None:
    store = balanced.lab.store
    for listener in store.all(Listener):
        store.delete(listener)
    for balancer in store.all(LoadBalancer):
        store.delete(balancer)
    balanced.refresh()
    router = balanced.lab.router(balanced.vpc)
    assert eventually(lambda: subprocess.run(["ip", "netns", "pids", router], capture_output=True).stdout == b"")
    one, _ = balanced.targets
    assert not balanced.leads_to(one)
