"""What follows from the server that there is: what would replace it, and which Ubuntu, and so which MySQL, it has.

All of it is known before anything is touched.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address

from components import checks
from components.host.host import UBUNTU_LTS
from components.mysql.contradictions import of_other_versions
from components.mysql.server import ServerArgs
from components.mysql.settings import MYSQL_OF_UBUNTU
from components.network import ExistingNetwork
from scripts.host.accounts.spec import UserSpec
from stack_config.aws import HostFacts, Lookups
from stack_config.clients import SERVER
from stack_config.network import NetworkRead
from stack_config.reader import Fault, Reader

RELEASE = "ubuntuRelease"
NATIVE_PASSWORD, NATIVE_PASSWORD_IS_ON = "mysql_native_password", "8.0"
"""A plugin, an option of the same name, and the version in which it is on (MySQL 8.4 manual, "What Is New")."""
IMAGE_NAME = re.compile(r"/ubuntu-[a-z]+-(\d\d\.\d\d)-")
"""In the names of Canonical's images ("Find Ubuntu images on AWS")."""


def check_replacement(
    reader: Reader,
    lookups: Lookups,
    args: ServerArgs,
    address: IPv4Address | None,
    placement: NetworkRead,
    has_volume: bool,
) -> bool:
    """Refuse what replaces the server that there is, while that would lose its data, or its image is there no more.

    A server that began on a data volume is replaced at any time: a protected stack protects the volume. One that was
    made before, and has moved its data there, is protected until it has been replaced once.
    The engine refuses to replace a protected instance too, but in an `up` without a preview only when it comes to it.

    Returns:
        Whether the server's host may go, as its data stay.
    """
    current = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
    may_go = has_volume and (current is None or current.began_on_volume)
    key = current and _replaced_by(lookups, args, current, address, placement)
    if not key or not current or not reader.is_readable(key):
        return may_go
    is_protected = bool(args.get("termination_protection") or current.is_protected) and not may_go
    lift = "set terminationProtection to false and nothing else, run `up`, then make this change"
    if has_volume and not may_go and not current.data_volume:
        wrong = "replaces the server before its data are on the data volume"
        reader.add_fault(
            key, wrong, "Run `up` without this change first; or set dataVolumeSize to 0, and lose the data"
        )
    elif is_protected and has_volume:
        wrong = (
            "replaces the server, which had its data on its root volume once, and terminationProtection forbids that"
        )
        reader.add_fault(key, wrong, f"If `drift` finds nothing, the data are on the data volume: {lift}")
    elif is_protected:
        wrong = "replaces the server and its data, which terminationProtection forbids"
        reader.add_fault(key, wrong, f"If that is meant, {lift}")
    elif not args.get("ami"):
        # It is made again from the image that it has: asked here, where it matters.
        lookups.ask("serverAmi", lookups.cloud.image, current.image)
    return may_go


def _replaced_by(
    lookups: Lookups, args: ServerArgs, current: HostFacts, address: IPv4Address | None, placement: NetworkRead
) -> str | None:
    """Return the key of config that replaces the server that there is; None if nothing does."""
    if args.get("ami") not in (None, current.image):
        return "serverAmi"
    if isinstance(placement.network, ExistingNetwork):
        if placement.network.server_subnet_id != current.subnet_id:
            return "serverSubnetId"
    elif placement.server_subnet:
        subnet = lookups.ask("serverSubnetCidr", lookups.cloud.subnet, current.subnet_id)
        if subnet and subnet.cidr != placement.server_subnet:
            return "serverSubnetCidr"
    return "serverPrivateIp" if address and str(address) != current.private_ip else None


def check_release(reader: Reader, lookups: Lookups, args: ServerArgs, users: Iterable[UserSpec]) -> str:
    """Return the Ubuntu release of hosts that are made; what the server's MySQL does not have is a fault.

    Of an image whose name does not tell, nothing is known, and mysqld has the last word.
    """
    release = reader.read(RELEASE, checks.ubuntu_release) or UBUNTU_LTS
    image = args.get("ami") or _image(reader, lookups, args["instance_type"], release)
    facts = lookups.ask(None, lookups.cloud.image, image) if image else None
    told = IMAGE_NAME.search(facts.name) if facts else None
    if not told:
        return release
    if reader.is_set(RELEASE) and reader.is_readable(RELEASE) and told[1] != release:
        wrong = f"is {release}, and the server's image is Ubuntu {told[1]}, which stays as long as the server"
        reader.warnings.append(Fault(RELEASE, wrong, "Hosts that are made from now on are of the new release"))
    if version := MYSQL_OF_UBUNTU.get(told[1]):
        settings = args.get("settings", {})
        for fault in of_other_versions(settings, version):
            reader.add_fault(f"mysqlSettings.{fault.names[0]}", f"{fault.wrong} (Ubuntu {told[1]})", fault.hint)
        if version != NATIVE_PASSWORD_IS_ON and not settings.get(NATIVE_PASSWORD):
            for user in users:
                if user.plugin == NATIVE_PASSWORD:
                    wrong = f"{NATIVE_PASSWORD} is off in MySQL {version} (Ubuntu {told[1]})"
                    hint = f"Leave it out, or set mysqlSettings.{NATIVE_PASSWORD} to true"
                    reader.add_fault(f"users.{user.key}.plugin", wrong, hint)
    return release


def _image(reader: Reader, lookups: Lookups, instance_type: str, release: str) -> str | None:
    """Return the image of the server that there is, or the one that a new server gets; None if it is not known."""
    if current := lookups.ask("terminationProtection", lookups.cloud.host, SERVER):
        return current.image
    if not reader.is_readable("serverInstanceType"):
        return None
    facts = lookups.ask("serverInstanceType", lookups.cloud.instance_type, instance_type)
    if not facts:
        return None
    about = f"Ubuntu {release} for {facts.architecture}"
    return lookups.ask(RELEASE, lambda _: lookups.cloud.ubuntu_image(release, facts.architecture), about)
