"""One EC2 instance, from launch to the end of its first boot, and the ssh key it is known by from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pulumi_command import remote

from components import checks
from components.args import args_faults
from components.component import Component, tags
from components.host.agent import FIRST_BOOT
from components.host.remote import SshRoute, Target
from scripts.host.common.codec import SpecFault
from scripts.host.constants import SSH_PORT

UBUNTU_LTS = "24.04"
VOLUME_GIB = 16
FIRST_CONTACT_SECONDS = 30
SSHD_SECONDS = 420
"""How long a host may take from launch to sshd."""
READY_SECONDS = 1080
"""More than wait_ready.sh's own limits together, so that its message is what one sees."""


class InstanceArgs(TypedDict):
    """What is chosen for one host's instance; config says it of the server and of each client group."""

    instance_type: Annotated[str, checks.instance_type]
    """EC2 instance type. A new one stops the host and starts it again."""
    public: bool
    """Whether it has an Elastic IP and is reached by it; otherwise it is reached through `jump`."""
    ami: NotRequired[Annotated[str | None, checks.image_id]]
    """Image id. Without it: the current one of `ubuntu_release` when the instance is made, and that one from then
    on."""
    packages: NotRequired[Sequence[Annotated[str, checks.package]]]
    """Of the distribution, besides those its role needs."""
    volume_gib: NotRequired[Annotated[int, checks.volume_gib]]
    private_ip: NotRequired[Annotated[str, checks.ipv4_address]]
    """Its private address; a replaced host gets the same one. Without it EC2 chooses."""
    termination_protection: NotRequired[bool]
    """Whether EC2 refuses to terminate the instance, and Pulumi to delete or replace it."""


class PlacementArgs(TypedDict):
    """Where a host lives, and how it is reached by ssh."""

    subnet_id: Annotated[pulumi.Input[str], checks.subnet_id]
    security_group_ids: Sequence[Annotated[pulumi.Input[str], checks.security_group_id]]
    key_name: pulumi.Input[str]
    """The EC2 key pair of the login user, of the first boot."""
    public_key: NotRequired[Annotated[str, checks.public_key]]
    """The login user's ssh key from then on: the one line of its authorized_keys."""
    private_key: NotRequired[pulumi.Input[str] | None]
    """The key pair's private half; without it the agent at SSH_AUTH_SOCK."""
    instance_profile: NotRequired[Annotated[pulumi.Input[str] | None, checks.instance_profile]]
    """Name of the IAM instance profile, as Session Manager and backups need one."""
    jump: NotRequired[Host | None]
    """The host that a private one is reached through."""
    ssh_host: NotRequired[str | None]
    """Where its sshd is reached instead of at its own address, and without a jump: the near end of a tunnel."""
    ssh_port: NotRequired[Annotated[int, checks.port]]
    host_key: NotRequired[Annotated[str | None, checks.host_key]]
    """Its public ed25519 key, if it is known already; otherwise the first one seen is kept."""
    ubuntu_release: NotRequired[Annotated[str, checks.ubuntu_release]]
    """Of the image, when the instance is made without `ami`; 24.04 if not given."""
    ubuntu_image: NotRequired[Callable[[str], pulumi.Input[str]]]
    """Returns that image by instance type, so that AWS is asked once for many hosts; asked for each if not given."""
    identity: NotRequired[str]
    """What the instance is replaced for when it changes, besides what only a new instance can have."""
    goes_first: NotRequired[bool]
    """Whether a host that is replaced is gone before its successor is launched, whatever its address. False if not
    given."""
    network_ready: NotRequired[Sequence[pulumi.Resource]]
    """What must be there before the first boot downloads packages: routes and rules."""
    tags: NotRequired[Annotated[Mapping[str, str], checks.tags]]
    """Of every resource and volume, besides its name."""


class HostArgs(InstanceArgs, PlacementArgs):
    """What a Host is made from."""


class HostKeyMismatchError(pulumi.RunError):
    """A host that answers with another ssh key than the one it is known by."""


class HostOutputs(Component):
    """What a host shows, and the component of what runs on it too."""

    instance_id: pulumi.Output[str]
    private_ip: pulumi.Output[str]
    public_ip: pulumi.Output[str | None]
    """The Elastic IP, for ssh, which stays when the instance is stopped and started; None of a private host."""
    host_key: pulumi.Output[str]


