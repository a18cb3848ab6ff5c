"""The stack's config: read once, every fault reported together, handed on as frozen dataclasses."""

from stack_config.faults import ConfigFaults, Fault
from stack_config.model import (
    AccountsConfig,
    ClientGroup,
    DatabaseConfig,
    Egress,
    ExistingVpc,
    Grant,
    MySqlConfig,
    NetworkConfig,
    OwnVpc,
    RoleConfig,
    ServerConfig,
    SshConfig,
    SshEndpoint,
    StackConfig,
    UserConfig,
)
from stack_config.parse import load, parse

__all__ = [
    "AccountsConfig",
    "ClientGroup",
    "ConfigFaults",
    "DatabaseConfig",
    "Egress",
    "ExistingVpc",
    "Fault",
    "Grant",
    "MySqlConfig",
    "NetworkConfig",
    "OwnVpc",
    "RoleConfig",
    "ServerConfig",
    "SshConfig",
    "SshEndpoint",
    "StackConfig",
    "UserConfig",
    "load",
    "parse",
]
