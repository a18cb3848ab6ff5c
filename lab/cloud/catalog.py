"""Instance types, and images by their ids alone: which of them are published is the records' to say."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass

from lab.cloud.rules import AwsError
from lab.settings import LabError


@dataclass(frozen=True)
class InstanceType:
    """What an instance type offers, as DescribeInstanceTypes says it."""

    vcpus: int
    memory_mib: int
    architecture: str
    """"x86_64" or "arm64"."""
    burstable: bool = False


def _family(prefix: str, architecture: str, gib_per_vcpu: int) -> dict[str, InstanceType]:
    sizes = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
    return {f"{prefix}.{size}": InstanceType(n, n * gib_per_vcpu * 1024, architecture) for size, n in sizes.items()}


def _burstable(prefix: str, architecture: str) -> dict[str, InstanceType]:
    sizes = {"nano": (2, 512), "micro": (2, 1024), "small": (2, 2048), "medium": (2, 4096),
             "large": (2, 8192), "xlarge": (4, 16384), "2xlarge": (8, 32768)}  # fmt: skip
    return {f"{prefix}.{size}": InstanceType(*n, architecture, burstable=True) for size, n in sizes.items()}


INSTANCE_TYPES: dict[str, InstanceType] = {
    **_burstable("t3", "x86_64"), **_burstable("t3a", "x86_64"), **_burstable("t4g", "arm64"),
    **_family("m5", "x86_64", 4), **_family("m6i", "x86_64", 4), **_family("m7i", "x86_64", 4),
    **_family("m6g", "arm64", 4), **_family("m7g", "arm64", 4), **_family("c6i", "x86_64", 2),
    **_family("c7g", "arm64", 2), **_family("r5", "x86_64", 8), **_family("r6i", "x86_64", 8),
    **_family("r6g", "arm64", 8), **_family("r7g", "arm64", 8),
}  # fmt: skip
"""The types a lab knows: a few common families and sizes, not AWS's hundreds."""


RELEASES = {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"}
"""The codename of each Ubuntu release that a lab can have images of."""


def image_id(architecture: str, edition: int, release: str | None = None) -> str:
    """Return the id of a lab's AMI of an architecture; edition 0 is there from the beginning.

    Args:
        architecture: in EC2's words.
        edition: how many were published before it.
        release: the Ubuntu release, such as 24.04, that its hosts are; None for an image that stands for every Ubuntu.
    """
    return f"ami-01ab{edition:07x}{(release or '00.00').replace('.', '')}a{_IMAGE_DIGITS[architecture]}"


_IMAGE_DIGITS = {"x86_64": "1", "arm64": "2"}
IMAGES = {architecture: image_id(architecture, 0) for architecture in _IMAGE_DIGITS}
"""The AMI of each architecture that a lab begins with: the image lab/machine/image.py builds."""


def machine_architecture() -> str:
    """Return this machine's architecture in EC2's words."""
    return {"x86_64": "x86_64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def instance_type(name: str) -> InstanceType:
    """Return what an instance type offers.

    Raises:
        AwsError: InvalidInstanceType, for one that AWS, or the lab's table, does not have.
    """
    offer = INSTANCE_TYPES.get(name)
    if offer is None:
        raise AwsError(
            "InvalidInstanceType",
            f"The following supplied instance types do not exist: [{name}] "
            f"(a lab knows these: {', '.join(INSTANCE_TYPES)})",
        )
    return offer


def image_architecture(ami: str) -> str:
    """Return the architecture of a lab's image, from its id alone: whether it is published is the records' to say.

    Raises:
        AwsError: InvalidAMIID.Malformed or InvalidAMIID.NotFound.
    """
    if not re.fullmatch(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", ami):
        raise AwsError("InvalidAMIID.Malformed", f'Invalid id: "{ami}" (expecting "ami-...")')
    match = _IMAGE_ID.fullmatch(ami)
    if not match:
        raise image_not_found(ami)
    return next(name for name, digit in _IMAGE_DIGITS.items() if digit == match["digit"])


_IMAGE_ID = re.compile(r"ami-01ab[0-9a-f]{7}(?P<release>[0-9]{4})a(?P<digit>[12])")


def image_release(ami: str) -> str | None:
    """Return the Ubuntu release that a lab's image is of; None of one that stands for every Ubuntu."""
    match = _IMAGE_ID.fullmatch(ami)
    return next((name for name in RELEASES if match and name.replace(".", "") == match["release"]), None)


def image_not_found(ami: str) -> AwsError:
    """Return the refusal of an AMI that a lab does not have."""
    return AwsError(
        "InvalidAMIID.NotFound",
        f"The image id '[{ami}]' does not exist (a lab has only its own: "
        "aws.ec2.get_ami and aws.ssm.get_parameter name them)",
    )


def check_image_fits(ami: str, type_name: str) -> None:
    """Refuse to boot an image on a type, or on a machine, of another architecture.

    Raises:
        AwsError: InvalidParameterValue, or what `instance_type` and `image_architecture` raise.
    """
    needed, offered = image_architecture(ami), instance_type(type_name).architecture
    if needed != offered:
        raise AwsError(
            "InvalidParameterValue",
            f"The architecture '{offered}' of the specified instance type does not "
            f"match the architecture '{needed}' of the specified AMI. Specify an instance type and an "
            "AMI that have matching architectures, and try again.",
        )
    if needed != machine_architecture():
        raise LabError(
            f"instance type {type_name} is {needed}, and this machine is {machine_architecture()}: a lab "
            "runs hosts of its own architecture only"
        )
