"""Which Ubuntu, and so which MySQL, hosts have: of the server that there is, of one that is to move, and of new ones.

All of it is known before anything is touched.
"""

import re
from collections.abc import Iterable

from components import checks
from components.data_volume import VolumeArgs
from components.host.host import UBUNTU_LTS
from components.mysql.contradictions import of_other_versions
from components.mysql.server import ServerArgs
from components.mysql.settings import MYSQL_OF_UBUNTU
from scripts.host.accounts.spec import UserSpec
from scripts.host.mysql import series
from stack_config.aws import HostFacts, Lookups
from stack_config.clients import SERVER
from stack_config.reader import Fault, Reader

RELEASE, SERVER_RELEASE = "ubuntuRelease", "serverUbuntuRelease"
NATIVE_PASSWORD, NATIVE_PASSWORD_IS_ON = "mysql_native_password", "8.0"
"""A plugin, an option of the same name, and the version in which it is on (MySQL 8.4 manual, "What Is New")."""
IMAGE_NAME = re.compile(r"/ubuntu-[a-z]+-(\d\d\.\d\d)-")
"""In the names of Canonical's images ("Find Ubuntu images on AWS")."""


def read_move(reader: Reader, lookups: Lookups, args: ServerArgs, data: VolumeArgs | None) -> str | None:
    """Give the server the image of its release, if it has to be made or to move.

    Returns:
        What the snapshot is named after that is made of the data volume before the MySQL of another image has it: the
        release, or the image's id. None for no snapshot. One that was made is returned again, as long as it is there.
    """
    release = reader.read(SERVER_RELEASE, checks.ubuntu_release)
    current = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
    if release and args.get("ami"):
        reader.add_fault(SERVER_RELEASE, "is set beside serverAmi, which says the image", "Remove one of them")
        return None
    told = _told(lookups, current.image) if current else None
    settled = current is not None and told == release
    if release and not settled:
        if current and not told:
            wrong = f"is {release}, and the name of the server's image {current.image} does not tell its release"
            reader.add_fault(SERVER_RELEASE, wrong, f"Set serverAmi to an image of Ubuntu {release} in its place")
            return None
        image = _image_of(reader, lookups, args["instance_type"], release, SERVER_RELEASE)
        if image:
            args["ami"] = image
    image = args.get("ami")
    if not release and image and current:
        settled = current.image == image or (told is not None and told == _told(lookups, image))
    if not (release or image) or data is None:
        return None
    return _snapshot(reader, lookups, current, told if release else None, release or str(image), data, settled)


def image_of(reader: Reader, lookups: Lookups, args: ServerArgs, name: str) -> str | None:
    """Return the image that another server than the first one is made from, or moves to; None if it keeps its own.

    A new one has the first one's release: a server with an older MySQL cannot join. `args` are the first one's, after
    `read_move`.
    """
    if reader.is_set("serverAmi") or not reader.is_readable(SERVER_RELEASE):
        return args.get("ami")
    current = lookups.ask("terminationProtection", lookups.cloud.host, name)
    first = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
    release = reader.read(SERVER_RELEASE, checks.ubuntu_release)
    if release:
        has_it = current is not None and _told(lookups, current.image) == release
        return None if has_it else _image_of(reader, lookups, args["instance_type"], release, SERVER_RELEASE)
    if current or not first:
        return None
    told = _told(lookups, first.image)
    return _image_of(reader, lookups, args["instance_type"], told, RELEASE) if told else first.image


def _snapshot(
    reader: Reader,
    lookups: Lookups,
    current: HostFacts | None,
    told: str | None,
    name: str,
    data: VolumeArgs,
    settled: bool,
) -> str | None:
    """Return the name again, if the data volume that there is goes on, and is to have a snapshot, or has it."""
    attached = current.data_volume if current else None
    volume = data.get("volume_id") or attached or lookups.ask(None, lookups.cloud.own_volume, "server-data")
    facts = lookups.ask(None, lookups.cloud.volume, volume) if volume else None
    if facts is None or data.get("snapshot_id", facts.snapshot_id) != facts.snapshot_id:
        return None  # there is none, or another is made in its place
    if told and attached and (why := series.refusal(MYSQL_OF_UBUNTU[told], MYSQL_OF_UBUNTU[name])):
        hint = "Set dataVolumeSnapshot to a snapshot of before the data were upgraded, or leave the release as it is"
        reader.add_fault(SERVER_RELEASE, f"is {name}, and {why}", hint)
    if settled and attached and not lookups.ask(None, lookups.cloud.has_snapshot, f"server-data-before-{name}"):
        return None
    return name


def check_release(
    reader: Reader, lookups: Lookups, args: ServerArgs, users: Iterable[UserSpec]
) -> tuple[str, str | None]:
    """Return the Ubuntu release of hosts that are made, and which Ubuntu and MySQL the server has, if that is known.

    What the server's MySQL does not have is a fault.

    Of an image whose name does not tell, nothing is known, and mysqld has the last word.
    """
    release = reader.read(RELEASE, checks.ubuntu_release) or UBUNTU_LTS
    image = args.get("ami") or _image(reader, lookups, args["instance_type"], release)
    told = _told(lookups, image) if image else None
    if not told:
        return release, None
    if reader.is_set(RELEASE) and not reader.is_set(SERVER_RELEASE) and reader.is_readable(RELEASE) and told != release:
        wrong = f"is {release}, and the server's image is Ubuntu {told}, which stays as long as the server"
        hint = f"Hosts that are made from now on are of the new release; {SERVER_RELEASE} moves the server"
        reader.warnings.append(Fault(RELEASE, wrong, hint))
    version = MYSQL_OF_UBUNTU.get(told)
    if version:
        settings = args.get("settings", {})
        for fault in of_other_versions(settings, version):
            reader.add_fault(f"mysqlSettings.{fault.names[0]}", f"{fault.wrong} (Ubuntu {told})", fault.hint)
        if version != NATIVE_PASSWORD_IS_ON and not settings.get(NATIVE_PASSWORD):
            for user in users:
                if user.plugin == NATIVE_PASSWORD:
                    wrong = f"{NATIVE_PASSWORD} is off in MySQL {version} (Ubuntu {told})"
                    hint = f"Leave it out, or set mysqlSettings.{NATIVE_PASSWORD} to true"
                    reader.add_fault(f"users.{user.key}.plugin", wrong, hint)
    return release, f"MySQL {version} (Ubuntu {told})" if version else f"Ubuntu {told}"


def _told(lookups: Lookups, image: str) -> str | None:
    """Return the Ubuntu release that an image's name tells; None if it tells none."""
    facts = lookups.ask(None, lookups.cloud.image, image)
    match = IMAGE_NAME.search(facts.name) if facts else None
    return match[1] if match else None


def _image(reader: Reader, lookups: Lookups, instance_type: str, release: str) -> str | None:
    """Return the image of the server that there is, or the one that a new server gets; None if it is not known."""
    if current := lookups.ask("terminationProtection", lookups.cloud.host, SERVER):
        return current.image
    return _image_of(reader, lookups, instance_type, release, RELEASE)


def _image_of(reader: Reader, lookups: Lookups, instance_type: str, release: str, key: str) -> str | None:
    """Return the current image of a release for the server's instance type; None if it is not known."""
    if not reader.is_readable("serverInstanceType"):
        return None
    facts = lookups.ask("serverInstanceType", lookups.cloud.instance_type, instance_type)
    if not facts:
        return None
    about = f"Ubuntu {release} for {facts.architecture}"
    return lookups.ask(key, lambda _: lookups.cloud.ubuntu_image(release, facts.architecture), about)
