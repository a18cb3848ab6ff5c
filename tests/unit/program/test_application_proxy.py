"""components/mysql/application_proxy.py: a host of another project has what the stack's connection strings need."""

from __future__ import annotations

import re
from textwrap import dedent
from typing import Any, cast

import pulumi_aws as aws
import pytest
from pulumi.runtime.mocks import MockResourceArgs

from components.component import InvalidArgsError
from components.mysql import proxy
from components.mysql.application_proxy import MySqlProxy, MySqlProxyArgs
from components.mysql.proxy import ProxySpec
from scripts.host import constants
from scripts.host.common import codec
from scripts.host.group.spec import MemberSpec
from scripts.host.system.spec import FileSpec, HostSpec
from tests import PROJECT_ROOT
from tests.unit.outputs.outputs import CA_CERTIFICATE, GOOD
from tests.unit.program import mocks
from tests.unit.program.program_run import plain

NAMES, ADDRESSES = ["server", "server-2", "server-3"], ["10.20.0.10", "10.20.64.10", "10.20.80.10"]
GROUP = {"server_names": NAMES, "server_private_ips": ADDRESSES, "mysql_port": 3310.0}
CERTIFICATE = FileSpec(constants.CA_FILE, CA_CERTIFICATE)


def commands(monkeypatch: pytest.MonkeyPatch, **outputs: Any) -> dict[str, dict[str, Any]]:
    """Return the commands of the program in docs/outputs.md, on a host of its own, for a stack with these outputs."""
    made = mocks.Recorder.new_resource

    def answer(engine: mocks.Recorder, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.resource_id, {"name": args.name, "outputs": {**GOOD, **outputs}, "secretOutputNames": []}
        return made(engine, args)

    monkeypatch.setattr(mocks.Recorder, "new_resource", answer)
    seen = mocks.start()
    page = (PROJECT_ROOT / "docs" / "outputs.md").read_text()
    (code,) = re.findall(r"^(    import pulumi\n    from components.+?)\n\n[^ ]", page, re.MULTILINE | re.DOTALL)

    @mocks.tested
    def program() -> Any:
        instance = aws.ec2.Instance("shop", ami="ami-0a1b2c3d", instance_type="t3.micro")
        exec(dedent(code), {"instance": instance})  # noqa: S102  the documentation's own

    program()
    return seen.of_type("command:remote:Command")


def told(made: dict[str, dict[str, Any]]) -> HostSpec:
    return codec.decode(HostSpec, plain(made["shop-mysql-converged"]["stdin"]))


def test_the_code_in_the_docs_gives_another_projects_host_certificate_and_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = commands(monkeypatch, **GROUP)
    members = [MemberSpec(name, address) for name, address in zip(NAMES, ADDRESSES, strict=True)]
    assert told(made) == HostSpec(("haproxy",), files=(CERTIFICATE, *proxy.files(ProxySpec(members, 3310))))
    assert made.keys() == {"shop-agent", "shop-mysql-converged"}
    for command in made.values():
        assert [trigger["instance"] for trigger in command["triggers"]] == ["shop-id"]


def test_one_server_is_reached_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(commands(monkeypatch)) == HostSpec(files=(CERTIFICATE,))


def test_every_fault_of_what_it_is_made_from_is_told_at_once() -> None:
    mocks.start()
    args = {"server_name": NAMES, "mysql_port": 22}
    with pytest.raises(InvalidArgsError) as caught:
        MySqlProxy("shop-mysql", cast("MySqlProxyArgs", args))
    assert {fault.field for fault in caught.value.faults} == {
        "server_name",
        "target",
        "server_names",
        "server_private_ips",
        "mysql_port",
        "mysql_ca_certificate",
    }
