"""A lab with an S3 that runs, and bare namespaces for hosts that have a role."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field, replace
from typing import Any

from lab.cloud import catalog
from lab.cloud.model import (
    Bucket,
    BucketPolicy,
    Instance,
    InstanceProfile,
    PrefixList,
    Role,
    RolePolicy,
    RouteTable,
    VpcEndpoint,
)
from lab.s3 import buckets
from lab.s3.client import Client, S3Error
from lab.s3.control import Control
from lab.s3.identities import Keys
from lab.settings import LabError
from lab.tests.network.probes import at
from lab.tests.network.world import World, ip

IMAGE = catalog.IMAGES[catalog.machine_architecture()]
REGION, BUCKET, ROLE = "lab-1", "backups", "writer"
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
SECONDS = 1.5
"""After which a service counts as out of reach."""
METADATA = "169.254.169.254"
TOKEN, TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"


def policy(*statements: dict[str, Any]) -> str:
    """Return statements as a policy; each allows where it does not say otherwise."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **item} for item in statements]})


OBJECTS = f"arn:aws:s3:::{BUCKET}/mine/*"
APPEND = policy(
    {"Action": ["s3:PutObject", "s3:GetObject"], "Resource": OBJECTS},
    {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
)
"""What a role may that adds and never takes away."""


@dataclass
class Site:
    """One lab: its records, its network, its S3 with one bucket and one role."""

    world: World
    control: Control
    profile: str = "profile"
    _hosts: list[Instance] = field(default_factory=list)

    def put_role(self, text: str = APPEND) -> None:
        """Write role and profile, and the role's policy."""
        self.world.put(Role(ROLE, TRUST, "AROA1"))
        self.world.put(RolePolicy(f"{ROLE}:p", ROLE, text))
        self.world.put(InstanceProfile(self.profile, ROLE, "AIPA1"))

    def put_bucket_policy(self, *statements: dict[str, Any]) -> None:
        """Write the bucket's policy; statements are for everyone where they do not say otherwise."""
        self.world.put(BucketPolicy(BUCKET, policy(*({"Principal": "*", **item} for item in statements))))

    def give_role(self, host: Instance, **metadata_options: object) -> Instance:
        """Give a host the profile, and options of its metadata service."""
        options: dict[str, object] = {"iamInstanceProfile": self.profile, "metadataOptions": metadata_options}
        host = replace(host, ami=IMAGE, options=options)
        self.world.put(host)
        return host

    def put_endpoint(self, table: RouteTable, text: str = "") -> VpcEndpoint:
        """Write a gateway endpoint for one route table."""
        entries = ((f"{self.control.paths.address}/32", ""),)
        self.world.put(PrefixList("pl-s3", f"com.amazonaws.{REGION}.s3", 1, entries))
        address = str(self.world.slot.public_pool[4])
        name = f"com.amazonaws.{REGION}.s3"
        endpoint = VpcEndpoint("vpce-1", table.vpc_id, name, (table.id,), text, "pl-s3", address)
        self.world.put(endpoint)
        return endpoint

    def make_bucket(self) -> Client:
        """Make the bucket, versioned, and return a client that may do everything."""
        self.world.put(Bucket(BUCKET, REGION))
        client = self.control.client(REGION)
        buckets.make(client, BUCKET)
        buckets.set_versioning(client, BUCKET, "Enabled")
        return client

    # What a host does

    def ask_metadata(
        self, host: Instance, method: str, path: str, headers: dict[str, str] | None = None, inside: str = ""
    ) -> tuple[int, str]:
        """Ask the metadata service from a host, and return status and body; OSError if it says nothing."""
        with at(inside or self.world.inside(host)):
            connection = http.client.HTTPConnection(METADATA, timeout=SECONDS)
            try:
                connection.request(method, path, headers=headers or {})
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
            finally:
                connection.close()

    def told(self, host: Instance, path: str) -> str:
        """Return what a host is told, by a token of its own."""
        status, token = self.ask_metadata(host, "PUT", "/latest/api/token", {TTL: "60"})
        assert status == 200, token
        status, text = self.ask_metadata(host, "GET", f"/latest/{path}", {TOKEN: token})
        assert status == 200, (status, text)
        return text

    def client_of(self, host: Instance) -> Client:
        """Return a client with the credentials that a host's role gives it."""
        found = json.loads(self.told(host, f"meta-data/iam/security-credentials/{ROLE}"))
        keys = Keys(found["AccessKeyId"], found["SecretAccessKey"])
        return replace(self.control.client(REGION), keys=keys, token=found["Token"])

    def outcome(self, host: Instance, method: str, key: str, client: Client | None = None) -> str:
        """Return how a host's request for an object ends: "done", S3's code, or "no way"."""
        client = replace(client or self.client_of(host), timeout=SECONDS)
        with at(self.world.inside(host)):
            try:
                client.ask(method, f"/{BUCKET}/{key}", body=b"data" if method == "PUT" else b"")
            except S3Error as refusal:
                return refusal.code
            except LabError:
                return "no way"
        return "done"

    def behind(self, host: Instance) -> str:
        """Make a namespace behind a host, which forwards for it as for a container, and return its name."""
        space, inner = self.world.inside(host), f"{self.world.slot.prefix}inner"
        ip("netns", "add", inner)
        ip("link", "add", "down0", "type", "veth", "peer", "eth0", "netns", inner, inside=space)
        for where, link, address in ((space, "down0", "172.31.0.1/24"), (inner, "eth0", "172.31.0.2/24")):
            ip("address", "add", address, "dev", link, inside=where)
            ip("link", "set", link, "up", inside=where)
        ip("route", "add", "default", "via", "172.31.0.1", inside=inner)
        return inner
