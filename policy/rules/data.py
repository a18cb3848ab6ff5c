"""What must not get lost or out: volumes are encrypted, and what holds the database cannot be taken away by mistake.

A policy is not asked about what is deleted or replaced: previews say so, and `terminationProtection` stands before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from .resource import INSTANCES, LAUNCH_TEMPLATE, UNKNOWN, Props, Resource, name_of
from .rule import ResourceRule, Settings, StackRule, is_not, strings

VOLUME = "aws:ebs/volume:Volume"
BUCKET = "aws:s3/bucket:Bucket"
SERVER, BACKUPS = "mysql-pair:index:MySqlServer", "mysql-pair:index:BackupBucket"
DATA_VOLUME = "mysql-pair:index:DataVolume"
DATABASE = "mysql-pair:index:MySqlDatabase"
ENCRYPT = "set encrypted to true"
ON = (True, "true")
ROOT_DEVICES = ("/dev/sda1", "/dev/xvda")
"""Names that are kept for a root volume (EC2 User Guide, "Device names for volumes on Amazon EC2 instances")."""


def plain_volumes(resource: Resource, _: Settings) -> Iterator[str]:
    """Yield volumes that are not said to be encrypted, whatever the account's default is: that is not seen here."""
    if resource.type in INSTANCES:
        yield from _plain_volumes_of_instance(resource)
    elif resource.type == VOLUME and _plain(resource.get("encrypted")):
        yield f"the volume is not encrypted; {ENCRYPT}"
    elif resource.type == LAUNCH_TEMPLATE:
        for where, block in resource.blocks("blockDeviceMappings"):
            ebs = block.get("ebs")
            if isinstance(ebs, dict) and _plain(ebs.get("encrypted")):
                yield f"{where}: the volume is not encrypted; {ENCRYPT}"


def _plain_volumes_of_instance(resource: Resource) -> Iterator[str]:
    root = resource.get("rootBlockDevice")
    from_template = root is None and resource.get("launchTemplate") is not None
    if root is not UNKNOWN and not from_template and _plain((root or {}).get("encrypted")):
        yield f"the root volume is not encrypted; in root_block_device, {ENCRYPT}"
    for where, block in resource.blocks("ebsBlockDevices"):
        if _plain(block.get("encrypted")):
            yield f"{where}: the volume is not encrypted; {ENCRYPT}"


def plain_roots_by_template(resources: Sequence[Resource], _: Settings) -> Iterator[tuple[str, str]]:
    """Yield instances that take their root volume from a template of the program which does not say it is encrypted.

    A template that says nothing of the root volume leaves it to the image, most of which are not encrypted.
    """
    templates = {resource.urn: resource for resource in resources if resource.type == LAUNCH_TEMPLATE}
    for resource in resources:
        if resource.type not in INSTANCES or resource.get("rootBlockDevice") is not None:
            continue
        for urn in resource.sources.get("launchTemplate", ()):
            if urn in templates and not _encrypts_root(templates[urn]):
                yield (
                    resource.urn,
                    f"the root volume is not encrypted, as the launch template {name_of(urn)} does not say so for "
                    f"{' or '.join(ROOT_DEVICES)}; in its block_device_mappings or in root_block_device, {ENCRYPT}",
                )


def _encrypts_root(template: Resource) -> bool:
    mappings = template.get("blockDeviceMappings")
    if mappings is UNKNOWN or (isinstance(mappings, list) and UNKNOWN in mappings):
        return True
    roots = [block for _, block in template.blocks("blockDeviceMappings") if _may_be_root(block)]
    volumes = [block.get("ebs") for block in roots]
    return any(ebs is UNKNOWN or (isinstance(ebs, dict) and not _plain(ebs.get("encrypted"))) for ebs in volumes)


def _may_be_root(block: Props) -> bool:
    return block.get("deviceName") is UNKNOWN or block.get("deviceName") in ROOT_DEVICES


def _plain(encrypted: object) -> bool:
    return encrypted is not UNKNOWN and encrypted not in ON


def unprotected(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield what lets data go with one command: what has them without protection, a database that is to be dropped."""
    if resource.type == DATABASE and resource.get("drop") is True and resource.get("name") not in settings["mayDrop"]:
        yield "is to be dropped with all that is in it; take drop out, or list the database in this policy's `mayDrop`"
    if not _holds_data(resource, settings):
        return
    if resource.type == VOLUME:
        if not resource.protected:
            yield (
                "holds data, and Pulumi may delete it; protect it (mysql-pair: terminationProtection), or list it in "
                "this policy's `expendable`"
            )
        return
    if resource.type in INSTANCES and is_not(resource.get("disableApiTermination"), True):
        yield (
            "holds data, and EC2 may terminate it; set disable_api_termination to true (mysql-pair: "
            "terminationProtection), or list it in this policy's `expendable`"
        )
    if resource.get("forceDestroy") is True:
        yield "holds data, and force_destroy takes its protection off; set it to false"


def _holds_data(resource: Resource, settings: Settings) -> bool:
    if resource.type not in (*INSTANCES, VOLUME, BUCKET) or _named(resource, settings["expendable"]):
        return False
    if resource.type == VOLUME:
        return DATA_VOLUME in resource.ancestors
    in_component = bool(set(settings["components"]) & set(resource.ancestors))
    return (in_component and not _leaves_mysql(resource)) or _named(resource, settings["instances"])


def _leaves_mysql(resource: Resource) -> bool:
    """Tell whether a server's first boot leaves MySQL to be set up on a data volume, as stack_config/aws.py does."""
    text = resource.get("userData")
    return isinstance(text, str) and text.startswith("#cloud-config") and "\n- mysql-server\n" not in text


def _named(resource: Resource, patterns: list[str]) -> bool:
    return any(fnmatchcase(resource.name, pattern) for pattern in patterns)


RULES = (
    ResourceRule("volumes-encrypted", "Volumes are encrypted.", "mandatory", {}, plain_volumes),
    StackRule(
        "template-root-encrypted",
        "A root volume that an instance takes from a launch template of the program is encrypted.",
        "mandatory",
        {},
        plain_roots_by_template,
    ),
    ResourceRule(
        "protected-data",
        "What holds data is protected from termination, and no database is dropped unasked.",
        "mandatory",
        {
            "components": strings(
                [SERVER, BACKUPS],
                "Types of components whose instances, unless a data volume does, and buckets hold data.",
            ),
            "instances": strings([], "Names of other instances and buckets that hold data, with * as in a shell."),
            "expendable": strings([], "Names of instances, volumes and buckets that hold data and may go, likewise."),
            "mayDrop": strings([], "Names of databases that may be dropped."),
        },
        unprotected,
    ),
)
