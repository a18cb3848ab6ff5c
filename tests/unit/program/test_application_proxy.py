"""components/mysql/application_proxy.py: a host of another project has what the stack's connection strings need."""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent
from typing import Any, cast

import pulumi
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
from stack_outputs import forms
from tests import PROJECT_ROOT
from tests.unit.outputs.outputs import APP, CA_CERTIFICATE, GOOD
from tests.unit.program import mocks
from tests.unit.program.program_run import plain

NAMES, ADDRESSES = ["server", "server-2", "server-3"], ["10.20.0.10", "10.20.64.10", "10.20.80.10"]
GROUP = {"mysql_host": "127.0.0.1", "server_names": NAMES, "server_private_ips": ADDRESSES, "mysql_port": 3310.0}
CERTIFICATE = FileSpec(constants.CA_FILE, CA_CERTIFICATE)


def block(beginning: str) -> str:
    """Return the code in docs/outputs.md that begins with these lines."""
    page = (PROJECT_ROOT / "docs" / "outputs.md").read_text()
    (code,) = re.findall(rf"^({re.escape(beginning)}.+?)\n\n[^ ]", page, re.MULTILINE | re.DOTALL)
    return dedent(code)


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The outputs of the stack that the program in the docs reads; a test adds its own."""
    outputs = dict(GOOD)
    made = mocks.Recorder.new_resource

    def answer(engine: mocks.Recorder, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            return args.resource_id, {"name": args.name, "outputs": outputs, "secretOutputNames": []}
        return made(engine, args)

    monkeypatch.setattr(mocks.Recorder, "new_resource", answer)
    return outputs


def run(beginning: str, result: str) -> tuple[dict[str, dict[str, Any]], list[Any]]:
    """Run the code in the docs; return the commands it makes, and what one of its names has."""
    seen, results = mocks.start(), list[Any]()

    @mocks.tested
    def program() -> Any:
        instance = aws.ec2.Instance("shop", ami="ami-0a1b2c3d", instance_type="t3.micro")
        names = {"instance": instance, "pulumi": pulumi}
        exec(block(beginning), names)  # noqa: S102  the documentation's own
        return pulumi.Output.from_input(names[result]).apply(results.append)

    program()
    return seen.of_type("command:remote:Command"), results


def commands() -> dict[str, dict[str, Any]]:
    """Return the commands that the component makes."""
    return run("    import pulumi\n    from components", "instance")[0]


def told(made: dict[str, dict[str, Any]]) -> HostSpec:
    return codec.decode(HostSpec, plain(made["shop-mysql-converged"]["stdin"]))


def test_the_code_in_the_docs_gives_another_projects_host_certificate_and_proxy(stack: dict[str, Any]) -> None:
    stack |= GROUP
    made = commands()
    members = [MemberSpec(name, address) for name, address in zip(NAMES, ADDRESSES, strict=True)]
    assert told(made) == HostSpec(("haproxy",), files=(CERTIFICATE, *proxy.files(ProxySpec(members, 3310))))
    assert made.keys() == {"shop-agent", "shop-mysql-converged"}
    for command in made.values():
        assert [trigger["instance"] for trigger in command["triggers"]] == ["shop-id"]


@pytest.mark.usefixtures("stack")
def test_one_server_is_reached_by_itself() -> None:
    assert told(commands()) == HostSpec(files=(CERTIFICATE,))


def test_one_server_has_the_proxy_where_the_connection_strings_lead_to_it(stack: dict[str, Any]) -> None:
    stack["mysql_host"] = "127.0.0.1"
    spec = ProxySpec([MemberSpec("server", "10.20.0.10")], 3306)
    assert told(commands()) == HostSpec(("haproxy",), files=(CERTIFICATE, *proxy.files(spec)))


def test_the_code_in_the_docs_makes_a_connection_string_for_the_load_balancer(stack: dict[str, Any]) -> None:
    stack["load_balancer_host"] = "balancer.example.org"
    _, (url,) = run("    from dataclasses import replace\n    from stack_outputs", "url")
    assert url.partition("?")[0] == forms.url(replace(APP, host="balancer.example.org")).partition("?")[0]


def test_every_fault_of_what_it_is_made_from_is_told_at_once() -> None:
    mocks.start()
    args = {"server_name": NAMES, "mysql_port": 22}
    with pytest.raises(InvalidArgsError) as caught:
        MySqlProxy("shop-mysql", cast("MySqlProxyArgs", args))
    assert {fault.field for fault in caught.value.faults} == {
        "server_name",
        "target",
        "mysql_host",
        "server_names",
        "server_private_ips",
        "mysql_port",
        "mysql_ca_certificate",
    }
