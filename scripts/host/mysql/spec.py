"""What the program says of the MySQL server, and what it is told: settings, and whom the certificate is for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.host.common.option_text import quoted
from scripts.host.group.spec import GroupSpec
from scripts.host.system.spec import DiffSpec, HostSpec, UpgradeFinding

Setting = bool | int | float | str
"""A setting's value: ON and OFF as bool, sizes in bytes, everything else as it is."""
OPEN_FILES = "open_files_limit"
"""The setting that systemd has to allow, too."""
UNIT_OPEN_FILES = 10000
"""LimitNOFILE of the distributions' mysql.service."""
LOADED = (
    "audit_log_",
    "authentication_",
    "clone_",
    "component_",
    "connection_control_",
    "ddl_rewriter_",
    "group_replication_",
    "keyring_",
    "rewriter_",
    "rpl_semi_sync_",
    "thread_pool_",
    "validate_password_",
)
"""How the variables of plugins begin that somebody installs by a statement; those of components have a dot."""


@dataclass(frozen=True)
class MySqlSpec:
    """mysqld."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    """All that the option file sets in [mysqld], by the options' names with underscores."""

    @property
    def option_file(self) -> str:
        """The whole option file."""
        lines = [f"{_option(name)} = {_text(value)}" for name, value in self.settings.items()]
        return "\n".join(["# Made by the stack: changes made here by hand are overwritten.", "[mysqld]", *lines, ""])


@dataclass(frozen=True)
class DataSpec:
    """The volume that MySQL's data are on."""

    volume_id: str
    device_name: str
    """What it was attached as; on a Xen host its device has a name like it."""
    gib: int
    """Its size, at least; 0 if it is not known."""
    replay_over: str = ""
    """The snapshot that a new volume is made from, if the binary log is to be replayed over it; empty otherwise."""


@dataclass(frozen=True)
class ServerSpec(HostSpec):
    """The host of a MySQL server."""

    mysql: MySqlSpec = field(default_factory=MySqlSpec)
    data: DataSpec | None = None
    """None where the data are on the root volume."""
    group: GroupSpec | None = None
    """None of a server that is alone."""


@dataclass(frozen=True)
class ServerFacts:
    """What the convergence of a server finds out."""

    mysql_version: str
    """What `select version()` says."""
    warnings: tuple[str, ...] = ()
    """What MySQL said when it took a setting, and who cannot log in with it."""


@dataclass(frozen=True)
class CertificateSpec:
    """Whom the server's certificate is for."""

    addresses: tuple[str, ...]
    names: tuple[str, ...]
    authority: str = field(default="", repr=False)
    """Key and certificate (PEM) of the authority that the members of a group share, a secret; the certificate alone
    where the host has the key already. Empty of a server that is alone, whose authority never leaves it."""

    @property
    def is_member(self) -> bool:
        """Whether the server is a member of a group, whose own address is the first."""
        return self.authority != ""


@dataclass(frozen=True)
class AuthorityFacts:
    """The authority that the members of a group share."""

    pem: str = field(repr=False)
    """Its key and certificate, a secret."""


@dataclass(frozen=True)
class CertificateFacts:
    """What the issuing of a certificate finds out."""

    ca_certificate: str
    """The certificate (PEM) of the host's authority, by which clients know the server."""


@dataclass(frozen=True)
class ServerDiffSpec(DiffSpec):
    """What the host of a MySQL server is compared with."""

    host: ServerSpec
    certificate: CertificateSpec | None = None
    """None where no certificate was ever issued."""
    authority: str | None = None
    """The certificate (PEM) of the authority that the clients know."""


@dataclass(frozen=True)
class SeriesCheckSpec:
    """What is to be known, or done, before the server goes to another series of MySQL."""

    target: str
    """The series, such as 8.4."""
    removed: Mapping[str, str]
    """The settings that it does not know, each with a hint."""
    prepare: bool
    """Whether mysqld is made ready to be shut down for it; otherwise it is only checked."""


@dataclass(frozen=True)
class SeriesFacts:
    """What a check finds."""

    version: str
    """Of the server that there is."""
    findings: tuple[UpgradeFinding, ...]


def _option(name: str) -> str:
    """Return how the file sets a variable: mysqld does not start with one whose component or plugin was uninstalled."""
    return f"loose_{name}" if "." in name or name.startswith(LOADED) else name


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    return quoted(value) if isinstance(value, str) else str(value)
