"""The agent's errors: what went wrong on a host, in words for the operator.

Whatever runs a program, asks MySQL or touches a file may raise a HostError, which ends the verb. Docstrings name it
where a caller must know what is left behind.
"""


class HostError(Exception):
    """What went wrong on this host; its text has no secret."""


class TooSlowError(HostError):
    """A program that did not end in time."""
