"""A host that answers with another key than the one it is known by is told at once, and gets no secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.pair import Pair, lab_command

KEY = "/etc/ssh/ssh_host_ed25519_key"


def on_server(command: str) -> None:
    """Run a command on the server past its sshd."""
    done = lab_command("exec", "server", "--", "sh", "-c", command)
    assert done.returncode == 0, done.stderr


@contextmanager
def impostor() -> Iterator[None]:
    """Give the server another host key for a while."""
    on_server(
        f"mkdir /root/own; mv {KEY} {KEY}.pub /root/own; ssh-keygen -qt ed25519 -N '' -f {KEY}; systemctl restart ssh"
    )
    try:
        yield
    finally:
        on_server("mv -f /root/own/* /etc/ssh/; rmdir /root/own; systemctl restart ssh")


def test_a_changed_host_key_is_refused_at_once_and_one_given_in_config_is_compared_before_anything_is_sent(
    pair: Pair,
) -> None:
    outputs = pair.outputs()
    own, other = outputs["server_host_key"], outputs["client_host_keys"][0]
    with pair.configured(mysqlSettings={"max_connections": 99}):
        with impostor():
            said = pair.failing_up()
        assert "host key mismatch" in said
        assert "failed: retrying" not in said, "dialled again and again"
        assert pair.sql("select @@global.max_connections") != "99"
        pair.configure({"sshHostKeys": {"server": other}})
        said = pair.failing_up()
        assert "server answers with another ssh host key" in said
        assert other in said and own in said
        assert "Traceback" not in said
        assert pair.sql("select @@global.max_connections") != "99"
        pair.configure({"sshHostKeys": {"server": own}})
        pair.up()
        assert pair.sql("select @@global.max_connections") == "99"
    assert pair.outputs() == outputs


def test_the_operators_own_ssh_refuses_it_too(pair: Pair) -> None:
    with impostor():
        assert pair.scripts_ssh("server", "true").returncode == 255
    assert pair.scripts_ssh("server", "true").returncode == 0
