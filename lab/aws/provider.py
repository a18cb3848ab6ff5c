"""What the engine asks of a provider, answered from the tables of lab.aws: plain values in, plain values out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any, NamedTuple

from lab.aws import (
    addresses,
    compute,
    endpoints,
    identity,
    lifecycle,
    load_balancers,
    network,
    schema,
    security_groups,
    snapshots,
    storage,
    volumes,
)
from lab.aws.schema import NOT_SUPPORTED, Cloud, Difference, Failure, ResourceType
from lab.aws.wire import Values, unknown_in
from lab.cloud.model import Record
from lab.cloud.store import RecordGoneError
from lab.protocol import UNKNOWN
from lab.settings import LabError

TYPES: dict[str, ResourceType] = {
    kind.urn_type: kind
    for kind in (
        network.VpcType(),
        network.SubnetType(),
        network.InternetGatewayType(),
        network.RouteTableType(),
        network.RouteType(),
        network.RouteTableAssociationType(),
        addresses.EipType(),
        addresses.EipAssociationType(),
        addresses.NatGatewayType(),
        security_groups.SecurityGroupType(),
        security_groups.IngressRuleType(),
        security_groups.EgressRuleType(),
        security_groups.ExclusiveRulesType(),
        security_groups.PrefixListType(),
        compute.KeyPairType(),
        compute.InstanceType(),
        endpoints.VpcEndpointType(),
        identity.RoleType(),
        identity.RolePolicyType(),
        identity.InstanceProfileType(),
        storage.BucketType(),
        storage.BucketVersioningType(),
        storage.BucketPublicAccessBlockType(),
        storage.BucketPolicyType(),
        storage.BucketLifecycleType(),
        storage.BucketEncryptionType(),
        volumes.VolumeType(),
        volumes.VolumeAttachmentType(),
        snapshots.SnapshotType(),
        lifecycle.LifecyclePolicyType(),
        load_balancers.LoadBalancerType(),
        load_balancers.TargetGroupType(),
        load_balancers.ListenerType(),
        load_balancers.TargetGroupAttachmentType(),
    )
}
"""Every resource type a lab has, by its token."""


class Diff(NamedTuple):
    """How a resource differs from its state."""

    changes: dict[str, Difference]
    delete_before_replace: bool


def type_of(urn: str) -> ResourceType:
    """Return the resource type of a URN.

    Raises:
        LabError: a lab has no such type.
    """
    token = urn.split("::")[-2].split("$")[-1]
    if token not in TYPES:
        raise LabError(f"resource type {token}: {NOT_SUPPORTED}")
    return TYPES[token]


def check(cloud: Cloud, urn: str, news: Values, olds: Values, seed: bytes) -> tuple[Values, list[Failure]]:
    """Return inputs with their defaults, and what is wrong with them."""
    kind = type_of(urn)
    inputs, failures = schema.check(kind, urn.split("::")[-1], news, olds, seed)
    if inputs.get("region", cloud.region) not in (cloud.region, UNKNOWN):
        failures.append(Failure("region", f"a lab has one region, {cloud.region}"))
    return inputs, failures


def diff(
    cloud: Cloud, urn: str, old_inputs: Values, old_state: Values, news: Values, ignored: Collection[str] = ()
) -> Diff:
    """Return how new inputs differ from the ones in the state, default tags included.

    Args:
        cloud: what it is about.
        urn: the resource.
        old_inputs: its inputs in the state.
        old_state: its properties there.
        news: its inputs now.
        ignored: the program's ignore_changes, of which the engine itself knows but the old inputs.
    """
    kind = type_of(urn)
    changes = schema.diff(kind, old_inputs, old_state, news)
    changes = {path: change for path, change in changes.items() if not any(_within(path, whole) for whole in ignored)}
    tags_all = _tags_all(cloud, kind, news)
    same_tags = old_inputs.get("tags") == news.get("tags")
    if tags_all is not None and same_tags and old_state.get("tagsAll", tags_all) != tags_all:
        changes["tagsAll"] = Difference("update", replaces=False)
    replaces = any(change.replaces for change in changes.values())
    return Diff(changes, replaces and schema.deletes_first(kind, old_inputs, news))


def _within(path: str, whole: str) -> bool:
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def create(cloud: Cloud, urn: str, inputs: Values, preview: bool) -> tuple[str, Values]:
    """Make a resource, or in a preview tell what would be known of it.

    Returns:
        Its id ("" in a preview) and its properties.
    """
    kind = type_of(urn)
    if preview:
        unknown = {name: UNKNOWN for name in kind.computed if name not in inputs}
        return "", {**_shown(cloud, kind, inputs), **unknown}
    record = kind.create(cloud, _wanted(cloud, kind, urn, inputs, ""))
    return record.id, _state(cloud, kind, inputs, record)


def update(
    cloud: Cloud, urn: str, record_id: str, old_state: Values, old_inputs: Values, news: Values, preview: bool
) -> Values:
    """Change a resource, or in a preview tell what would be known of it; return its properties."""
    kind = type_of(urn)
    changed = {name.partition(".")[0] for name in schema.diff(kind, old_inputs, old_state, news)}
    if preview:
        kept = {name: value for name, value in old_state.items() if name not in old_inputs}
        unknown = dict.fromkeys(kind.volatile(cloud, record_id, changed), UNKNOWN)
        return {**kept, **_shown(cloud, kind, news), **unknown}
    record = kind.update(cloud, _wanted(cloud, kind, urn, news, record_id), changed)
    return _state(cloud, kind, news, record)


def delete(cloud: Cloud, urn: str, record_id: str, inputs: Values) -> None:
    """Delete a resource; nothing happens if it is gone."""
    type_of(urn).delete(cloud, record_id, inputs)


def read(cloud: Cloud, urn: str, record_id: str, old_inputs: Values) -> tuple[str, Values, Values]:
    """Return a resource as it is now: id, properties and inputs; all of them empty if it is gone.

    Of a resource in the state, the inputs it was given are read again. Of one that is imported, all are.
    """
    kind = type_of(urn)
    record = kind.find(cloud, record_id)
    if record is None:
        return "", {}, {}
    inputs = _read_inputs(cloud, kind, record, old_inputs)
    try:
        return record.id, _state(cloud, kind, inputs, record), inputs
    except RecordGoneError:
        # The engine reads many at once, and reading an instance whose host is lost forgets what goes with it.
        if kind.find(cloud, record_id) is None:
            return "", {}, {}
        raise


def _read_inputs(cloud: Cloud, kind: ResourceType, record: Record, old: Values) -> Values:
    actual = kind.inputs(record)
    if "tags" in kind.properties:
        tags = getattr(record, "tags", {})
        actual["tags"] = {k: v for k, v in tags.items() if cloud.default_tags.get(k) != v} or None
        if actual["tags"] and "tags" not in old:
            old = {**old, "tags": None}
    if not old:
        defaults = {name: rule.default for name, rule in kind.properties.items() if rule.default is not None}
        chosen = {**defaults, **{k: v for k, v in actual.items() if v is not None}}
        chosen.pop("userDataBase64", None)  # userData says it
        return {**chosen, "__defaults": []}
    known = {name: actual.get(name, value) for name, value in old.items()}
    for name, value in known.items():
        if name in kind.properties and kind.properties[name].kind == "object" and value:
            known[name] = {field: item for field, item in value.items() if field in old[name]}
    return {name: value for name, value in known.items() if value is not None}


def _tags_all(cloud: Cloud, kind: ResourceType, inputs: Values) -> Values | str | None:
    """Return a resource's tags with the default ones; None if its type has no tags."""
    if "tags" not in kind.properties:
        return None
    tags = inputs.get("tags", {})
    return UNKNOWN if tags == UNKNOWN else {**cloud.default_tags, **tags}


