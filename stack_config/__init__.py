"""The stack's config: read once, every fault reported together, handed on as what components are made from."""

from stack_config.clients import ClientGroup
from stack_config.load import StackConfig, load, parse
from stack_config.reader import ConfigFaults, Fault

__all__ = ["ClientGroup", "ConfigFaults", "Fault", "StackConfig", "load", "parse"]
