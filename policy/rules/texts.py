"""No secret where many can read it: in user data, in a remote command's text, in what is logged of it.

A policy is not told which inputs the program marked as secrets: it goes by what the text looks like.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .resource import INSTANCES, LAUNCH_TEMPLATE, UNKNOWN, Resource
from .rule import ResourceRule, Settings, is_not, strings, whole
from .secrets import Finder

USER_DATA = ("userData", "userDataBase64")
REMOTE, LOCAL = "command:remote:Command", "command:local:Command"
SHOWN = ("create", "update", "delete", "triggers", "environment")
BY_STDIN = "send it over the standard input of a remote command (stdin)"
INSTEAD = f"{BY_STDIN}, or, if it is no secret, add it to this policy's `allow`"
DIGEST = r"[0-9a-f]{32,128}"
"""A hexadecimal digest: in triggers, the usual way to say that something has changed."""
SETTINGS = {
    "allow": strings([], "Regular expressions of words that are no secrets.", format="regex"),
    "length": whole(20, 8, 1000, "Characters that a word has at least before it may look random."),
    "bits": {
        "type": "number",
        "minimum": 1,
        "maximum": 8,
        "default": 3.8,
        "description": "Entropy of a character from which on a word looks random.",
    },
}


def secrets_in_user_data(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield what looks like a secret in user data, plain or packed.

    Every process on the host reads it from the metadata service, every account with ec2:DescribeInstanceAttribute from
    the API (EC2 User Guide, "Run commands at launch using user data").
    """
    for name in USER_DATA if resource.type in (*INSTANCES, LAUNCH_TEMPLATE) else ():
        text = resource.get(name)
        for finding in _finder(settings).find(text) if isinstance(text, str) else ():
            yield f"{name} has {finding.kind} in {finding.where}: whoever sees the host sees it; {INSTEAD}"


def secrets_in_commands(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield what looks like a secret in a command's text, and what shows more of it than need be.

    The engine shows a command's inputs in every diff, the host's process list shows its text. pulumi-command logs
    standard output unless told otherwise, even where it is marked secret, and sends the former one as a variable.
    """
    if resource.type not in (REMOTE, LOCAL):
        return
    for name in SHOWN:
        allow = [DIGEST] if name == "triggers" else []
        for finding in _finder(settings, allow).find(_text(resource.get(name))):
            yield f"{name} has {finding.kind} in {finding.where}: previews and process lists show it; {INSTEAD}"
    hides_output = resource.type == REMOTE or "stdout" in resource.secret_outputs
    if hides_output and is_not(resource.get("logging"), "none"):
        yield "its output is logged, even where it is a secret; set logging to Logging.NONE"
    if resource.type == REMOTE:
        yield from _variables(resource)


def _variables(resource: Resource) -> Iterator[str]:
    if resource.get("environment"):
        yield f"has environment variables: sshd's log and the host's process list may show them; {BY_STDIN}"
    if is_not(resource.get("addPreviousOutputInEnv"), False):
        yield "sends its former output as an environment variable; set add_previous_output_in_env to False"


def _finder(settings: Settings, allow: list[str] | None = None) -> Finder:
    return Finder([*settings["allow"], *(allow or [])], int(settings["length"]), settings["bits"])


def _text(value: Any) -> str:
    """Return an input as text, a line for each of its values; unknown ones are left out."""
    if value is None or value is UNKNOWN:
        return ""
    if isinstance(value, Mapping):
        return "\n".join(f"{key}={_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "\n".join(_text(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


RULES = (
    ResourceRule(
        "no-secrets-in-user-data",
        "User data holds no secret.",
        "mandatory",
        SETTINGS,
        secrets_in_user_data,
    ),
    ResourceRule(
        "no-secrets-in-commands",
        "Commands show no secret: not in their text, not in their environment, not in a log.",
        "mandatory",
        SETTINGS,
        secrets_in_commands,
    ),
)
