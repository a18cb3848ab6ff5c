"""What every host converges to, from whatever state it is in.

Run twice, or again after it was cut off anywhere, it ends in the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scripts.host.common import process
from scripts.host.system import authorized_keys, files, packages
from scripts.host.system.spec import HostSpec


def converge(spec: HostSpec, install: Callable[[Sequence[str]], None] = packages.converge) -> None:
    """Make this host be as the spec says, part by part.

    Args:
        spec: the host.
        install: what makes the packages be as listed.

    Raises:
        HostError: a part failed, and the parts after it were not begun.
    """
    for command in spec.boot_commands:
        process.must(command)
    install(spec.packages)
    files.converge(spec.files)
    if spec.authorized_keys is not None:
        authorized_keys.converge(spec.authorized_keys)
