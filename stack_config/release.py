"""Which Ubuntu the server has or gets, and so which MySQL: known before anything is made."""

import re
from collections.abc import Iterable

from components import checks
from components.host.host import UBUNTU_LTS
from components.mysql import settings as mysql_settings
from components.mysql.server import ServerArgs
from scripts.host.accounts.spec import UserSpec
from stack_config.aws import Lookups
from stack_config.clients import SERVER
from stack_config.reader import Fault, Reader

KEY = "ubuntuRelease"
NATIVE_PASSWORD, NATIVE_PASSWORD_IS_ON = "mysql_native_password", "8.0"
"""A plugin, an option of the same name, and the version in which it is on (MySQL 8.4 manual, "What Is New")."""
IMAGE_NAME = re.compile(r"/ubuntu-[a-z]+-(\d\d\.\d\d)-")
"""In the names of Canonical's images ("Find Ubuntu images on AWS")."""


def check_release(reader: Reader, lookups: Lookups, args: ServerArgs, users: Iterable[UserSpec]) -> str:
    """Return the Ubuntu release of hosts that are made; what the server's MySQL does not have is a fault.

    Of an image whose name does not tell, nothing is known, and mysqld has the last word.
    """
    release = reader.read(KEY, checks.ubuntu_release) or UBUNTU_LTS
    image = args.get("ami") or _image(reader, lookups, args["instance_type"], release)
    facts = lookups.ask(None, lookups.cloud.image, image) if image else None
    told = IMAGE_NAME.search(facts.name) if facts else None
    if not told:
        return release
    if reader.is_set(KEY) and reader.is_readable(KEY) and told[1] != release:
        wrong = f"is {release}, and the server's image is Ubuntu {told[1]}, which stays as long as the server"
        reader.warnings.append(Fault(KEY, wrong, "Hosts that are made from now on are of the new release"))
    if version := mysql_settings.MYSQL_OF_UBUNTU.get(told[1]):
        settings = args.get("settings", {})
        for fault in mysql_settings.of_other_versions(settings, version):
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
    return lookups.ask(KEY, lambda _: lookups.cloud.ubuntu_image(release, facts.architecture), about)
