"""The stack's config: read once, every fault reported together, handed on as what components are made from."""

from stack_config.faults import ConfigFaults, Fault
from stack_config.load import load, parse
from stack_config.model import ClientGroup, StackConfig

__all__ = [
    "ClientGroup",
    "ConfigFaults",
    "Fault",
    "StackConfig",
    "load",
    "parse",
]
