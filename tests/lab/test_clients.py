"""More client hosts and fewer: each change touches those hosts and nothing else."""

from __future__ import annotations

from tests.lab.pair import Pair
from tests.lab.test_diagram import drawing, words

PARTS = {"instance", "address", "address-attached", "host-key", "ready", "agent", "converged", "logins"}
"""What a public client host is made of, by the end of the resources' names."""


def of_hosts(*names: str, operation: str) -> dict[str, str]:
    """Return the plan in which just these hosts come or go, whole."""
    components = dict.fromkeys(names, operation)  # the client, and the host that is part of it
    return components | {f"{name}-{part}": operation for name in names for part in PARTS}


def test_more_hosts_and_a_private_group_and_back_plans_and_touches_those_hosts_alone(pair: Pair) -> None:
    before = pair.outputs()
    private = {"name": "app", "public": False, "zone": 2, "packages": ["pv"]}
    with pair.configured(clients=[{"name": "client", "count": 2}]):
        assert pair.planned() == of_hosts("client-2", operation="create"), "no rule among them"
        pair.configure({"clients": [{"name": "client", "count": 2}, private]})
        pair.up()
        grown = pair.outputs()
        assert grown["client_names"] == ["client-1", "client-2", "app-1"]
        assert {key: value for key, value in grown.items() if not key.startswith("client_")} == {
            key: value for key, value in before.items() if not key.startswith("client_")
        }
        assert grown["client_instance_ids"][0] == before["client_instance_ids"][0]
        assert grown["client_public_ips"][2] is None
        assert {"client-2", f"private {grown['client_private_ips'][1]}", "app-1"} <= set(words(drawing(pair)))
        assert pair.ssh("app-1", "pv", "--version").returncode == 0, "through the jump host"
        assert pair.unchanged()
        # Only the jump host may ssh to the server.
        assert pair.connects("client-1", before["server_private_ip"], 22)
        for host in ("client-2", "app-1"):
            assert pair.connects(host, before["mysql_host"], 3306)
            assert not pair.connects(host, before["server_private_ip"], 22)
        with pair.config_kept():
            pair.configure({"clients": [{"name": "client", "count": 1}, private]})
            assert pair.planned() == of_hosts("client-2", operation="delete")
    assert pair.outputs() == before
