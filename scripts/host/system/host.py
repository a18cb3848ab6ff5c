"""What every host converges to and is compared with.

What is compared, and how, is in the modules that put it right.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scripts.host.common import difference, process
from scripts.host.common.difference import Difference
from scripts.host.system import authorized_keys, file_systems, files, packages, updates
from scripts.host.system.spec import DiffSpec, HostSpec

AGENT = Path(__file__).resolve().parents[3]
"""The folder of the agent that runs."""


def converge(spec: HostSpec, install: Callable[[Sequence[str]], None] = packages.converge) -> None:
    """Make this host be as the spec says, from whatever state it is in; `install` does the packages.

    Run twice, or again after it was cut off anywhere, it ends in the same place.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    # First, if it can be: on a disk that is full, all else would fail.
    if can_grow := file_systems.can_grow():
        file_systems.converge(spec.volume_gib)
    for command in spec.boot_commands:
        process.must(command)
    install(spec.packages)
    if not can_grow:
        file_systems.converge(spec.volume_gib)
    files.converge(spec.files)
    if spec.authorized_keys is not None:
        authorized_keys.converge(spec.authorized_keys)


def differences(spec: DiffSpec) -> list[Difference]:
    """Return where a host of any kind is not as the spec says; nothing is changed."""
    rows = _agent_differences(spec.agent)
    rows += file_systems.differences(spec.host.volume_gib)
    rows += packages.differences(spec.host.packages)
    rows += updates.differences()
    rows += files.differences(spec.host.files)
    if spec.host.authorized_keys is not None:
        rows += authorized_keys.differences(spec.host.authorized_keys)
    return rows


def _agent_differences(texts: Mapping[str, str]) -> list[Difference]:
    rows = []
    for name, text in texts.items():
        path = AGENT / name
        found = difference.digest(path.read_bytes()) if path.is_file() else "missing"
        if found != (expected := difference.digest(text.encode())):
            rows.append(Difference("file", str(path), "content", expected, found))
    return rows
