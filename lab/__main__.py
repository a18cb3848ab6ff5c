"""`python -m lab VERB`: a lab's life from the command line. run it in the folder of a Pulumi project."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lab import stack
from lab.cloud import catalog
from lab.cloud import lifecycle as snapshot_lifecycle
from lab.cloud.ec2 import Ec2
from lab.cloud.model import Bucket, BucketLifecycle, BucketVersioning, Instance, Snapshot, Volume
from lab.cloud.store import Store
from lab.cloud.volumes import rfc3339
from lab.engine import environment
from lab.machine import cuts, firewall, hosts, image, mirror, slots
from lab.machine.plane import Plane
from lab.s3 import buckets
from lab.s3 import lifecycle as bucket_lifecycle
from lab.s3.control import Control
from lab.settings import DEFAULT_NAME, Lab, LabError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="EC2 on one Linux machine: a lab for the Pulumi project in the current folder.",
    pretty_exceptions_enable=False,
)
s3 = typer.Typer(no_args_is_help=True, help="The lab's S3: have it be away, let its days pass, see what it keeps.")
app.add_typer(s3, name="s3")
console = Console() if sys.stdout.isatty() else Console(width=140)

NEED_NO_ROOT = ("env", "packages")
PACKAGES = Path(__file__).parent / "machine" / "packages.txt"

LabName = Annotated[str, typer.Option("--lab", envvar="LAB", help="The lab's, and its stack's, name.")]
Force = Annotated[bool, typer.Option("--force", help="Protected resources too.")]
Days = Annotated[int, typer.Option(min=0, help="Which midnight: 0 is the next, 1 the one after.")]
Host = Annotated[str, typer.Argument(help="An instance: the end of its Name tag, or its id.")]


def _ec2(lab: Lab) -> Ec2:
    store = Store(lab.cloud)
    return Ec2(lab, store, Plane(lab, store))


def _s3(lab: Lab) -> Control:
    return Control(lab.folder, slots.claim(lab))


def _instance(lab: Lab, host: str) -> Instance:
    """Return the instance meant by a name.

    Raises:
        LabError: no instance has that name; the message lists the instances.
    """
    names = {}
    for instance in _ec2(lab).instances():
        name = instance.tags.get("Name", instance.id)
        if host in (instance.id, name) or name.endswith(f"-{host}"):
            return instance
        names[name] = instance.id
    known = ", ".join(f"{name} ({key})" for name, key in names.items()) or f"none: run `{lab.command('up')}`"
    raise LabError(f"no instance {host!r} in lab {lab.name}; there are {known}")


def _container(lab: Lab, host: str) -> str:
    """Return the container of the instance meant by a name."""
    return Plane(lab, Store(lab.cloud)).host_name(_instance(lab, host).id)


@app.command()
def setup(name: LabName = DEFAULT_NAME) -> None:
    """Find or build the engine, prepare the lab's own Pulumi, build the hosts' image."""
    stack.setup(Lab.named(name))


@app.command()
def up(name: LabName = DEFAULT_NAME) -> None:
    """Bring the project's stack up: setup, then `pulumi up`."""
    raise typer.Exit(stack.up(Lab.named(name)))


@app.command()
def preview(name: LabName = DEFAULT_NAME) -> None:
    """Show what `up` would change, with the differences in detail."""
    raise typer.Exit(stack.preview(Lab.named(name)))


@app.command()
def down(name: LabName = DEFAULT_NAME, force: Force = False) -> None:
    """Destroy the stack and everything the lab has on this machine, whatever state it is in."""
    stack.down(Lab.named(name), force)


@app.command()
def env(name: LabName = DEFAULT_NAME) -> None:
    """Print the exports with which the plain `pulumi` command works on this lab, for `eval`."""
    print(environment.exports(Lab.named(name)), end="")


