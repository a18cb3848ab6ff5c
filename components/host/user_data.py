"""What a host of a role is to have, from the cloud-config files of scripts/cloud_init: on its first boot and after.

The same packages, files and boot commands go into the user data, which cloud-init applies once, and into the spec
that the host agent converges the host to from then on. So a fresh host and a converged one are equal.
"""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its stubs are no dependency of the program

from components.host.agent import ROOT
from components.host.host import VOLUME_GIB, HostArgs
from scripts.host.system.spec import FileSpec, HostSpec

LIMIT = 16 * 1024
"""Bytes before base64 (EC2 User Guide, "Run commands at launch using user data")."""

FOLDER = ROOT / "scripts" / "cloud_init"

SKIP_PACKAGES = """[ $(dpkg-query -W -f '${db:Status-Status}\\n' "$@" 2>/dev/null | grep -cx installed) != $# ] ||
: >/var/lib/cloud/instance/sem/config_package_update_upgrade_install"""
"""Where an image has all of the packages (the arguments), cloud-init takes its module for packages as run already: the
module downloads apt's lists, whatever is missing. Names of such files are cloud-init's ("Module frequency")."""

ON_CHANGE = {
    # A second, as for a moment nobody listens, and what follows is to be let in.
    "/etc/ssh/": ("sh", "-c", "sshd -t && systemctl reload ssh && sleep 1"),
    "/etc/systemd/system/": ("systemctl", "daemon-reload"),
}
"""What makes a changed file below a folder count on a running host."""


def user_data(role: str, files: Mapping[str, str] | None = None, packages: Sequence[str] | None = None) -> str:
    """Return the cloud-config of a role: common.yaml, with what <role>.yaml adds to it, and more files by path.

    `packages` are those of the first boot, in place of the role's: it may leave some to the host agent.

    Raises:
        ValueError: the result is more than EC2 takes.
    """
    return _user_data(role, tuple((files or {}).items()), None if packages is None else tuple(packages))


@functools.cache
def _user_data(role: str, files: tuple[tuple[str, str], ...], packages: tuple[str, ...] | None) -> str:
    added = [{"path": path, "content": content} for path, content in files]
    config = join(cloud_config(role), {"write_files": added})
    config["packages"] = config["packages"] if packages is None else list(packages)
    # On the first boot alone: on every later one, cloud-init does not run the module.
    config["bootcmd"] = [*config["bootcmd"], ["sh", "-c", SKIP_PACKAGES, "sh", *config["packages"]]]
    text: str = "#cloud-config\n" + yaml.safe_dump(config, sort_keys=False)
    if len(text.encode()) > LIMIT:
        raise ValueError(f"the user data of {role} is {len(text.encode())} bytes, EC2 takes {LIMIT}")
    return text


def host_spec(role: str, args: HostArgs, files: Mapping[str, str] | None = None) -> HostSpec:
    """Return the same for the host agent, with more packages, more files by path, and the login user's key.

    Without a public key authorized_keys stays as it is. A root volume that has grown is a change of the spec, so that
    the host is converged, and grows its file system.
    """
    base = cloud_config(role)
    added = [FileSpec(path, text, on_change=_on_change(path)) for path, text in (files or {}).items()]
    return HostSpec(
        packages=(*base["packages"], *args.get("packages", ())),
        boot_commands=tuple(tuple(command) for command in base["bootcmd"]),
        files=(*(FileSpec(**file, on_change=_on_change(file["path"])) for file in base["write_files"]), *added),
        authorized_keys=f"{args['public_key']}\n" if args.get("public_key") else None,
        volume_gib=args.get("volume_gib", VOLUME_GIB),
    )


def cloud_config(role: str) -> dict[str, Any]:
    """Return the cloud-config of a role as data."""
    return join(read_yaml(FOLDER / "common.yaml"), read_yaml(FOLDER / f"{role}.yaml"))


def join(base: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Return both documents as one: lists one after the other, of all else the later value."""
    joined = dict(base)
    for key, value in more.items():
        both_lists = isinstance(value, list) and isinstance(base.get(key), list)
        joined[key] = [*base[key], *value] if both_lists else value
    return joined


def _on_change(path: str) -> tuple[str, ...]:
    return next((command for folder, command in ON_CHANGE.items() if path.startswith(folder)), ())


@functools.cache
def read_yaml(path: Path) -> Mapping[str, Any]:
    """Return a data file that lies beside the code, read once; nobody may change it."""
    # In C where PyYAML has it: the same data, several times as fast.
    data: Mapping[str, Any] = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return data
