"""Three servers become one again, while its clients write: it has all that they were told."""

from __future__ import annotations

from tests.group.stack import Group, status
from tests.lab.pair import drift, verb

CHECKSUM = "checksum table app.things"


def test_the_first_server_goes_on_alone_while_clients_write(group: Group) -> None:
    pair = group.pair
    if group.primary != "server":
        assert verb("switch-over", "server").returncode == 0
    pair.sql("create table if not exists app.things (id int primary key)")
    checksum = pair.sql(CHECKSUM)
    pair.configure({"servers": 1})
    with group.written("three servers become one", host=pair.outputs()["server_private_ip"]):
        pair.up()
    assert pair.sql(CHECKSUM) == checksum
    assert pair.outputs()["server_names"] == ["server"]
    assert pair.unchanged() and drift() == (0, [], [])
    assert [row["state"] for row in status()["servers"]] == ["ONLINE"]
    login = group.login()
    assert login.host == pair.outputs()["server_private_ip"] and login.works(pair)
