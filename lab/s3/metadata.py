"""The instance metadata service of a VPC, at 169.254.169.254 in its router: who asks is known by the source address.

Source: Amazon EC2 User Guide, "Use the Instance Metadata Service to access instance metadata" and "Configure the
Instance Metadata Service options".
"""

from __future__ import annotations

import datetime
import json
import secrets
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from lab.cloud import catalog, policies
from lab.cloud.identities import profile_arn, profile_of
from lab.cloud.model import Instance, SecurityGroup, Subnet
from lab.cloud.rules import ACCOUNT_ID
from lab.cloud.store import Store
from lab.cloud.topology import public_ip
from lab.machine import netlink
from lab.machine.firewall import METADATA
from lab.s3.identities import Sessions

PORT = 80
LONGEST_TOKEN = 21600
TOKEN, TTL = "X-aws-ec2-metadata-token", "X-aws-ec2-metadata-token-ttl-seconds"
IP_FREEBIND = 15
"""linux/in.h: an address may be listened at before the router has it."""
HOPS = 1
"""Of the answer to a request for a token, where the instance's options do not say it."""
Tree = dict[str, Any]
"""Names to texts, or to trees of their own."""


class Tokens:
    """The tokens of a lab's instances; a service that begins anew has none, as clients expect."""

    def __init__(self) -> None:
        """Have none."""
        self._until: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def make(self, instance_id: str, seconds: int) -> str:
        """Return a token that is good on one instance for a while."""
        token = secrets.token_urlsafe(40)
        with self._lock:
            self._until = {key: end for key, end in self._until.items() if end > time.monotonic()}
            self._until[instance_id, token] = time.monotonic() + seconds
        return token

    def good(self, instance_id: str, token: str) -> bool:
        """Tell whether a token is an instance's own and has not ended."""
        return self._until.get((instance_id, token), 0) > time.monotonic()


@dataclass(frozen=True)
class Answer:
    """What a client is told."""

    status: int
    text: str = ""
    seconds: str = ""
    """Of a token: for how long."""
    hops: int = 64


class Metadata:
    """The metadata of the instances of one lab."""

    def __init__(self, store: Store, sessions: Sessions) -> None:
        """Tell what the records in `store` say."""
        self._store = store
        self._sessions = sessions
        self._tokens = Tokens()

    def instance_at(self, vpc_id: str, address: str) -> Instance | None:
        """Return the instance that has an address in a VPC."""
        subnets = {subnet.id for subnet in self._store.all(Subnet) if subnet.vpc_id == vpc_id}
        found = (item for item in self._store.all(Instance) if item.subnet_id in subnets and item.private_ip == address)
        return next(found, None)

    def token(self, instance: Instance, seconds: str, forwarded: bool) -> Answer:
        """Answer PUT /latest/api/token: with as many hops as the instance's options allow."""
        options = _options(instance)
        if forwarded or options.get("httpEndpoint") == "disabled":
            return Answer(403)
        if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_TOKEN:
            return Answer(400)
        hops = int(options.get("httpPutResponseHopLimit") or HOPS)
        return Answer(200, self._tokens.make(instance.id, int(seconds)), seconds, hops)

    def get(self, instance: Instance, path: str, token: str | None) -> Answer:
        """Answer GET: to requests without a token only where the instance's options do not require one."""
        options = _options(instance)
        if options.get("httpEndpoint") == "disabled":
            return Answer(403)
        if token is None and options.get("httpTokens") == "required":
            return Answer(401)
        if token is not None and not self._tokens.good(instance.id, token):
            return Answer(401)
        _, _, rest = path.strip("/").partition("/")  # the version of the layout: one for all
        found: Any = self._tree(instance)
        for name in filter(None, rest.split("/")):
            found = found.get(name) if isinstance(found, dict) else None
            found = found() if callable(found) else found
            if found is None:
                return Answer(404)
        return Answer(200, found if isinstance(found, str) else _listing(found))

    def _tree(self, instance: Instance) -> Tree:
        """Return all that an instance is told; what costs something or makes something is a function."""
        zone = self._store.get(Subnet, instance.subnet_id).availability_zone
        document = {
            "accountId": ACCOUNT_ID,
            "architecture": catalog.image_architecture(instance.ami),
            "availabilityZone": zone,
            "imageId": instance.ami,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "privateIp": instance.private_ip,
            "region": zone[:-1],
            "version": "2017-09-30",
        }
        tree: Tree = {
            "dynamic": {"instance-identity": {"document": json.dumps(document, indent=1)}},
            "meta-data": self._meta_data(instance, zone),
        }
        return {**tree, "user-data": instance.user_data} if instance.user_data else tree

    def _meta_data(self, instance: Instance, zone: str) -> Tree:
        name = f"ip-{instance.private_ip.replace('.', '-')}"
        groups = (self._store.find(SecurityGroup, group) for group in instance.security_group_ids)
        tree: Tree = {
            "ami-id": instance.ami,
            "hostname": name,
            "instance-id": instance.id,
            "instance-type": instance.instance_type,
            "local-hostname": name,
            "local-ipv4": instance.private_ip,
            "placement": {"availability-zone": zone, "region": zone[:-1]},
            "security-groups": "\n".join(group.name for group in groups if group),
        }
        if address := public_ip(self._store, instance):
            tree["public-ipv4"] = address
        if _options(instance).get("instanceMetadataTags") == "enabled":
            tree["tags"] = {"instance": dict(instance.tags)}
        if found := profile_of(self._store, instance):
            profile, role = found
            told = {"Code": "Success", "LastUpdated": _time(), "InstanceProfileArn": profile_arn(profile)}
            credentials: Tree = {role.id: lambda: self._credentials(instance)} if role else {}
            info = json.dumps({**told, "InstanceProfileId": profile.unique_id})
            tree["iam"] = {"info": info, "security-credentials": credentials}
        return tree

    def _credentials(self, instance: Instance) -> str | None:
        found = profile_of(self._store, instance)
        if not found or not found[1]:
            return None
        if not policies.trusts(found[1].assume_role_policy, "ec2.amazonaws.com"):
            text = f"EC2 cannot assume the role {found[1].id}. Please see documentation at https://docs.aws.amazon.com/IAM/"
            refused = {"Code": "AssumeRoleUnauthorizedAccess", "Message": text, "LastUpdated": _time()}
            return json.dumps(refused, indent=2)
        session = self._sessions.of(instance, found[1])
        return json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _time(),
                "Type": "AWS-HMAC",
                "AccessKeyId": session.access,
                "SecretAccessKey": session.secret,
                "Token": session.token,
                "Expiration": _time(session.expires),
            },
            indent=2,
        )


