"""A stack of one server becomes one of three, while its clients write and read: nothing that they were told is lost."""

from __future__ import annotations

from lab.cloud.model import Instance
from lab.cloud.store import Store
from tests.group.stack import SERVERS, Group, status
from tests.lab.pair import Pair, drift

PLUGINS = "select count(*) from information_schema.plugins where plugin_name in ('group_replication', 'clone')"
MADE = """use app; create table things (id int auto_increment primary key, name char(64), made timestamp(6));
insert into things (name, made) with recursive n (i) as (select 1 union all select i + 1 from n where i < 500)
select sha2(i, 256), now(6) from n;
create table without_key (n int); insert into without_key values (1), (2)"""


def test_what_a_group_cannot_have_is_said_before_anything_is_touched(pair: Pair) -> None:
    pair.sql(MADE)
    pid, before = pair.ssh("server", "pidof mysqld").stdout, len(Store(pair.lab.cloud).all(Instance))
    with pair.config_kept():
        pair.configure({"servers": SERVERS})
        said = pair.failing_up()
    assert "app.without_key" in said and "primary key" in said
    assert pair.ssh("server", "pidof mysqld").stdout == pid and pair.sql(PLUGINS) == "0"
    assert len(Store(pair.lab.cloud).all(Instance)) == before
    pair.sql("alter table app.without_key add column id int auto_increment invisible primary key")


def test_one_server_becomes_three_while_clients_write_by_a_proxy_that_they_had_before(pair: Pair) -> None:
    group = Group(pair)
    checksum = pair.sql("checksum table app.things, app.without_key")
    pair.configure({"clientProxy": True})
    pair.up()
    strings = pair.outputs()["connection_strings"]
    assert group.login().host == "127.0.0.1"
    with group.written("one server becomes three"):
        group.grow()
    assert pair.outputs()["connection_strings"] == strings
    assert pair.sql("checksum table app.things, app.without_key") == checksum
    assert len(group.checksums()) == 1
    # Several servers have it anyway.
    pair.configure({}, without=["clientProxy"])


def test_it_is_what_config_says(group: Group) -> None:
    assert group.pair.unchanged()
    assert drift() == (0, [], [])
    told = status()
    assert [(row["server"], row["state"]) for row in told["servers"]] == [
        ("server", "ONLINE"), ("server-2", "ONLINE"), ("server-3", "ONLINE"),
    ]  # fmt: skip
    assert told["majority"] and told["primary"] == "server", "who had the data takes the writes"


def test_connection_strings_lead_to_the_primary_and_to_readers(group: Group) -> None:
    names = {group.members.sql(name, "select @@hostname"): name for name in group.members_in_order}
    write, read = group.login(), group.login(kind="read_connection_strings")
    assert (write.host, read.host) == ("127.0.0.1", "127.0.0.1") and write.port != read.port
    hostname, read_only, cipher = group.answer("select @@hostname, @@super_read_only, @@ssl_cipher is null")
    assert (names[hostname], read_only) == (group.primary, "0"), cipher
    hostname, read_only, _ = group.answer(
        "select @@hostname, @@super_read_only, @@ssl_cipher is null", "read_connection_strings"
    )
    assert names[hostname] in group.secondaries and read_only == "1"
