"""A program without any code of ours that registers a stack's very resources: what engine, providers and SDK need.

It reads them, with their inputs, parents and dependencies, from a file beside it that is made from the stack's export.
A preview of it on that stack finds nothing to change.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MAIN = """\
import json
import pulumi

SECRET = "4dabf18193072939515e22adb298388d"

def value(of):
    if isinstance(of, dict) and SECRET in of:
        return pulumi.Output.secret(value(json.loads(of["plaintext"])))
    if isinstance(of, dict):
        return {key: value(each) for key, each in of.items() if key != "__defaults"}
    return [value(each) for each in of] if isinstance(of, list) else of

made = {}
for each in json.load(open("resources.json")):
    needed = [made[urn] for urn in each.get("dependencies", []) if urn in made]
    version = each.get("provider", "::default::").split("::")[-2].removeprefix("default").strip("_").replace("_", ".")
    more = {"version": version or None, "protect": each.get("protect")}
    opts = pulumi.ResourceOptions(parent=made.get(each.get("parent")), depends_on=needed, **more)
    name, props = each["urn"].rsplit("::", 1)[1], value(each.get("inputs", {}))
    if each["custom"]:
        made[each["urn"]] = pulumi.CustomResource(each["type"], name, props, opts)
    else:
        made[each["urn"]] = pulumi.ComponentResource(each["type"], name, props, opts)
"""
"""The mark of a secret is Pulumi's own (resource.SigKey, resource.SecretSig)."""


def write(
    folder: Path, project: Mapping[str, Any], stack: str, modules: Sequence[str], variables: Mapping[str, str]
) -> int:
    """Write the program of a stack of the current project into a folder, and return how many resources it has.

    Args:
        folder: only its owner may read it, as the stack's secrets are in it.
        project: its Pulumi.yaml, with the name of the stack's project.
        stack: the stack's name.
        modules: what the program imports besides.
        variables: with which `pulumi` finds the stack.
    """
    argv = ["pulumi", "stack", "export", "--show-secrets", "--stack", stack]
    told = subprocess.run(argv, env=variables, capture_output=True, text=True, check=True).stdout
    resources = [
        each
        for each in json.loads(told)["deployment"]["resources"]
        if not each["type"].startswith(("pulumi:pulumi:Stack", "pulumi:providers:"))
    ]
    (folder / "Pulumi.yaml").write_text(json.dumps(project))
    (folder / "__main__.py").write_text("".join(f"import {module}\n" for module in modules) + MAIN)
    (folder / "resources.json").write_text(json.dumps(resources))
    return len(resources)
