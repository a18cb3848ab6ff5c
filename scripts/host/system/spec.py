"""What the program says of a host: packages, files, boot commands, the login user's key, the volume."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class FileSpec:
    """A file; its owner is root."""

    path: str
    content: str
    permissions: str = "0644"
    """Octal digits."""
    on_change: tuple[str, ...] = ()
    """The command that makes a change of the file count; empty for none."""


@dataclass(frozen=True)
class HostSpec:
    """A host."""

    packages: tuple[str, ...] = ()
    """Names of the distribution's packages; those that a later spec no longer has are purged."""
    boot_commands: tuple[tuple[str, ...], ...] = ()
    """Those of every boot, which change nothing the second time."""
    files: tuple[FileSpec, ...] = ()
    """Those that a later spec no longer has are removed."""
    authorized_keys: str | None = None
    """The login user's authorized_keys; None to leave the file as it is."""
    volume_gib: int = 0
    """Of the root volume, at least; 0 if it is not known."""


@dataclass(frozen=True)
class UpgradeSpec:
    """What is to become of newer packages of MySQL's."""

    apply: bool
    """Whether they are installed; otherwise they are only told."""
    no_way_back: bool
    """Whether they are installed even if there is no way back."""


@dataclass(frozen=True)
class PackageUpgrade:
    """A package that an upgrade changes."""

    name: str
    installed: str
    """Its version; empty of one that comes new, because another needs it."""
    candidate: str


@dataclass(frozen=True)
class UpgradeFinding:
    """What would not go well in an upgrade."""

    wrong: str
    hint: str
    """How to mend it."""
    stops: bool
    """Whether the upgrade would fail."""


@dataclass(frozen=True)
class UpgradeFacts:
    """What an upgrade changes, or has changed."""

    packages: tuple[PackageUpgrade, ...]
    restart: str = ""
    """Why mysqld is restarted although none of its packages is newer; empty for no such reason."""
    one_way: str = ""
    """Why there is no way back, should mysqld not come up with the newer packages; empty where there is one."""
    findings: tuple[UpgradeFinding, ...] = ()
    """What is to be known before; of a plan."""


@dataclass(frozen=True)
class DiffSpec:
    """What a host is compared with."""

    host: HostSpec
    agent: Mapping[str, str]
    """The agent's files: texts by path in its folder."""