def _options(instance: Instance) -> Tree:
    options = instance.options.get("metadataOptions")
    return options if isinstance(options, dict) else {}


def _listing(tree: Tree) -> str:
    return "\n".join(f"{name}/" if isinstance(item, dict) else name for name, item in tree.items())


def _time(moment: float | None = None) -> str:
    when = datetime.datetime.fromtimestamp(time.time() if moment is None else moment, datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "EC2ws"
    sys_version = ""
    timeout = 60
    server: MetadataServer

    def do_GET(self) -> None:
        self._answer(lambda data, instance: data.get(instance, self.path, self.headers.get(TOKEN)))

    do_HEAD = do_GET  # noqa: N815 - the base class's way

    def do_PUT(self) -> None:
        if self.path.rstrip("/") != "/latest/api/token":
            return self._say(Answer(404))
        forwarded = "X-Forwarded-For" in self.headers
        return self._answer(lambda data, instance: data.token(instance, self.headers.get(TTL, ""), forwarded))

    def _answer(self, ask: Callable[[Metadata, Instance], Answer]) -> None:
        data = self.server.metadata
        instance = data.instance_at(self.server.vpc_id, self.client_address[0])
        self._say(ask(data, instance) if instance else Answer(404))

    def _say(self, answer: Answer) -> None:
        body = answer.text.encode()
        self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, answer.hops)
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        if answer.seconds:
            self.send_header(TTL, answer.seconds)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of what went well."""


class MetadataServer(socketserver.ThreadingTCPServer):
    """The service in one VPC's router."""

    daemon_threads = True

    def __init__(self, space: str, vpc_id: str, metadata: Metadata) -> None:
        """Listen in the namespace `space`."""
        super().__init__((METADATA, PORT), _Handler, bind_and_activate=False)
        self.socket.close()
        self.metadata, self.vpc_id = metadata, vpc_id
        with ThreadPoolExecutor(max_workers=1) as thread:  # it stays in the namespace, and ends
            self.socket = thread.submit(_listening, space).result()


def _listening(space: str) -> socket.socket:
    netlink.enter(space)
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    listening.bind((METADATA, PORT))
    listening.listen(64)
    return listening
