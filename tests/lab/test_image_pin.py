"""A newer image rebuilds no host by surprise; one that config names replaces the server's host, and its data stay."""

from __future__ import annotations

from lab.cloud.model import Snapshot
from lab.cloud.store import Store
from lab.testing.project import PLAIN
from scripts.host.constants import CA_FILE
from tests.lab.behind_its_back import images, newest
from tests.lab.crashing_server import Server
from tests.lab.pair import Pair, lab_command


def test_a_newer_image_changes_no_host_that_is_there(pair: Pair) -> None:
    """The next test's `up` takes the second client away."""
    assert lab_command("publish-image").returncode == 0
    with pair.config_kept():
        pair.configure({"clients": [{"name": "client", "count": 2}]})
        said = pair.up()
        assert "updated" not in said and "replaced" not in said, said
        old, new = images(pair)["client-1"], images(pair)["client-2"]
        assert new != old == images(pair)["server"]
        pair.configure({"serverAmi": old})
        assert "server-instance" not in pair.planned()


def test_a_type_of_another_architecture_is_refused_while_the_server_is_still_there(pair: Pair) -> None:
    with pair.config_kept():
        pair.configure({"serverInstanceType": "t4g.small"})
        assert "t4g.small is arm64, and the image of server is for x86_64" in pair.failing_up()


def test_a_replaced_host_has_the_same_data_address_and_authority_also_in_a_protected_stack(pair: Pair) -> None:
    before = pair.outputs()
    pair.sql("create table app.kept (n int primary key); insert into app.kept values (7)")
    with pair.configured(serverAmi=newest(pair), terminationProtection=True):
        (ami,) = [name for name in pair.planned() if name.startswith("server-data-before-ami-")]
        said = pair.up()  # it ends with a login from the client host
        order = [said.index(words) for words in (
            "server-data-attached deleted original", f"{ami} created", "server-data-attached created replacement",
        )]  # fmt: skip
        assert order == sorted(order), "the snapshot is of data that nobody uses"
        assert pair.sql("select n from app.kept") == "7"
        after = pair.outputs()
        assert after["server_instance_id"] != before["server_instance_id"]
        assert after["server_host_key"] != before["server_host_key"]
        assert after["mysql_ca_certificate"] == before["mysql_ca_certificate"]
        assert (after["mysql_host"], after["connection_string"]) == (before["mysql_host"], before["connection_string"])
        assert pair.ssh("client-1", "cat", CA_FILE).stdout == after["mysql_ca_certificate"]
        refuses_to_be_destroyed(pair)
    assert pair.unchanged()  # without the key it keeps the image that it has
    pair.sql("drop table app.kept")
    (snapshot,) = [found for found in Store(pair.lab.cloud).all(Snapshot) if found.tags["Name"].endswith(ami)]
    assert snapshot.volume_id == before["data_volume_id"], "it stays, though the stack has forgotten it"
    Server(pair).ec2.delete_snapshot(snapshot.id)


def refuses_to_be_destroyed(pair: Pair) -> None:
    """Without a preview too, as the automation API and `make up` run the engine."""
    hosts = images(pair)
    destroyed = pair.pulumi("destroy", "--yes", "--skip-preview", *PLAIN)
    assert destroyed.returncode != 0
    assert "TerminationProtection::terminationProtection" in destroyed.stdout
    down = lab_command("down")
    assert (down.returncode, "terminationProtection), and nothing was touched" in down.stderr) == (1, True)
    assert images(pair) == hosts
