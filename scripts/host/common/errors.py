"""The agent's errors: what went wrong on a host, in words for the operator."""

from __future__ import annotations


class HostError(Exception):
    """What went wrong on this host; its text has no secret."""


class TooSlowError(HostError):
    """A program that did not end in time."""
