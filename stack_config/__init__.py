"""The stack's config: read once, every fault reported together, handed on as frozen dataclasses."""

from stack_config.faults import ConfigFaults, Fault
from stack_config.model import (
    ClientGroup,
    Egress,
    ExistingVpc,
    MySqlConfig,
    NetworkConfig,
    OwnVpc,
    ServerConfig,
    SshConfig,
    SshEndpoint,
    StackConfig,
    UserConfig,
)
from stack_config.parse import load, parse

__all__ = [
    "ClientGroup",
    "ConfigFaults",
    "Egress",
    "ExistingVpc",
    "Fault",
    "MySqlConfig",
    "NetworkConfig",
    "OwnVpc",
    "ServerConfig",
    "SshConfig",
    "SshEndpoint",
    "StackConfig",
    "UserConfig",
    "load",
    "parse",
]
