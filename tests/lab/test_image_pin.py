"""A newer image rebuilds no host by surprise; one that config names does, on purpose."""

from __future__ import annotations

from lab.cloud.model import Instance
from lab.cloud.store import Store
from tests.lab.conftest import Pair, lab_command


def test_a_newer_image_changes_no_host_that_is_there(pair: Pair) -> None:
    assert lab_command("publish-image").returncode == 0
    assert pair.planned() == {}
    with pair.configured(clients=[{"name": "client", "count": 2}]):
        pair.up()
        images = {instance.tags["Name"]: instance.ami for instance in Store(pair.lab.cloud).all(Instance)}
        old, new = images["mysql-pair-test-client-1"], images["mysql-pair-test-client-2"]
        assert new != old == images["mysql-pair-test-server"]
        with pair.configured(clients=[{"name": "client", "count": 2}], serverAmi=new):
            assert pair.planned()["server-instance"] == "replace"
        with pair.configured(clients=[{"name": "client", "count": 2}], serverAmi=old):
            assert "server-instance" not in pair.planned()
