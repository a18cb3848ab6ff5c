"""Reads a stack's outputs in another Pulumi project, typed, by the contract's table."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pulumi

from stack_outputs import contract, forms
from stack_outputs.contract import Output, Type
from stack_outputs.forms import READ, Form, FormError, Login

Outputs = Mapping[str, Any]
FormReader = Callable[[str], pulumi.Output[str]]
"""Takes a user's key and returns that user's login in a form, a secret. An unknown user is a pulumi.RunError."""


class StackOutputs:
    """The outputs of a stack of mysql-pair, each as stack_outputs/contract.toml describes it; what is secret stays so.

    Where the stack's outputs are not those of this contract, whatever is read from them fails with one
    pulumi.RunError that lists every fault in words. A preview that does not know the outputs yet checks nothing.
    Where the stack's secrets cannot be decrypted, what is not secret can be read all the same.
    """

    contract_version: pulumi.Output[int]
    server_names: pulumi.Output[list[str]]
    server_instance_ids: pulumi.Output[list[str]]
    server_private_ips: pulumi.Output[list[str]]
    server_host_keys: pulumi.Output[list[str]]
    server_instance_id: pulumi.Output[str]
    server_private_ip: pulumi.Output[str]
    server_public_ip: pulumi.Output[str | None]
    server_host_key: pulumi.Output[str]
    data_volume_id: pulumi.Output[str | None]
    client_names: pulumi.Output[list[str]]
    client_instance_ids: pulumi.Output[list[str]]
    client_private_ips: pulumi.Output[list[str]]
    client_public_ips: pulumi.Output[list[str | None]]
    client_host_keys: pulumi.Output[list[str]]
    jump_host: pulumi.Output[str | None]
    mysql_host: pulumi.Output[str]
    mysql_port: pulumi.Output[int]
    mysql_read_port: pulumi.Output[int]
    load_balancer_host: pulumi.Output[str | None]
    mysql_version: pulumi.Output[str]
    mysql_ca_certificate: pulumi.Output[str]
    backup_bucket: pulumi.Output[str | None]
    backup_prefix: pulumi.Output[str | None]
    backup_days: pulumi.Output[int | None]
    backup_key: pulumi.Output[str | None]
    database_names: pulumi.Output[list[str]]
    user_names: pulumi.Output[list[str]]
    primary_user: pulumi.Output[str | None]
    connection_string: pulumi.Output[str | None]
    read_connection_string: pulumi.Output[str | None]
    connection_strings: pulumi.Output[dict[str, str]]
    sqlalchemy_urls: pulumi.Output[dict[str, str]]
    django_urls: pulumi.Output[dict[str, str]]
    prisma_urls: pulumi.Output[dict[str, str]]
    jdbc_urls: pulumi.Output[dict[str, str]]
    go_dsns: pulumi.Output[dict[str, str]]
    golang_migrate_urls: pulumi.Output[dict[str, str]]
    option_files: pulumi.Output[dict[str, str]]
    mariadb_option_files: pulumi.Output[dict[str, str]]
    dotenvs: pulumi.Output[dict[str, str]]
    read_connection_strings: pulumi.Output[dict[str, str]]
    read_sqlalchemy_urls: pulumi.Output[dict[str, str]]
    read_django_urls: pulumi.Output[dict[str, str]]
    read_prisma_urls: pulumi.Output[dict[str, str]]
    read_jdbc_urls: pulumi.Output[dict[str, str]]
    read_go_dsns: pulumi.Output[dict[str, str]]
    read_golang_migrate_urls: pulumi.Output[dict[str, str]]
    read_option_files: pulumi.Output[dict[str, str]]
    read_mariadb_option_files: pulumi.Output[dict[str, str]]
    read_dotenvs: pulumi.Output[dict[str, str]]

    def __init__(self, reference: pulumi.StackReference) -> None:
        """Read those of a stack, such as pulumi.StackReference("organization/mysql-pair/dev")."""
        self._reference = reference
        # A fault names types and keys alone, so that there were any is no secret though what was looked at is. All
        # outputs go through `apply` and not through `all`, which makes an output of every value in them.
        self._good: pulumi.Output[Any] = pulumi.Output.unsecret(reference.name.apply(self._checked))
        self._elided = reference.outputs.apply(_elided)

    if TYPE_CHECKING:
        url: FormReader
        sqlalchemy_url: FormReader
        django_url: FormReader
        prisma_url: FormReader
        jdbc_url: FormReader
        go_dsn: FormReader
        golang_migrate_url: FormReader
        option_file: FormReader
        mariadb_option_file: FormReader
        dotenv: FormReader
        read_url: FormReader
        read_sqlalchemy_url: FormReader
        read_django_url: FormReader
        read_prisma_url: FormReader
        read_jdbc_url: FormReader
        read_go_dsn: FormReader
        read_golang_migrate_url: FormReader
        read_option_file: FormReader
        read_mariadb_option_file: FormReader
        read_dotenv: FormReader
    else:  # for a type checker, there are the attributes above and no others

        def __getattr__(self, name: str) -> Any:
            """Read an output when it is asked for: the engine fails a program for an output that nobody uses too."""
            for output in contract.OUTPUTS:
                if output.name == name:
                    return self._read(output)
            for form in forms.FORMS:
                if form.name == name.removeprefix(READ):
                    return functools.partial(self._read_form, form, name.removesuffix(form.name))
            raise AttributeError(f"a stack of mysql-pair has no output {name}")

    def login(self, user: str) -> pulumi.Output[Login]:
        """Return a user's login, a secret, by the user's key. An unknown one is a pulumi.RunError."""
        return self.url(user).apply(forms.login_of)

    def read_login(self, user: str) -> pulumi.Output[Login]:
        """Return the same for reading."""
        return self.read_url(user).apply(forms.login_of)

    def _checked(self, stack: str) -> pulumi.Output[Any]:
        return self._reference.outputs.apply(lambda outputs: _check(stack, outputs))

    def _read(self, output: Output) -> pulumi.Output[Any]:
        value = self._good.apply(lambda _: self._reference.get_output(output.name)).apply(_whole)
        if not output.secret:
            return value
        parts = pulumi.Output.all(self._reference.name, self._elided, value)
        return pulumi.Output.secret(parts.apply(_decrypted))

    def _read_form(self, form: Form, prefix: str, user: str) -> pulumi.Output[str]:
        table = getattr(self, f"{prefix}{form.output}")
        parts = pulumi.Output.all(self._reference.name, self.connection_strings, table)
        return parts.apply(lambda known: _entry(form, user, *known))


def _entry(form: Form, user: str, stack: str, logins: Mapping[str, str], table: Mapping[str, str]) -> str:
    if user not in logins:
        raise pulumi.RunError(f"The stack {stack} has no user {user}. It has {', '.join(sorted(logins)) or 'none'}.")
    if user not in table:
        try:
            form.write(forms.login_of(logins[user]))
            reason = "the stack left it out"
        except FormError as error:
            reason = str(error)
        raise pulumi.RunError(f"The user {user} of the stack {stack} has no {form.name}: {reason}.")
    return table[user]


def _check(stack: str, outputs: Outputs) -> None:
    if fault := _version_fault(stack, outputs.get("contract_version")):
        raise pulumi.RunError(fault)
    readable = [output for output in contract.OUTPUTS if not (output.secret and _elided(outputs))]
    faults = [fault for output in readable if (fault := _fault(output, outputs.get(output.name)))]
    if faults:
        lines = "".join(f"\n  {fault}" for fault in faults)
        raise pulumi.RunError(f"The outputs of the stack {stack} are not those of its contract:{lines}")


def _decrypted(parts: Sequence[Any]) -> Any:
    stack, elided, value = parts
    if elided:
        needs = "It needs the passphrase of that stack, or leave to decrypt with its key."
        raise pulumi.RunError(
            f"The project {pulumi.get_project()} cannot decrypt the secrets of the stack {stack}. {needs}"
        )
    return value


def _elided(outputs: Outputs) -> bool:
    """Tell whether the engine has put empty tables in place of secrets, as it does when it cannot decrypt them."""
    return bool(outputs.get("connection_string") == {})


def _version_fault(stack: str, version: object) -> str | None:
    known, here = contract.VERSION, pulumi.get_project()
    older = (
        f"Update mysql-pair where {stack} is made, and run `pulumi up` there; or install the stack_outputs of its age."
    )
    if version is None:
        return f"The stack {stack} has no contract_version: it is older than version {known}, or no mysql-pair. {older}"
    if not _is(Type.NUMBER, version):
        return (
            f"The stack {stack} has a contract_version that is {_name(version)}, not {_expected(Type.NUMBER, version)}."
        )
    if version == known:
        return None
    newer = f"Update stack_outputs in the project {here}."
    does = f"The stack {stack} has version {_whole(version)} of its contract, the project {here} reads version {known}."
    return f"{does} {newer if _whole(version) > known else older}"


def _fault(output: Output, value: object) -> str | None:
    if value is None:
        return None if output.nullable else f"{output.name} is missing, a {output.words} is expected"
    if not _is(output.type, value):
        return f"{output.name} is {_name(value)}, {_expected(output.words, value)} is expected"
    return None


def _expected(words: str, value: object) -> str:
    fraction = words == Type.NUMBER and isinstance(value, float)
    return "a whole one" if fraction else f"a {words}"


def _is(type_: Type, value: object) -> bool:
    outer, _, inner = type_.partition(" of ")
    kind, kinds = _kinds(value)
    fraction = isinstance(value, float) and not value.is_integer()
    return kind == outer and kinds <= {*inner.split(" or ")} and not fraction


_KINDS = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", Mapping: "table"}
"""The words of contract.Type for what the engine hands over; a boolean is an int to Python, so it comes first."""


def _kinds(value: object) -> tuple[str, set[str]]:
    """Return what a value is, and of a list or table what is in it."""
    kind = next((word for type_, word in _KINDS.items() if isinstance(value, type_)), "object")
    items = value if isinstance(value, list) else value.values() if isinstance(value, Mapping) else ()
    return kind, {"null" if item is None else _kinds(item)[0] for item in items}


def _name(value: object) -> str:
    """Return a value's type in words; never the value."""
    kind, inner = _kinds(value)
    name = "an object" if kind == "object" else f"a {kind}"
    return f"{name} of {' and '.join(sorted(inner))}" if inner else name


def _whole(value: Any) -> Any:
    """Return a whole number as int: it may come as a float."""
    return int(value) if isinstance(value, float) else value
