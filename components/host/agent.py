"""The host agent (scripts/host) on a host: its files in one folder named by their digest, and commands that run a verb.

An operator's command finds each of them in the state by its first trigger: host, verb and instance.
"""

import base64
import bz2
import functools
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import pulumi
from pulumi_command import remote

from components.host.remote import Target, Trigger
from scripts.host.common import codec
from scripts.host.constants import AGENT_DIR

Answer = TypeVar("Answer")
ROOT = Path(__file__).resolve().parents[2]
FIRST_BOOT = ROOT / "scripts" / "host" / "first_boot"
"""Scripts for a host that has no agent yet."""
INSTALL_SECONDS = 360
"""More than install.py waits for another command of the agent."""
PACKAGE = ("scripts/__init__.py", "scripts/host/__init__.py", "scripts/host/constants.py", "scripts/host/entry.py")
ROOMS = {
    "server": ("common", "system", "mysql", "group", "accounts", "backups"),
    "client": ("common", "system", "client"),
}
"""What a host of a role needs, so that a change in another role's rooms runs nothing on it."""


def agent_files(role: str, root: Path = ROOT) -> dict[str, str]:
    """Return the agent's files for a server or a client: texts by path in the agent's folder."""
    host = root / "scripts" / "host"
    modules = [path for room in ROOMS[role] for path in sorted((host / room).glob("*.py"))]
    files = [*(root / path for path in PACKAGE), *modules]
    # Beside the folder `scripts`: Python puts the folder of the file that it runs on its path.
    return {"__main__.py": (host / "__main__.py").read_text()} | {
        path.relative_to(root).as_posix(): path.read_text() for path in files
    }


def agent_folder(files: dict[str, str]) -> str:
    """Return where an agent with these files lies on a host."""
    return f"{AGENT_DIR}/{hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()[:12]}"


def packed(files: dict[str, str]) -> str:
    """Return files as first_boot/install.py reads them: JSON, compressed, in base64.

    The engine carries and keeps a command's standard input many times over, in every preview. bzip2, as two machines
    whose zlib differs would compress the same files to different texts, and each `up` would change the other's.
    """
    return base64.b64encode(bz2.compress(json.dumps(files).encode())).decode()


@functools.cache
def _packed(role: str) -> tuple[str, str]:
    """Return the folder of a role's agent and its files, the same for all of its hosts."""
    files = agent_files(role)
    return agent_folder(files), packed(files)


@dataclass(frozen=True)
class HostAgent:
    """The agent on one host."""

    target: Target
    folder: str
    installed: remote.Command

    @classmethod
    def install(cls, role: str, target: Target, parent: pulumi.Resource) -> Self:
        """Register the command that puts the agent on a host, for root to write and everyone to read."""
        folder, files = _packed(role)
        installed = target.run(
            f"{target.name}-agent",
            ["sudo", "-n", "python3", "-c", (FIRST_BOOT / "install.py").read_text(), folder],
            INSTALL_SECONDS,
            files,
            parent,
            triggers=[_trigger(target, "install")],
        )
        return cls(target, folder, installed)

    def run(
        self,
        name: str,
        verb: str,
        spec: Any,
        seconds: int,
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
        triggers: Sequence[Trigger] = (),
        words: Sequence[str] = (),
    ) -> remote.Command:
        """Register the command that runs a verb; see Target.run for what is not named here.

        Args:
            verb: one or two words; see scripts/host/entry.py.
            spec: what the verb reads, or an output of it; a secret stays one.
            depends_on: what must be there before, besides the agent.
            triggers: what replaces the command when it changes, besides the instance.
            words: of the argv, after the verb.
        """
        return self.target.run(
            name,
            # -B: nothing is in the folder but what was put there, so that it can be compared.
            ["sudo", "-n", "python3", "-B", self.folder, *verb.split(), *words],
            seconds,
            _encoded(spec),
            parent,
            [self.installed, *depends_on],
            [_trigger(self.target, verb), *triggers],
        )

    def run_once(
        self,
        name: str,
        verb: str,
        seconds: int,
        parent: pulumi.Resource,
        depends_on: Sequence[pulumi.Resource] = (),
        spec: Any = None,
    ) -> remote.Command:
        """Register a command that runs once in the stack's life, whatever becomes of the host; see `run`."""
        return self.target.run(
            name,
            ["sudo", "-n", "python3", "-B", self.folder, *verb.split()],
            seconds,
            _encoded(spec),
            parent,
            [self.installed, *depends_on],
            # Without the instance, with which it would run anew.
            [{"host": self.target.name, "verb": verb}],
            once=True,
        )


def answer(command: remote.Command, kind: type[Answer]) -> pulumi.Output[Answer]:
    """Return what a verb has printed, which has no secret."""
    return pulumi.Output.unsecret(command.stdout).apply(lambda text: codec.decode(kind, text))


def _encoded(spec: Any) -> pulumi.Input[str]:
    if spec is None:
        return ""
    return spec.apply(codec.encode) if isinstance(spec, pulumi.Output) else codec.encode(spec)


def _trigger(target: Target, verb: str) -> Trigger:
    return {"host": target.name, "verb": verb, "instance": target.instance_id}
