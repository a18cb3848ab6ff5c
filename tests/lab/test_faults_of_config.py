"""One run of the real engine reports every fault of the config, and registers nothing."""

from __future__ import annotations

from tests.lab.pair import Pair

WRONG: dict[str, object] = {
    "zones": "many",
    "operatorCidrs": ["0.0.0.0/0"],
    "serverPrivateIp": "10.100.0.1",
    "serverInstanceType": "t3.colossal",
    "serverAmi": "ubuntu",
    "mysqlPort": 22,
    "clients": [{"name": "app", "count": 0}, {"name": "app"}],
    "mysqlSettings": {"bind_address": "::", "innodb_buffer_pool_size": "64G", "max_connections": "many"},
    "sshEndpoints": {"nobody": {"host": "127.0.0.1", "port": 2200}},
    "databases": {"mysql": {}, "app": {"charset": "utf9"}},
    "roles": {"reader": {"grants": [{"database": "nowhere", "privileges": ["SELECT"]}]}},
    "users": {
        "app": {"name": "x" * 33, "grants": [{"database": "app", "privileges": ["SELCT"]}]},
        "root": {"host": "localhost", "grants": []},
        "twice": {"name": "one", "host": "10.0.0.0/33", "grants": []},
        "lock": {"grants": [{"database": "mysql", "privileges": ["UPDATE"]}]},
    },
    "passwordGenerations": {"nobody": 2},
    "finishedGenerations": {"app": 3},
    "primaryUser": "somebody",
    "tags": {"aws:mine": "no"},
    "tgas": {},
}


def test_one_run_reports_them_all_and_nothing_is_changed(pair: Pair) -> None:
    before = pair.outputs()
    file = pair.lab.stack_config
    text = file.read_text()
    with pair.configured(**WRONG):
        done = pair.pulumi("preview", "--non-interactive", "--color", "never")
        said = done.stdout + done.stderr
        assert done.returncode != 0
        missing = [key for key in WRONG if f"mysql-pair:{key}" not in said]
        assert not missing, said
        assert "Traceback" not in said
        assert "t3.colossal" in said
        for told in ("'nowhere'", "SELCT", "33 characters", "users.root", "10.0.0.0/33", "users.lock.grants[0]"):
            assert told in said, told
    assert file.read_text() == text
    assert pair.outputs() == before
    assert pair.unchanged()