@app.command()
def status(name: LabName = DEFAULT_NAME) -> None:
    """List the lab's instances (state, addresses, packets refused), volumes and snapshots."""
    lab = Lab.named(name)
    slot = slots.find(lab)
    ec2 = _ec2(lab)
    instances = ec2.instances() if slot else []
    if not instances:
        console.print(f"lab {lab.name}: nothing is up; `{lab.command('up')}` brings the stack up")
    table = Table("name", "id", "state", "type", "private", "public", "refused in/out", box=None)
    for instance in instances:
        table.add_row(
            instance.tags.get("Name", ""),
            instance.id,
            _state(lab, instance),
            instance.instance_type,
            instance.private_ip,
            ec2.public_ip(instance) or "-",
            _refused(lab, instance),
        )
    if table.row_count:
        console.print(table)
    if slot:
        _show_volumes(ec2)


def _state(lab: Lab, instance: Instance) -> str:
    """Return what `status` says of a host: whether it runs, and whether it is cut off."""
    plane = Plane(lab, Store(lab.cloud))
    state = plane.state(instance.id)
    try:
        router, host = plane.place(instance.id)
        return f"{state}, cut off" if host.link in cuts.cut_off(router) else state
    except LabError:  # its network is being made or taken away
        return state


def _show_volumes(ec2: Ec2) -> None:
    table = Table("name", "id", "GiB", "state", "made", box=None)
    for volume in ec2.store.all(Volume):
        holder = ec2.attachment(volume.id)
        state = f"in-use: {holder.instance_id} {holder.device_name}" if holder else "available"
        name = volume.tags.get("Name", "")
        table.add_row(name, volume.id, str(volume.size), state, rfc3339(volume.create_time))
    for snapshot in sorted(ec2.store.all(Snapshot), key=lambda snapshot: snapshot.start_time):
        name, made = snapshot.tags.get("Name", ""), rfc3339(snapshot.start_time)
        table.add_row(name, snapshot.id, str(snapshot.volume_size), f"of {snapshot.volume_id}", made)
    if table.row_count:
        console.print(table)


def _refused(lab: Lab, instance: Instance) -> str:
    """Return what `status` says of refused packets: "-" while the instance's network is being made or taken away."""
    try:
        return "/".join(str(count) for count in refused_packets(lab, instance).values())
    except LabError:
        return "-"


def refused_packets(lab: Lab, instance: Instance) -> dict[str, int]:
    """Return how many packets an instance's security groups refused, by direction.

    Raises:
        LabError: it has no place in a network, not yet or no longer.
    """
    router, host = Plane(lab, Store(lab.cloud)).place(instance.id)
    return firewall.dropped(router, host)


@app.command()
def drops(host: Host, name: LabName = DEFAULT_NAME) -> None:
    """Print how many packets a host's security groups refused since its VPC's last change."""
    lab = Lab.named(name)
    for direction, count in refused_packets(lab, _instance(lab, host)).items():
        print(f"{direction} {count}")


def _verb(name: str, act: Callable[[Ec2, str], None], text: str) -> None:
    def command(host: Host, name: LabName = DEFAULT_NAME) -> None:
        lab = Lab.named(name)
        act(_ec2(lab), _instance(lab, host).id)

    app.command(name, help=text)(command)


_verb("stop", Ec2.stop, "Shut a host down; its public address goes back, an Elastic IP stays.")
_verb("start", Ec2.start, "Boot a stopped or crashed host again from its disk.")
_verb("reboot", Ec2.reboot, "Shut a host down and boot it again; addresses stay.")
_verb("terminate", Ec2.terminate, "Take a host away behind the engine's back, disk and all.")


@app.command()
def crash(host: Host, name: LabName = DEFAULT_NAME) -> None:
    """Kill every process of a host at once, as a power cut: what was not synced to its volumes is lost."""
    lab = Lab.named(name)
    Plane(lab, Store(lab.cloud)).crash(_instance(lab, host).id)


@app.command()
def cut(host: Host, name: LabName = DEFAULT_NAME) -> None:
    """Drop all that a host sends and all that is sent to it, as when its network fails; the host runs on."""
    lab = Lab.named(name)
    Plane(lab, Store(lab.cloud)).cut(_instance(lab, host).id)


@app.command()
def join(host: Host, name: LabName = DEFAULT_NAME) -> None:
    """Give a host that was cut off its network again."""
    lab = Lab.named(name)
    Plane(lab, Store(lab.cloud)).join(_instance(lab, host).id)


@app.command(name="console")
def show_console(host: Host, lines: int = 100, name: LabName = DEFAULT_NAME) -> None:
    """Print the end of what a host wrote to its console."""
    print(hosts.console(_container(Lab.named(name), host), lines))


