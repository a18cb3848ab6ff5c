"""EBS's own rules of volumes, as pure functions.

Source: Amazon EBS User Guide, "Amazon EBS volume types" and "Device names on Linux instances"; words as EC2 gives them.
"""

from __future__ import annotations

import re

from lab.cloud.model import Volume
from lab.cloud.rules import AwsError

GP3_SIZE = (1, 65536)
"""GiB."""
GP3_IOPS = (3000, 80000)
GP3_THROUGHPUT = (125, 2000)
"""MiB/s."""
_IOPS_PER_GIB = 500
_THROUGHPUT_PER_IOPS = 0.25

_DEVICE_NAME = re.compile(r"(/dev/)?(sd[b-p]|xvd[b-d]?[a-z])|/dev/sd[b-p][1-9]\d?")


def check_volume(volume: Volume) -> None:
    """Refuse a gp3 volume's size, IOPS or throughput.

    Raises:
        AwsError: InvalidParameterValue.
    """
    size, iops, throughput = volume.size, volume.iops, volume.throughput
    if not GP3_SIZE[0] <= size <= GP3_SIZE[1]:
        side = f"small for volume type gp3; minimum is {GP3_SIZE[0]}GiB."
        if size > GP3_SIZE[1]:
            side = f"large for volume type gp3; maximum is {GP3_SIZE[1]}GiB."
        raise AwsError("InvalidParameterValue", f"Volume of {size}GiB is too {side}")
    if not GP3_IOPS[0] <= iops <= GP3_IOPS[1]:
        side = f"low; minimum is {GP3_IOPS[0]}." if iops < GP3_IOPS[0] else f"high; maximum is {GP3_IOPS[1]}."
        raise AwsError("InvalidParameterValue", f"Volume iops of {iops} is too {side}")
    if iops > max(GP3_IOPS[0], _IOPS_PER_GIB * size):
        raise AwsError(
            "InvalidParameterValue",
            f"Iops to volume size ratio of {iops / size:.6f} is too high; maximum is {_IOPS_PER_GIB:.6f} iops per GiB.",
        )
    low, high = GP3_THROUGHPUT
    if not low <= throughput <= high:
        side = f"low; minimum is {low}." if throughput < low else f"high; maximum is {high}."
        raise AwsError("InvalidParameterValue", f"Volume throughput of {throughput} is too {side}")
    if throughput > _THROUGHPUT_PER_IOPS * iops:
        raise AwsError(
            "InvalidParameterValue",
            f"Throughput (MiBps) to iops ratio of {throughput / iops:.6f} is too high; maximum is "
            f"{_THROUGHPUT_PER_IOPS:.6f} MiBps per iops.",
        )


def check_device_name(name: str) -> None:
    """Refuse a device name that EC2 does not take for an EBS volume.

    Raises:
        AwsError: InvalidParameterValue.
    """
    if not _DEVICE_NAME.fullmatch(name):
        raise AwsError(
            "InvalidParameterValue",
            f"Value ({name}) for parameter device is invalid. {name} is not a valid EBS device name.",
        )
