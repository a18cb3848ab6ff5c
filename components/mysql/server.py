"""The MySQL server: a host with mysql-server on it, set up as asked for, with a certificate of its own authority."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NotRequired, TypedDict, cast

import pulumi

from components import checks
from components.args import args_faults
from components.data_volume import DEVICE, DataVolume
from components.host.agent import FIRST_BOOT, answer
from components.host.host import HostArgs, InstanceArgs
from components.host.remote import Trigger
from components.host.user_data import cloud_config, host_spec
from components.mysql.contradictions import check_settings
from components.mysql.group import ServerGroup
from components.mysql.host import CONVERGE_SECONDS, MySqlHost
from components.mysql.memory import completed
from components.mysql.settings import setting
from scripts.host.common.codec import SpecFault
from scripts.host.constants import (
    DATA_DROP_IN,
    DATA_UNIT,
    GROUP_DROP_IN,
    LOG_DIR,
    MYSQL_PORT,
    OPTION_FILE,
    PROXY_ADDRESS,
    SYSTEMD_UNITS,
)
from scripts.host.mysql.spec import (
    CertificateFacts,
    CertificateSpec,
    DataSpec,
    MySqlSpec,
    ServerFacts,
    ServerSpec,
    Setting,
)

MYSQL_PACKAGE = "mysql-server"
VOLUME_PACKAGES = ("xfsprogs",)
"""What a host with a data volume has besides."""
MOVE_SECONDS = 14 * 3600
"""More than the agent's own limit for data that move to a volume: it has MySQL stopped then, and must not be killed."""
CERTIFICATE_SECONDS = 360
"""More than the agent waits for another command of its own, such as the timer's renewal."""


class MySqlArgs(TypedDict):
    """How mysqld is set up."""

    mysql_port: NotRequired[Annotated[int, checks.mysql_port]]
    """MySQL's TCP port; 3306 if not given."""
    x_protocol: NotRequired[bool]
    """Whether the X protocol is served, on port 33060; off if not given."""
    require_secure_transport: NotRequired[bool]
    """Whether a login without TLS is refused; on if not given."""
    certificate_names: NotRequired[Sequence[Annotated[str, checks.dns_name]]]
    """DNS names of one's own that the certificate is for, besides the private address and its DNS name."""
    client_proxy: NotRequired[bool]
    """Whether client hosts reach MySQL by a proxy of their own, at an address that the certificate names then too; in a
    group they do, if not given."""
    lower_case_table_names: NotRequired[Annotated[int, checks.lower_case_table_names]]
    """1: names of databases and tables are kept in lower case; 0 if not given. Fixed when the server is made."""
    derived_settings: NotRequired[Mapping[str, Setting]]
    """mysqld settings that follow from the host's size: known to be good, so they hold from the first start."""
    settings: NotRequired[Mapping[str, Setting]]
    """mysqld settings by name with underscores; they win over the derived ones. Changed in place: dynamic ones live,
    others by one restart; one that MySQL refuses fails the update and changes nothing."""


class DataArgs(TypedDict):
    """Where MySQL's data are."""

    data_volume: NotRequired[DataVolume | None]
    """The volume; without it the data are on the root volume, and go with the host."""
    attach_at_once: NotRequired[bool]
    """Whether no former host has the volume: it is attached while this one boots, which takes EC2 ten seconds or more.
    Otherwise a former one serves until this one is ready. False if not given."""
    replay: NotRequired[bool]
    """Whether the binary log is to be replayed over a volume that is made from a snapshot, as Backups.restore does it:
    until then MySQL lets nobody in. False if not given."""
    distribution: NotRequired[str | None]
    """Which Ubuntu and which MySQL the host's image has, if that is known: previews show it."""
    before: NotRequired[str | None]
    """What a snapshot of the volume is named after that is made when the former host has shut down, and before this one
    has the volume: a release, or an image's id. None for no snapshot."""


class MemberArgs(TypedDict):
    """What makes a server one of several."""

    group: NotRequired[ServerGroup | None]
    """The group that it is to be in, by ServerGroup.join; None for a server that is alone."""


class ServerArgs(InstanceArgs, MySqlArgs):
    """What is chosen for the server; config says it."""


