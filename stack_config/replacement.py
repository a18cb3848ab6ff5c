"""What would replace the server that there is: known from config and AWS before anything is touched."""

from ipaddress import IPv4Address

from components.mysql.server import ServerArgs
from components.network import ExistingNetwork
from stack_config.aws import HostFacts, Lookups
from stack_config.clients import SERVER
from stack_config.network import NetworkRead
from stack_config.reader import Reader


def check_replacement(
    reader: Reader, lookups: Lookups, args: ServerArgs, address: IPv4Address | None, placement: NetworkRead
) -> None:
    """Refuse what replaces the server that there is, while it is protected or where its image is there no more.

    The engine refuses to replace a protected instance too, but in an `up` without a preview only when it comes to it.
    """
    current = lookups.ask("terminationProtection", lookups.cloud.host, SERVER)
    key = current and _replaced_by(lookups, args, current, address, placement)
    if not key or not current or not reader.is_readable(key):
        return
    if args.get("termination_protection") or current.is_protected:
        wrong = "replaces the server and its data, which terminationProtection forbids"
        hint = "If that is meant, set terminationProtection to false and nothing else, run `up`, then make this change"
        reader.add_fault(key, wrong, hint)
    elif not args.get("ami"):
        # It is made again from the image that it has: asked here, where it matters.
        lookups.ask("serverAmi", lookups.cloud.image, current.image)


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
