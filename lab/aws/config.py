"""The provider's own configuration: the region, default tags, and what makes no difference in a lab."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from lab.aws.schema import NOT_SUPPORTED, Failure
from lab.aws.wire import Values
from lab.cloud.model import Tags

WITHOUT_EFFECT = {
    "accessKey", "secretKey", "token", "profile", "sharedConfigFiles", "sharedCredentialsFiles",
    "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId",
    "maxRetries", "retryMode", "httpProxy", "httpsProxy", "noProxy", "insecure", "userAgents",
    "version", "pluginDownloadURL",
}  # fmt: skip
"""How to reach and to convince AWS: a lab asks nobody."""


def check(inputs: Values) -> Iterator[Failure]:
    """Yield what a lab cannot honour of a provider's configuration."""
    for name, value in inputs.items():
        if name in WITHOUT_EFFECT or name.startswith("__"):
            continue
        if name == "defaultTags":
            strange = set(_decoded(value)) - {"tags"}
            if strange:
                yield Failure(name, f"aws:defaultTags: {', '.join(sorted(strange))}: {NOT_SUPPORTED}")
        elif name != "region":
            yield Failure(name, f"aws:{name}: {NOT_SUPPORTED}")
    if not region(inputs):
        yield Failure("region", "the region is missing: pulumi config set aws:region eu-central-1, or AWS_REGION")


def region(inputs: Values) -> str:
    """Return the region of a provider's configuration, else the environment's, else ""."""
    given = inputs.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    return str(given)


def default_tags(inputs: Values) -> Tags:
    """Return the tags that every resource is given."""
    tags: Tags = _decoded(inputs.get("defaultTags", {})).get("tags", {})
    return tags


def _decoded(value: Any) -> dict[str, Any]:
    """Return an object of the configuration, which the engine hands over as JSON text."""
    decoded = json.loads(value) if isinstance(value, str) and value else value
    return decoded if isinstance(decoded, dict) else {}