class MySqlServerArgs(HostArgs, MySqlArgs, DataArgs, MemberArgs):
    """What a MySqlServer is made from."""


class MySqlServer(MySqlHost):
    """A MySQL server on an EC2 instance of its own.

    Type: mysql-pair:index:MySqlServer. Makes: a mysql-pair:index:Host, and three command.remote.Command: the host
    agent, the convergence of packages, files and settings, and the server's certificate, whose authority is made on
    the host and whose key never leaves it.
    """

    mysql_host: pulumi.Output[str]
    """Where clients find MySQL: the private address, which the certificate names."""
    mysql_port: pulumi.Output[int]
    mysql_version: pulumi.Output[str]
    """What `select version()` said when the server was last converged."""
    ca_certificate: pulumi.Output[str]
    """The certificate of the authority that clients check the server by, PEM."""

    def __init__(self, name: str, args: MySqlServerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the server."""
        self.refuse(name, [*args_faults(MySqlServerArgs, args), *_setting_faults(args)])
        spec = server_spec(args)
        self.mysqld_settings = spec.mysql.settings
        """mysqld's, by name with underscores."""
        # As the component's own properties, so that a preview shows a changed setting by its name.
        shown = {"settings": spec.mysql.settings, "packages": list(args.get("packages", ()))}
        if known := args.get("distribution"):
            shown["distribution"] = known
        volume = args.get("data_volume")
        self.replay_over = volume.snapshot_id if volume and args.get("replay") else ""
        """The snapshot over which the log is to be replayed; empty for none."""
        before, group = args.get("before"), args.get("group")
        host_args: Mapping[str, Any] = args
        if volume:
            host_args = {**args, "identity": volume.identity, "goes_first": before is not None}
        if group:
            # One after another: the former ones are in the group again before this one is changed.
            host_args = {**host_args, "network_ready": [*args.get("network_ready", ()), *group.before(name)]}
        first_files = {OPTION_FILE: first_settings(args).option_file}
        packages = cloud_config("server")["packages"]
        if volume:
            # The data directory is mounted before MySQL's package would make it.
            packages = [name for name in [*packages, *VOLUME_PACKAGES] if name != MYSQL_PACKAGE]
        super().__init__("server", name, cast("HostArgs", host_args), opts, shown, first_files, packages)
        # A former host serves until this one is ready, unless its address is needed.
        after = [] if args.get("attach_at_once") else [self.host.ready]
        attached = [volume.attach(self.instance_id, after, self.host.instance, before)] if volume else []
        told = self._completed(spec, volume, group)
        # In the state once the data are on the volume, and not before: the preview report reads it there.
        on: list[Trigger] = [{"data_volume": volume.volume_id}] if volume else []
        seconds = MOVE_SECONDS if volume else CONVERGE_SECONDS
        converged = self.agent.run(f"{name}-converged", "converge", told, seconds, self, attached, on)
        # By itself: a changed setting leaves the authority known.
        authority = group.authority(self.agent, [converged]) if group else ""
        of_group = group.names if group else ()
        identity = pulumi.Output.all(self.host.private_ip, self.host.private_dns, authority, *of_group)
        # A VPC without DNS hostnames gives its hosts no names.
        own_names = args.get("certificate_names", ())
        # Some drivers look for the name beside the address.
        by_proxy = args.get("client_proxy", group is not None)
        addresses, names = ((PROXY_ADDRESS,), ("localhost",)) if by_proxy else ((), ())
        whom = identity.apply(
            lambda parts: CertificateSpec(
                (parts[0], *addresses), (*filter(None, [parts[1], *own_names]), *names, *parts[3:]), parts[2]
            )
        )
        certificate = self.agent.run(f"{name}-certificate", "certify", whom, CERTIFICATE_SECONDS, self, [converged])
        self.instance_type = args["instance_type"]
        self.mysql_host = self.host.private_ip
        self.mysql_port = pulumi.Output.from_input(args.get("mysql_port", MYSQL_PORT))
        self.mysql_version = answer(converged, ServerFacts).apply(partial(_told_version, self))
        self.ca_certificate = answer(certificate, CertificateFacts).apply(lambda facts: facts.ca_certificate)
        self.converged: pulumi.Resource = converged
        """What must be there before anything is done in MySQL."""
        self.ready: list[pulumi.Resource] = [converged, certificate]
        """What must be there before anybody logs in to MySQL from another host."""
        self.end()

    def _completed(
        self, spec: ServerSpec, volume: DataVolume | None, group: ServerGroup | None
    ) -> pulumi.Input[ServerSpec]:
        """Return the host's spec with its data volume, whose id may be known only when it is made, and its group."""
        if volume is None and group is None:
            return spec
        rest = (DEVICE, volume.size_gib, self.replay_over) if volume else ("", 0, "")
        parts = pulumi.Output.all(volume.volume_id if volume else None, group.spec(self.name) if group else None)
        return parts.apply(
            lambda known: replace(spec, data=DataSpec(known[0], *rest) if volume else None, group=known[1])
        )


def _told_version(server: pulumi.Resource, facts: ServerFacts) -> str:
    """Return the version, after telling what else the server said."""
    for warning in facts.warnings:
        pulumi.warn(warning, server)
    return facts.mysql_version


def server_spec(args: MySqlServerArgs) -> ServerSpec:
    """Return what the server's host is to have."""
    units = {f"{SYSTEMD_UNITS}/{path.name}": path.read_text() for path in sorted((FIRST_BOOT / "units").iterdir())}
    given = {name: setting(name, value) for name, value in args.get("settings", {}).items()}
    if args.get("group"):
        folder = FIRST_BOOT / "group_units"
        names = {path.name: path for path in sorted(folder.iterdir())}
        units |= {f"{SYSTEMD_UNITS}/{name}": path.read_text() for name, path in names.items() if path.suffix != ".conf"}
        units[GROUP_DROP_IN] = names[Path(GROUP_DROP_IN).name].read_text()
    if args.get("data_volume"):
        units |= {path: (FIRST_BOOT / "data_units" / Path(path).name).read_text() for path in (DATA_UNIT, DATA_DROP_IN)}
    settings = completed({**_base_settings(args), **given})
    host = host_spec("server", args, units)
    if args.get("data_volume"):
        host = replace(host, packages=(*host.packages, *VOLUME_PACKAGES))
    return ServerSpec(**vars(host), mysql=MySqlSpec(settings))


def first_settings(args: MySqlArgs) -> MySqlSpec:
    """Return mysqld's settings of the first start: those with an argument of their own, and the derived ones."""
    return MySqlSpec(completed(_base_settings(args)))


def _base_settings(args: MySqlArgs) -> dict[str, Setting]:
    """Return what mysqld has where nothing else is chosen.

    The security group decides who reaches the addresses that mysqld binds to; users are bound to a host part besides.
    """
    x_protocol = args.get("x_protocol", False)
    base: dict[str, Setting] = {
        "port": args.get("mysql_port", MYSQL_PORT),
        "bind_address": "0.0.0.0",  # noqa: S104  a security group stands before it
        "mysqlx": x_protocol,
        "mysqlx_bind_address": "0.0.0.0" if x_protocol else "127.0.0.1",  # noqa: S104  likewise
        "require_secure_transport": args.get("require_secure_transport", True),
        # Without it mysqld would not start again on a server that was made with 1.
        "lower_case_table_names": args.get("lower_case_table_names", 0),
        # Off both, until somebody turns one on: MySQL's default is the data directory, where nothing rotates them. The
        # names are those that the distribution's mysqld.cnf gives as examples.
        "slow_query_log_file": f"{LOG_DIR}/mysql-slow.log",
        "general_log_file": f"{LOG_DIR}/query.log",
        # /tmp is in memory on newer releases, and large sorts go there.
        "tmpdir": "/var/tmp",  # noqa: S108  mysqld's files in it have no names
    }
    return {**base, **args.get("derived_settings", {})}


def _setting_faults(args: MySqlArgs) -> Iterator[SpecFault]:
    for fault in check_settings({**args.get("derived_settings", {}), **args.get("settings", {})}):
        yield SpecFault(f"settings.{fault.names[0]}", fault.wrong, fault.hint)