def _shown(cloud: Cloud, kind: ResourceType, inputs: Values) -> Values:
    """Return inputs as they are shown among the outputs, with what follows from them alone."""
    shown = {name: value for name, value in inputs.items() if not name.startswith("__")}
    tags_all = _tags_all(cloud, kind, inputs)
    return {**shown, "region": cloud.region, **({} if tags_all is None else {"tagsAll": tags_all})}


def _state(cloud: Cloud, kind: ResourceType, inputs: Values, record: Record) -> Values:
    return {**_shown(cloud, kind, inputs), **kind.outputs(cloud, record)}


def _wanted(cloud: Cloud, kind: ResourceType, urn: str, inputs: Values, record_id: str) -> Record:
    """Return the record that inputs ask for, with its tags, signed with the call that asks for it.

    Names that Pulumi made up are left out of the signature: a run after a killed one makes up others.
    """
    if unknown_in(inputs):
        raise LabError(f"{urn}: an input is not known, though this is no preview")
    filled = inputs.get("__defaults", ())
    given = {name: value for name, value in inputs.items() if not name.startswith("__") and name not in filled}
    token = hashlib.sha256(json.dumps([urn, given], sort_keys=True).encode()).hexdigest()
    changes: dict[str, Any] = {"urn": urn, "client_token": token}
    if "tags" in kind.properties:
        changes["tags"] = _tags_all(cloud, kind, inputs)
    return replace(kind.record(cloud, inputs, record_id), **changes)
