"""More client hosts and fewer: each change touches those hosts and nothing else."""

from __future__ import annotations

from tests.lab.pair import Pair

PARTS = {"instance", "address", "address-attached", "host-key", "ready", "agent", "converged", "logins"}
"""What a public client host is made of, by the end of the resources' names."""


def of_hosts(*names: str, operation: str) -> dict[str, str]:
    """Return the plan in which just these hosts come or go, whole."""
    components = dict.fromkeys(names, operation)  # the client, and the host that is part of it
    return components | {f"{name}-{part}": operation for name in names for part in PARTS}


def test_from_one_to_three_and_back_plans_and_touches_those_hosts_alone(pair: Pair) -> None:
    before = pair.outputs()
    rules = len(pair.ingress_rules())
    with pair.configured(clients=[{"name": "client", "count": 3}]):
        assert pair.planned() == of_hosts("client-2", "client-3", operation="create")
        pair.up()
        grown = pair.outputs()
        assert grown["client_names"] == ["client-1", "client-2", "client-3"]
        assert {key: value for key, value in grown.items() if not key.startswith("client_")} == {
            key: value for key, value in before.items() if not key.startswith("client_")
        }
        assert grown["client_instance_ids"][0] == before["client_instance_ids"][0]
        assert pair.connects("client-3", before["mysql_host"], 3306)
        assert len(pair.ingress_rules()) == rules
        assert pair.unchanged()
        with pair.config_kept():
            pair.configure({"clients": [{"name": "client", "count": 1}]})
            assert pair.planned() == of_hosts("client-2", "client-3", operation="delete")

        # Only the jump host may ssh to the server.
        assert pair.connects("client-1", before["server_private_ip"], 22)
        assert not pair.connects("client-2", before["server_private_ip"], 22)
    assert pair.outputs() == before
    assert pair.unchanged()


def test_a_private_group_of_its_own_is_reached_through_the_jump_host(pair: Pair) -> None:
    before = pair.outputs()
    groups = [{"name": "client"}, {"name": "app", "public": False, "zone": 2, "packages": ["pv"]}]
    with pair.configured(clients=groups):
        pair.up()
        outputs = pair.outputs()
        assert outputs["client_names"] == ["client-1", "app-1"]
        assert outputs["client_public_ips"][1] is None
        assert outputs["client_instance_ids"][0] == before["client_instance_ids"][0]
        assert pair.ssh("app-1", "pv", "--version").returncode == 0
        assert pair.connects("app-1", outputs["mysql_host"], 3306)
        assert not pair.connects("app-1", outputs["server_private_ip"], 22)
        assert pair.unchanged()
    assert pair.outputs() == before