class Host(HostOutputs):
    """An instance, its Elastic IP if it is public, and the check that its first boot has ended.

    Type: mysql-pair:index:Host. Makes: aws.ec2.Instance, of public hosts Eip and EipAssociation, and up to three
    command.remote.Command, none of which carries a secret: on the jump host the wait for a private host's sshd, the
    first contact, which finds out the host's key and is never run again, and the readiness check. All later commands
    are pinned to that key.
    Image, key pair and user data count on the first boot only: a new image would rebuild the host by surprise, and
    new user data would stop it for nothing. An image that is asked for by id does replace it.
    """

    private_dns: pulumi.Output[str]
    ready: pulumi.Resource
    """The check that the first boot has ended."""
    instance: aws.ec2.Instance
    target: Target
    """How commands are run on it: pinned to its key, after its first boot."""

    def __init__(self, name: str, args: HostArgs, user_data: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Register the host; `user_data` is the cloud-config of the first boot, without secrets."""
        self.refuse(name, [*args_faults(HostArgs, args), *_route_faults(args)])
        super().__init__(name, opts)
        self._args = args
        self.instance = instance = self._instance(user_data)
        self.instance_id, self.private_ip, self.private_dns = instance.id, instance.private_ip, instance.private_dns
        self.public_ip, reachable = self._address(instance)
        jump = None if args["public"] or args.get("ssh_host") else args.get("jump")
        first = Target(name, self._first_route(jump), instance.id, instance)
        if jump:
            reachable = [self._wait_for_ssh(jump.target, instance)]
        known = args.get("host_key")
        pin = (pulumi.Output.from_input(known) if known else self._first_contact(first, reachable)).apply(str.strip)
        ready = self._readiness_check(first, reachable)
        self.ready = ready
        # Pinned to what is known already: what the readiness check has seen is unknown in every preview in which it
        # runs again.
        self.target = replace(first, ends_with=ready, route=replace(first.route, host_key=pin))
        seen = pulumi.Output.unsecret(ready.stdout)
        self.host_key = pulumi.Output.all(pin, seen).apply(lambda keys: same_key(name, *keys))
        self.end()

    def _first_route(self, jump: Host | None) -> SshRoute:
        """Return how the host is reached before its key is known: by a tunnel, by its own address or by a jump."""
        route = SshRoute(self.private_ip, private_key=self._args.get("private_key"))
        if endpoint := self._args.get("ssh_host"):
            return replace(route, address=endpoint, port=self._args.get("ssh_port", SSH_PORT))
        if self._args["public"]:
            return replace(route, address=self.public_ip.apply(str))
        return replace(route, jump=jump.target.route if jump else None)

    def _wait_for_ssh(self, jump: Target, instance: aws.ec2.Instance) -> pulumi.Resource:
        """Register the wait, on the jump host, for this host's sshd: dialling through it would not wait."""
        script = (FIRST_BOOT / "wait_ssh.sh").read_text()
        return jump.run(
            f"{self.name}-wait-for-ssh",
            ["bash", "-c", script, "wait_ssh.sh", self._type_label(), str(SSHD_SECONDS)],
            SSHD_SECONDS + 30,
            instance.private_ip,
            self,
            triggers=[jump.instance_id, instance.id],
        )

    def _readiness_check(self, first: Target, reachable: Sequence[pulumi.Resource]) -> remote.Command:
        """Register the wait for the end of the first boot; it prints the host's key."""
        name, argv = f"{self.name}-ready", ["bash", "-s", "--", self._type_label()]
        return first.run(name, argv, READY_SECONDS, (FIRST_BOOT / "wait_ready.sh").read_text(), self, reachable)

    def _type_label(self) -> str:
        """Return what stands in commands that are to wait again for a host that a new type has stopped."""
        return f"--type={self._args['instance_type']}"

    def _first_contact(self, first: Target, reachable: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        """Return the key that the host showed when it was new."""
        script = (FIRST_BOOT / "host_key.sh").read_text()
        name, argv = f"{self.name}-host-key", ["bash", "-s"]
        seen = first.run(name, argv, FIRST_CONTACT_SECONDS, script, self, reachable, once=True)
        return pulumi.Output.unsecret(seen.stdout)

    def _address(self, instance: aws.ec2.Instance) -> tuple[pulumi.Output[str | None], list[pulumi.Resource]]:
        """Return a public host's Elastic IP, and what must be there before it can be dialled."""
        if not self._args["public"]:
            return pulumi.Output.from_input(None), []
        address = aws.ec2.Eip(
            f"{self.name}-address",
            domain="vpc",
            tags=tags(self.name, self._args.get("tags")),
            opts=self.child(depends_on=list(self._args.get("network_ready", ()))),
        )
        attached = aws.ec2.EipAssociation(
            f"{self.name}-address-attached",
            allocation_id=address.allocation_id,
            instance_id=instance.id,
            opts=self.child(delete_before_replace=True),
        )
        return address.public_ip.apply(lambda ip: ip), [attached]

    def _ubuntu_image(self, instance_type: str) -> pulumi.Input[str]:
        if known := self._args.get("ubuntu_image"):
            return known(instance_type)
        return ubuntu_ami(instance_type, self._args.get("ubuntu_release", UBUNTU_LTS), parent=self)

    def _instance(self, user_data: str) -> aws.ec2.Instance:
        args = self._args
        ami, named = args.get("ami"), tags(self.name, args.get("tags"))
        return aws.ec2.Instance(
            f"{self.name}-instance",
            ami=ami or self._ubuntu_image(args["instance_type"]),
            instance_type=args["instance_type"],
            subnet_id=args["subnet_id"],
            private_ip=args.get("private_ip"),
            vpc_security_group_ids=args["security_group_ids"],
            key_name=args["key_name"],
            user_data=user_data,
            iam_instance_profile=args.get("instance_profile"),
            disable_api_termination=args.get("termination_protection", False),
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            root_block_device={
                "volume_type": "gp3",
                "volume_size": args.get("volume_gib", VOLUME_GIB),
                "encrypted": True,
                "tags": named,
            },
            tags=named,
            opts=self.child(
                depends_on=list(args.get("network_ready", ())),
                protect=args.get("termination_protection", False),
                ignore_changes=["userData", "keyName", *([] if ami else ["ami"])],
                # Where there was none before, nothing is replaced.
                replacement_trigger=args.get("identity"),
                # A fixed private address: a successor cannot have it before this one is gone.
                delete_before_replace="private_ip" in args or args.get("goes_first", False),
            ),
        )


def _route_faults(args: HostArgs) -> Iterator[SpecFault]:
    if not (args.get("public") or args.get("ssh_host") or args.get("jump")):
        yield SpecFault("jump", "is missing", "A private host needs it, or ssh_host")


def same_key(host: str, known: str, seen: str) -> str:
    """Return the key a host is known by.

    Raises:
        HostKeyMismatchError: it answers with another.
    """
    if known.split()[:2] != seen.split()[:2]:
        raise HostKeyMismatchError(
            f"{host} answers with another ssh host key than the one it is known by, and no secret was sent to it.\n"
            f"  known: {known.strip()}\n  seen:  {seen.strip()}\n"
            "If nobody changed it, something else answers at its address: find out what. If it was changed on "
            f"purpose, set sshHostKeys for {host} to the key you have checked on the host itself."
        )
    return known.strip()


def ubuntu_ami(instance_type: str, release: str, parent: pulumi.Resource | None = None) -> pulumi.Output[str]:
    """Return the id of the current image of an Ubuntu release for the architecture of that instance type.

    Source: Canonical, "Find Ubuntu images on AWS", public SSM parameters.
    """
    opts = pulumi.InvokeOutputOptions(parent=parent)
    kind = aws.ec2.get_instance_type_output(instance_type=instance_type, opts=opts)
    path = kind.apply(lambda facts: parameter_name(facts.supported_architectures, release))
    # The provider marks every parameter's value secret; an image's id is public.
    return pulumi.Output.unsecret(
        aws.ssm.get_parameter_output(name=path, opts=opts).apply(lambda parameter: parameter.insecure_value)
    )


def parameter_name(architectures: Sequence[str], release: str) -> str:
    """Return the public parameter's name; EC2 says arm64 and x86_64 where Ubuntu says arm64 and amd64."""
    architecture = "arm64" if "arm64" in architectures else "amd64"
    return f"/aws/service/canonical/ubuntu/server/{release}/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
