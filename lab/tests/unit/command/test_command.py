"""What a user of the command stand-in sees of its own: refusals, wording, and what counts as a change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from lab.command.capture import Capture, CommandError, Job
from lab.command.diff import compare
from lab.command.go_text import endpoint, quote
from lab.command.provider import CommandProvider
from lab.command.schema import REMOTE_COMMAND, Problem, completed, problems
from lab.command.values import UNKNOWN, plain_map, property_map, property_value, unknown


def _check(kind: str, inputs: dict[str, Any]) -> Sequence[Problem]:
    return CommandProvider(None).check(f"urn:pulumi:s::p::{kind}::name", property_map(inputs))[1]


@pytest.mark.parametrize("kind", ["command:remote:CopyFile", "command:remote:CopyToRemote"])
def test_other_resources_are_refused_by_name(kind: str) -> None:
    [failure] = _check(kind, {})
    assert failure.reason.startswith(f"{kind} is not in the lab's stand-in")
    assert "LAB_COMMAND_PLUGIN=/path/to/pulumi-resource-command" in failure.reason
    assert "LAB_COMMAND_PLUGIN=install" in failure.reason


def test_functions_are_refused_by_name() -> None:
    with pytest.raises(CommandError, match="command:local:run is not in the lab's stand-in"):
        CommandProvider(None).invoke("command:local:run")


@pytest.mark.parametrize("name", ["assetPaths", "archivePaths"])
def test_asset_globs_are_refused_by_name(name: str) -> None:
    [failure] = _check("test:index:Parent$command:local:Command", {name: ["*.txt"]})
    assert failure.property == name
    assert f"command:local:Command's {name} is not in the lab's stand-in" in failure.reason


def test_a_mistyped_property_is_refused() -> None:
    [failure] = _check("command:local:Command", {"craete": "true"})
    assert failure.reason == "Unrecognized field 'craete' on 'local.CommandInputs'"


def test_an_unknown_host_is_no_fault_and_gets_its_defaults() -> None:
    inputs = property_map({"connection": {"host": UNKNOWN}})
    assert problems(REMOTE_COMMAND, inputs) == []
    connection = completed(REMOTE_COMMAND, inputs)["connection"]
    assert connection.is_secret
    assert plain_map({"c": connection})["c"] == {
        "host": UNKNOWN,
        "user": "root",
        "port": 22,
        "dialErrorLimit": 10,
        "perDialTimeout": 15,
    }


def test_an_unknown_connection_stays_unknown() -> None:
    inputs = completed(REMOTE_COMMAND, {"connection": unknown()})
    assert plain_map(inputs) == {"connection": UNKNOWN}
    assert inputs["connection"].is_secret


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", '"plain"'),
        ('say "hi"\\', '"say \\"hi\\"\\\\"'),
        ("a\tb\nc\x00\x7f", '"a\\tb\\nc\\x00\\x7f"'),
        ("é ☃", '"é ☃"'),
        ("\u200b\U000e0001", '"\\u200b\\U000e0001"'),
    ],
)
def test_commands_are_quoted_as_go_does(text: str, quoted: str) -> None:
    assert quote(text) == quoted


def test_an_ipv6_endpoint_has_brackets() -> None:
    assert endpoint("fd00::1", 22) == "[fd00::1]:22"


@pytest.mark.parametrize(
    ("old", "new", "changed", "replacing"),
    [
        ({"create": "a"}, {"create": "a"}, [], []),
        ({"create": "a"}, {"create": "b"}, ["create"], []),
        ({}, {"triggers": ["a"]}, ["triggers"], ["triggers"]),
        ({"triggers": ["a"]}, {}, ["triggers"], ["triggers"]),
        ({"triggers": ["a", "b"]}, {"triggers": ["a", "c"]}, ["triggers[1]"], []),
        ({"environment": {"A": "1"}}, {"environment": {"A": "1", "B-C": "2"}}, ['environment["B-C"]'], []),
        ({"create": "a"}, {"create": UNKNOWN}, ["create"], []),
        ({"create": "a"}, {"create": property_value("a", secret=True)}, ["create"], []),
    ],
)
def test_what_counts_as_a_change(
    old: dict[str, Any], new: dict[str, Any], changed: list[str], replacing: list[str]
) -> None:
    diff = compare(property_map(old), property_map(new))
    assert list(diff.detailed) == changed
    assert diff.replaces == replacing


@pytest.mark.parametrize(
    ("asked", "before", "previous"),
    [
        (None, {"stdout": "o", "stderr": ""}, {"PULUMI_COMMAND_STDOUT": "o"}),
        (True, {"stdout": "o", "stderr": "e"}, {"PULUMI_COMMAND_STDOUT": "o", "PULUMI_COMMAND_STDERR": "e"}),
        (False, {"stdout": "o", "stderr": "e"}, {}),
    ],
)
def test_the_last_output_goes_to_the_next_run(
    asked: bool | None, before: dict[str, str], previous: dict[str, str]
) -> None:
    assert Job.of("true", {"addPreviousOutputInEnv": asked}, before).previous == previous


@pytest.mark.parametrize(
    ("logging", "shown"),
    [
        (None, ["one", "two", "half"]),
        ("stdoutAndStderr", ["one", "two", "half"]),
        ("stdout", ["one", "half"]),
        ("stderr", ["two"]),
        ("none", []),
        ("loud", []),
    ],
)
def test_what_is_shown_and_what_is_kept(logging: str | None, shown: list[str]) -> None:
    lines: list[str] = []

    async def tell(line: str) -> None:
        lines.append(line)

    async def feed() -> Capture:
        capture = Capture(logging, tell)
        await capture.feed("stdout", b"on")
        await capture.feed("stdout", b"e\n")
        await capture.feed("stderr", b"two\n")
        await capture.feed("stdout", b"half")
        await capture.end()
        return capture

    capture = asyncio.run(feed())
    assert lines == shown
    assert capture.outputs == {"stdout": "one\nhalf", "stderr": "two"}
    assert capture.both == "one\ntwo\nhalf"
