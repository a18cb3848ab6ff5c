"""The stack's outputs: a contract that other projects read. docs/outputs.md is made from this table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from scripts.host.constants import CA_FILE
from stack_outputs.forms import FORMS

VERSION = 1
"""Raised when an output is taken away or means something else; a new output does not raise it."""


class Type(StrEnum):
    """What an output may be."""

    STRING = "string"
    NUMBER = "number"
    STRINGS = "list of string"
    STRINGS_OR_NULLS = "list of string or null"
    TABLE = "table of string"


@dataclass(frozen=True)
class Output:
    """One output."""

    name: str
    type: Type
    description: str
    """One sentence: unit, order of a list, when null."""
    secret: bool = False
    nullable: bool = False

    @property
    def words(self) -> str:
        """The type in words."""
        return f"{'secret ' if self.secret else ''}{self.type}{' or null' if self.nullable else ''}"


_BY_CLIENT = "in the order of `client_names`"

OUTPUTS: tuple[Output, ...] = (
    Output("contract_version", Type.NUMBER, f"The version of this contract, {VERSION}."),
    Output("server_instance_id", Type.STRING, "The server's EC2 instance id."),
    Output("server_private_ip", Type.STRING, "The server's private IPv4 address."),
    Output("server_public_ip", Type.STRING, "The server's Elastic IP; null of a private server.", nullable=True),
    Output("server_host_key", Type.STRING, "The server's public ed25519 ssh key, pinned at first contact."),
    Output("client_names", Type.STRINGS, "The clients, in the order of the groups and of their hosts' numbers."),
    Output("client_instance_ids", Type.STRINGS, f"Their EC2 instance ids, {_BY_CLIENT}."),
    Output("client_private_ips", Type.STRINGS, f"Their private IPv4 addresses, {_BY_CLIENT}."),
    Output("client_public_ips", Type.STRINGS_OR_NULLS, f"Their Elastic IPs, {_BY_CLIENT}; null of a private client."),
    Output("client_host_keys", Type.STRINGS, f"Their public ed25519 ssh keys, {_BY_CLIENT}."),
    Output(
        "jump_host",
        Type.STRING,
        "The name of the client that private hosts are reached through; null where each host is reached by itself.",
        nullable=True,
    ),
    Output("mysql_host", Type.STRING, "Where MySQL listens: the server's private address, which its certificate has."),
    Output("mysql_port", Type.NUMBER, "The TCP port of the classic protocol."),
    Output("mysql_version", Type.STRING, "What the server says its version is, such as 8.4.6 or 9.7.4-2."),
    Output(
        "mysql_ca_certificate",
        Type.STRING,
        "The certificate (PEM) of the authority that the server's is checked against; "
        f"client hosts have it at {CA_FILE}.",
    ),
    Output("database_names", Type.STRINGS, "The databases that the stack makes, sorted."),
    Output("user_names", Type.STRINGS, "The keys of the users that the stack makes, sorted."),
    Output(
        "primary_user",
        Type.STRING,
        "The key of the user that `connection_string` is for; null of a stack without users.",
        nullable=True,
    ),
    Output(
        "connection_string",
        Type.STRING,
        "The primary user's login as a URL; null of a stack without users.",
        secret=True,
        nullable=True,
    ),
    *(Output(form.output, Type.TABLE, form.description, secret=True) for form in FORMS),
)
"""Every output; `pulumi stack output` does not list one that is null, a StackReference reads None."""


def check_names(exported: Collection[str]) -> None:
    """Compare what is about to be exported with the table.

    Args:
        exported: the names, such as a dict of the outputs.

    Raises:
        ValueError: a name is missing or is not in the table.
    """
    expected = {output.name for output in OUTPUTS}
    faults = [f"{name} is missing" for name in sorted(expected - set(exported))]
    faults += [f"{name} is not in stack_outputs/contract.py" for name in sorted(set(exported) - expected)]
    if faults:
        raise ValueError(f"the outputs are not those of the contract: {', '.join(faults)}")
