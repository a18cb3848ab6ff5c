"""The data volume's device: found by the volume's id, whatever the host calls it; and whether it is empty.

Source: Amazon EC2 User Guide, "Identify NVMe EBS volumes on Amazon EC2 instances": the serial number of an NVMe device
is the volume's id without its hyphen. On a Xen host the device has the name that the volume was attached as.
"""

import os
import re
import sys
import time
from pathlib import Path

from scripts.host.common import process
from scripts.host.common.errors import HostError
from scripts.host.mysql.spec import DataSpec

BY_ID = Path("/dev/disk/by-id")
BLOCKS = Path("/sys/block")
DEVICES = Path("/dev")
DEVICE_SECONDS = 300
"""How long an attached volume may take to be seen."""
WORD_SECONDS = 60
"""How often somebody who watches is told that it is waited for."""
PROBE_SECONDS = 120
MIB = 1024**2
EDGE = 4 * MIB
"""Bytes at either end that are read whole: what writes a signature, writes it there."""
SAMPLES, SAMPLE = 512, 64 * 1024
"""Places over the whole device, and the bytes that are read of each: the beginnings of XFS's allocation groups, with
copies of its superblock, are among them."""


def wait(spec: DataSpec) -> Path:
    """Return the device, once it is there.

    Raises:
        HostError: it does not come.
    """
    begun = next_word = time.monotonic()
    while (device := find(spec)) is None:
        now = time.monotonic()
        if now - begun > DEVICE_SECONDS:
            seen = ", ".join(sorted(path.name for path in BLOCKS.glob("*"))) or "none"
            raise HostError(
                f"the data volume {spec.volume_id} is not seen on this host within {DEVICE_SECONDS} seconds; its block "
                f"devices are {seen}. See that the volume is attached to this instance, then run `pulumi up` again"
            )
        if now >= next_word:
            print(f"waiting for the data volume {spec.volume_id} to be attached", file=sys.stderr, flush=True)
            next_word = now + WORD_SECONDS
        time.sleep(0.1)
    return device


def find(spec: DataSpec) -> Path | None:
    """Return the device, or None if it is not there."""
    serial = spec.volume_id.replace("-", "")
    link = BY_ID / f"nvme-Amazon_Elastic_Block_Store_{serial}"
    if link.exists():
        return link.resolve()
    for file in BLOCKS.glob("*/device/serial"):
        device = DEVICES / file.parents[1].name
        if file.read_text().strip() == serial and device.exists():
            return device
    name = Path(spec.device_name).name
    candidates = [DEVICES / re.sub("^sd", "xvd", name), DEVICES / name]
    return next((device for device in candidates if device.is_block_device()), None)


def kind(device: Path) -> str:
    """Return what is on a device, by its signature: xfs, ext4, a partition table, …; empty for no signature."""
    argv = ["wipefs", "--no-act", "--noheadings", "--output=TYPE", str(device)]
    return ", ".join(process.must(argv, seconds=PROBE_SECONDS).split())


def is_blank(device: Path) -> bool:
    """Return whether a device without a signature is empty: both ends, and samples of all that is between them.

    A volume that AWS makes reads as zeros throughout (Amazon EBS User Guide, "Create an Amazon EBS volume").
    """
    with device.open("rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        places = [(0, EDGE), (max(size - EDGE, 0), EDGE)]
        places += [(size * sample // SAMPLES // SAMPLE * SAMPLE, SAMPLE) for sample in range(SAMPLES)]
        for offset, length in places:
            file.seek(offset)
            if any(file.read(length)):
                return False
    return True
