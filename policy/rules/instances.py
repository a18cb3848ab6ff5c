"""What an instance is launched as: metadata by session only, an image that stays, a type that was agreed on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from .resource import INSTANCES, LAUNCH_TEMPLATE, UNKNOWN, Props, Resource
from .rule import ResourceRule, Settings, is_not, strings, whole

AMI = re.compile(r"ami-[0-9a-f]{8,17}")
MOVING_VERSIONS = ("$Latest", "$Default")
TYPES = ("t3*.*", "t4g.*", *(f"[cmr][5-8]*.{size}" for size in ("medium", "large", "xlarge", "2xlarge", "4xlarge")))
"""Burstable ones, and current families up to 16 vCPUs: a type of a mistyped size costs a month's budget in a day."""


def open_metadata(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield what lets a request that is forged or forwarded read the instance's credentials.

    Source: EC2 User Guide, "Use the Instance Metadata Service". An instance may have its options from a launch
    template: then the template is looked at, if the program makes it.
    """
    options = _launched(resource, "metadataOptions")
    if options is None or options.get("httpEndpoint") == "disabled":
        return
    if is_not(options.get("httpTokens"), "required"):
        yield 'answers metadata requests without a session token; set metadata_options http_tokens to "required"'
    limit, hops = settings["hopLimit"], options.get("httpPutResponseHopLimit")
    if hops is None or (hops is not UNKNOWN and hops > limit):
        far = "as many network hops as the image says" if hops is None else f"{hops:.0f} network hops"
        yield f"metadata may travel {far}; set metadata_options http_put_response_hop_limit to {limit:.0f}"


def _launched(resource: Resource, name: str) -> Props | None:
    """Return an object that an instance or a template is launched with; None where nothing can be told of it."""
    value = resource.get(name)
    if resource.type in INSTANCES and (value is not None or resource.get("launchTemplate") is None):
        return _known(value)
    return _known(value) if resource.type == LAUNCH_TEMPLATE else None


def _known(value: Any) -> Props | None:
    return None if value is UNKNOWN else value or {}


def moving_image(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield images that may be others at the next launch.

    A look-up of the most recent image is not seen: a policy is given its result, an id like any other. `mustBeKept`
    refuses such ids, by asking for ignore_changes or for a place in `images`.
    """
    name = {**dict.fromkeys(INSTANCES, "ami"), LAUNCH_TEMPLATE: "imageId"}.get(resource.type)
    if name is None:
        return
    template = resource.get("launchTemplate")
    if isinstance(template, dict) and template.get("version", "$Default") in MOVING_VERSIONS:
        yield "its launch template's version moves; name a number"
    image = resource.get(name)
    if image is None or image is UNKNOWN:
        return
    if not AMI.fullmatch(str(image)):
        yield f"{name} is looked up when it is launched; give it an id, like ami-0123456789abcdef0"
    elif settings["mustBeKept"] and name not in resource.ignore_changes and image not in settings["images"]:
        yield (
            f"nothing keeps the image {image}: another one replaces the host; set ignore_changes for {name}, or "
            "list the image in this policy's `images`"
        )


def unknown_type(resource: Resource, settings: Settings) -> Iterator[str]:
    """Yield instance types that nobody agreed on."""
    name = resource.get("instanceType") if resource.type in (*INSTANCES, LAUNCH_TEMPLATE) else None
    if isinstance(name, str) and not any(fnmatchcase(name, pattern) for pattern in settings["types"]):
        yield f"{name} is none of the allowed instance types; choose another, or add it to this policy's `types`"


RULES = (
    ResourceRule(
        "imdsv2",
        "Instance metadata needs a session token and does not leave the host.",
        "mandatory",
        {"hopLimit": whole(1, 1, 64, "Network hops that metadata may travel; containers of a bridge need 2.")},
        open_metadata,
    ),
    ResourceRule(
        "pinned-image",
        "An instance is launched from an image that is named by its id.",
        "mandatory",
        {
            "mustBeKept": {
                "type": "boolean",
                "default": False,
                "description": "Whether an image needs ignore_changes or a place in `images`.",
            },
            "images": strings([], "Ids of images that were chosen on purpose."),
        },
        moving_image,
    ),
    ResourceRule(
        "instance-types",
        "Instances are of types that were agreed on.",
        "advisory",
        {"types": strings(TYPES, "Allowed instance types, with * and [...] as in a shell.")},
        unknown_type,
    ),
)
