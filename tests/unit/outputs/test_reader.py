"""Another project reads a stack's outputs: typed, secrets kept, and every fault told at once without a value."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, get_type_hints

import pulumi
import pytest
from pulumi.runtime import rpc

from stack_outputs import contract, forms
from stack_outputs.contract import Output, Type
from stack_outputs.reader import StackOutputs
from tests.unit.outputs.outputs import APP, GOOD, ODD, PASSWORD, READING_APP, SECRET
from tests.unit.program import mocks

STACK = "organization/mysql-pair/dev"


class Producer(mocks.Recorder):
    """An engine that knows the outputs of one stack."""

    def __init__(self, outputs: Any, secret: list[str]) -> None:
        super().__init__()
        self.outputs, self.secret = outputs, secret

    def new_resource(self, args: Any) -> tuple[str | None, dict[str, Any]]:
        assert args.typ == "pulumi:pulumi:StackReference"
        return args.resource_id, {"name": STACK, "outputs": self.outputs, "secretOutputNames": self.secret}


def read(
    take: Callable[[StackOutputs], dict[str, pulumi.Output[Any]]],
    outputs: Any = GOOD,
    secret: list[str] = SECRET,
    preview: bool = False,
) -> dict[str, tuple[Any, bool, bool]]:
    """Return value, secrecy and whether it is known of each output that a program takes from a stack with these."""
    asyncio.set_event_loop(mocks.InOneThread())
    pulumi.runtime.set_mocks(Producer(outputs, secret), project="reports", stack="unit", preview=preview)
    seen: dict[str, tuple[Any, bool, bool]] = {}

    @mocks.tested
    def program() -> pulumi.Output[Any]:
        taken = take(StackOutputs(pulumi.StackReference(STACK)))

        async def look() -> None:
            for name, output in taken.items():
                seen[name] = (await output.future(), await output.is_secret(), await output.is_known())

        return pulumi.Output.from_input(look())

    program()
    return seen


def everything(stack: StackOutputs) -> dict[str, pulumi.Output[Any]]:
    return {output.name: getattr(stack, output.name) for output in contract.OUTPUTS}


def fault_of(outputs: dict[str, Any], take: Callable[[StackOutputs], dict[str, pulumi.Output[Any]]]) -> str:
    """Return what the program fails with."""
    with pytest.raises(pulumi.RunError) as caught:
        read(take, outputs)
    assert PASSWORD not in str(caught.value) and "s3cret" not in str(caught.value)
    return str(caught.value)


def test_every_output_is_read_with_its_type_and_its_secrecy() -> None:
    seen = read(everything)
    assert {name: value for name, (value, _, _) in seen.items()} == GOOD
    assert isinstance(seen["mysql_port"][0], int) and isinstance(seen["contract_version"][0], int)
    assert {name for name, (_, secret, _) in seen.items() if secret} == set(SECRET)
    assert "jdbc_urls" in SECRET and "mysql_host" not in SECRET


def test_what_the_contract_calls_secret_is_secret_though_the_producer_forgot() -> None:
    assert {name for name, (_, secret, _) in read(everything, secret=[]).items() if secret} == set(SECRET)


def test_more_secrets_of_the_producer_stay_secrets() -> None:
    assert read(everything, secret=["mysql_host"])["mysql_host"] == ("10.20.0.10", True, True)


PYTHON = {
    Type.STRING: "str",
    Type.NUMBER: "int",
    Type.STRINGS: "list[str]",
    Type.STRINGS_OR_NULLS: "list[str | None]",
    Type.TABLE: "dict[str, str]",
}


def test_the_readers_attributes_are_the_contracts() -> None:
    def annotation(output: Output) -> Any:
        inner = PYTHON[output.type] + (" | None" if output.nullable else "")
        return eval(f"pulumi.Output[{inner}]")  # noqa: S307  of this file's own words

    expected = {output.name: annotation(output) for output in contract.OUTPUTS}
    assert get_type_hints(StackOutputs) == expected
    assert list(GOOD) == [output.name for output in contract.OUTPUTS]


def test_outputs_that_are_null_may_be_missing() -> None:
    nullable = [output.name for output in contract.OUTPUTS if output.nullable]
    assert "server_public_ip" in nullable
    seen = read(everything, {name: value for name, value in GOOD.items() if name not in nullable})
    assert [seen[name][0] for name in nullable] == [None] * len(nullable)


def test_a_preview_that_does_not_know_the_outputs_checks_nothing() -> None:
    seen = read(everything, outputs=rpc.UNKNOWN, preview=True)
    assert {known for _, _, known in seen.values()} == {False}
    assert {name for name, (_, secret, _) in seen.items() if secret} >= set(SECRET)


def test_a_preview_that_knows_the_outputs_checks_them() -> None:
    assert read(everything, preview=True)["mysql_host"] == ("10.20.0.10", False, True)


# contract_version, what the reader is told
VERSIONS = [
    (None, f"{STACK} has no contract_version: it is older than version 1, or no mysql-pair. Update mysql-pair where"),
    (
        2.0,
        f"{STACK} has version 2 of its contract, the project reports reads version 1. Update stack_outputs in the pro",
    ),
    (0.0, f"{STACK} has version 0 of its contract, the project reports reads version 1. Update mysql-pair where"),
    ("1", f"{STACK} has a contract_version that is a string, not a number"),
    (True, f"{STACK} has a contract_version that is a boolean, not a number"),
    (1.5, f"{STACK} has a contract_version that is a number, not a whole one"),
]


@pytest.mark.parametrize(("version", "words"), VERSIONS)
def test_another_version_is_told_alone_with_the_project_to_update(version: Any, words: str) -> None:
    said = fault_of(GOOD | {"contract_version": version, "mysql_host": None}, everything)
    assert words in said and "mysql_host" not in said


# output, what is there instead, what is told
MISTYPED: list[tuple[str, Any, str]] = [
    ("mysql_host", None, "mysql_host is missing, a string is expected"),
    ("mysql_port", "3306", "mysql_port is a string, a number is expected"),
    ("mysql_port", 33.5, "mysql_port is a number, a whole one is expected"),
    ("client_names", "client-1", "client_names is a string, a list of string is expected"),
    ("client_names", ["a", 1, None], "client_names is a list of null and number and string, a list of string is exp"),
    ("client_public_ips", [True], "client_public_ips is a list of boolean, a list of string or null is expected"),
    ("jump_host", 5, "jump_host is a number, a string or null is expected"),
    ("connection_string", [PASSWORD], "connection_string is a list of string, a secret string or null is expected"),
    ("jdbc_urls", {"app": [PASSWORD]}, "jdbc_urls is a table of list, a secret table of string is expected"),
    ("jdbc_urls", PASSWORD, "jdbc_urls is a string, a secret table of string is expected"),
]


@pytest.mark.parametrize(("name", "value", "words"), MISTYPED)
def test_a_missing_or_mistyped_output_is_told_in_words(name: str, value: Any, words: str) -> None:
    said = fault_of(GOOD | {name: value}, lambda stack: {"": stack.mysql_version})
    title, fault = said.splitlines()
    assert title == f"The outputs of the stack {STACK} are not those of its contract:"
    assert fault.strip().startswith(words)


def test_all_faults_are_told_at_once() -> None:
    said = fault_of(GOOD | {"mysql_host": None, "mysql_port": PASSWORD, "dotenvs": PASSWORD}, everything)
    assert [line.split()[0] for line in said.splitlines()[1:]] == ["mysql_host", "mysql_port", "dotenvs"]


ELIDED = GOOD | {name: {} for name in SECRET}
"""What the engine hands over where it cannot decrypt."""


def test_without_the_key_to_the_secrets_what_is_plain_is_read() -> None:
    seen = read(lambda stack: {"host": stack.mysql_host, "users": stack.user_names}, ELIDED)
    assert [value for value, _, _ in seen.values()] == [GOOD["mysql_host"], GOOD["user_names"]]
    assert "mysql_port is missing" in fault_of(ELIDED | {"mysql_port": None}, lambda stack: {"": stack.mysql_host})


@pytest.mark.parametrize("name", SECRET)
def test_without_the_key_to_the_secrets_a_secret_is_a_fault_that_says_so(name: str) -> None:
    said = fault_of(ELIDED, lambda stack: {"": getattr(stack, name)})
    assert said.startswith(f"The project reports cannot decrypt the secrets of the stack {STACK}.")
    said = fault_of(ELIDED, lambda stack: {"": stack.login("app")})
    assert "cannot decrypt" in said


def test_a_name_that_is_no_output_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no output mysql_hosts"):
        read(lambda stack: {"": getattr(stack, "mysql_hosts")})  # noqa: B009  what a type checker would refuse


FORMS: dict[str, Callable[[StackOutputs], pulumi.Output[str]]] = {
    "connection_strings": lambda stack: stack.url("app"),
    "sqlalchemy_urls": lambda stack: stack.sqlalchemy_url("app"),
    "django_urls": lambda stack: stack.django_url("app"),
    "prisma_urls": lambda stack: stack.prisma_url("app"),
    "jdbc_urls": lambda stack: stack.jdbc_url("app"),
    "go_dsns": lambda stack: stack.go_dsn("app"),
    "golang_migrate_urls": lambda stack: stack.golang_migrate_url("app"),
    "option_files": lambda stack: stack.option_file("app"),
    "mariadb_option_files": lambda stack: stack.mariadb_option_file("app"),
    "dotenvs": lambda stack: stack.dotenv("app"),
}


def test_each_form_is_read_by_the_users_key_and_secret() -> None:
    assert FORMS.keys() == {form.output for form in forms.FORMS}
    seen = read(lambda stack: {name: form(stack) for name, form in FORMS.items()})
    assert seen == {form.output: (form.write(APP), True, True) for form in forms.FORMS}


def test_each_form_is_there_for_reading_too() -> None:
    seen = read(lambda stack: {form.name: getattr(stack, f"read_{form.name}")("app") for form in forms.FORMS})
    assert seen == {form.name: (form.write(READING_APP), True, True) for form in forms.FORMS}
    said = fault_of(GOOD, lambda stack: {"": stack.read_go_dsn("odd")})
    assert said.startswith(f"The user odd of the stack {STACK} has no go_dsn: a Go data source name ends")


def test_a_login_is_read_by_the_users_key_and_secret() -> None:
    seen = read(lambda stack: {"app": stack.login("app"), "odd": stack.login("odd"), "read": stack.read_login("app")})
    assert seen == {"app": (APP, True, True), "odd": (ODD, True, True), "read": (READING_APP, True, True)}


@pytest.mark.parametrize("form", FORMS)
def test_an_unknown_user_is_told_with_those_there_are(form: str) -> None:
    others = {
        table: {"odd": said["odd"]} if "odd" in said else {} for table, said in forms.tables({"odd": ODD}).items()
    }
    said = fault_of(GOOD | others, lambda stack: {"": FORMS[form](stack)})
    assert said == f"The stack {STACK} has no user app. It has odd."


def test_a_stack_without_users_is_told_so() -> None:
    said = fault_of(GOOD | {form.output: {} for form in forms.FORMS}, lambda stack: {"": stack.login("app")})
    assert said == f"The stack {STACK} has no user app. It has none."


def test_a_form_that_a_login_does_not_have_is_told_with_the_reason() -> None:
    said = fault_of(GOOD, lambda stack: {"": stack.go_dsn("odd")})
    assert said.startswith(
        f"The user odd of the stack {STACK} has no go_dsn: a Go data source name ends the user's name"
    )