@app.command(name="exec", context_settings={"ignore_unknown_options": True})
def execute(host: Host, command: list[str], name: LabName = DEFAULT_NAME) -> None:
    """Run a command as root on a host, past its network and sshd."""
    done = hosts.execute(_container(Lab.named(name), host), *command)
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    raise typer.Exit(done.returncode)


@app.command(name="publish-image")
def publish_image(name: LabName = DEFAULT_NAME) -> None:
    """Publish newer images than there are: Canonical's parameters and searches for the latest find them from now on."""
    releases = [*catalog.RELEASES] if mirror.has_releases() else [None]
    for image_id in _ec2(Lab.named(name)).publish_images(releases):
        print(image_id)


@s3.command(name="stop")
def s3_stop(name: LabName = DEFAULT_NAME) -> None:
    """Have S3 refuse connections, as when it is away; what it keeps stays."""
    _s3(Lab.named(name)).be_away(True)


@s3.command(name="start")
def s3_start(name: LabName = DEFAULT_NAME) -> None:
    """Have S3 serve again."""
    _s3(Lab.named(name)).be_away(False)


@s3.command()
def midnight(days: Days = 0, name: LabName = DEFAULT_NAME) -> None:
    """Apply each bucket's lifecycle rules, as S3 does at midnight; print what was hidden or deleted."""
    lab = Lab.named(name)
    store = Store(lab.cloud)
    for rules in store.all(BucketLifecycle):
        bucket = store.get(Bucket, rules.id)
        versioning = store.find(BucketVersioning, rules.id)
        versioned = versioning is not None and versioning.status == "Enabled"
        client, moment = _s3(lab).client(bucket.region), bucket_lifecycle.midnight(days)
        for step in bucket_lifecycle.apply(client, bucket.id, rules.rules, versioned, moment):
            print(f"{step.does} {bucket.id}/{step.version.key} {step.version.id}")


@s3.command(name="versions")
def show_versions(bucket: str, name: LabName = DEFAULT_NAME) -> None:
    """List every version in a bucket: the latest of each key first."""
    lab = Lab.named(name)
    client = _s3(lab).client(Store(lab.cloud).get(Bucket, bucket).region)
    for item in buckets.versions(client, bucket):
        state = "latest" if item.is_latest else "old"
        print(item.modified, "deleted" if item.is_marker else item.size, state, item.id, item.key)


@app.command()
def snapshots(name: LabName = DEFAULT_NAME) -> None:
    """Make the snapshots of all enabled lifecycle policies now, and delete those that they no longer retain."""
    lab = Lab.named(name)
    if slots.find(lab) is None:
        raise LabError(f"lab {lab.name}: nothing is up; `{lab.command('up')}` brings the stack up")
    made, deleted = snapshot_lifecycle.run_policies(_ec2(lab))
    for snapshot in made:
        print(f"made {snapshot.id} of {snapshot.volume_id}")
    for snapshot in deleted:
        print(f"deleted {snapshot.id} of {snapshot.volume_id}")
    if not made:
        print("no enabled policy has a volume with its target tags")


@app.command()
def packages() -> None:
    """List the Debian packages that the lab needs on this machine."""
    names = PACKAGES.read_text().split()
    if platform.freedesktop_os_release().get("VERSION_CODENAME") == "jammy":
        names.remove("netavark")  # Ubuntu 22.04 has none: its podman 3.4 needs none
    print("\n".join(names))


@app.command()
def schema(files: list[Path]) -> None:
    """Check cloud-config files with the `cloud-init schema` of the hosts' image."""
    image_name = image.ensure_image(console.print)
    for file in files:
        hosts.check_user_data(image_name, file.resolve())


def main() -> None:
    """Run a verb; a fault that the user can repair is one message and exit code 1."""
    needs_root = len(sys.argv) > 1 and sys.argv[1] not in NEED_NO_ROOT and "--help" not in sys.argv
    if needs_root and os.geteuid() != 0:
        sys.exit("the lab makes network namespaces and containers: run it as root, for example with sudo")
    try:
        app()
    except LabError as error:
        sys.exit(f"lab: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
