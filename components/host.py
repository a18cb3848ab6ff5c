"""One EC2 instance, from launch to the end of its first boot, and the ssh key it is known by from then on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws
from pulumi_command import remote

from components.args_check import InvalidArgsError, check_args
from components.host_agent import FIRST_BOOT
from components.image import ubuntu_ami
from components.naming import tags
from components.remote_command import Step, Target, run
from components.ssh_route import SshRoute
from scripts.host.common.codec import SpecFault
from scripts.host.constants import SSH_PORT

VOLUME_GIB = 16
FIRST_CONTACT_SECONDS = 30
SSHD_SECONDS = 420
"""How long a host may take from launch to sshd."""
READY_SECONDS = 1080
"""More than wait_ready.sh's own limits together, so that its message is what one sees."""


class InstanceArgs(TypedDict):
    """What is chosen for one host's instance; config says it of the server and of each client group."""

    instance_type: str
    """EC2 instance type. A new one stops the host and starts it again."""
    public: bool
    """Whether it has an Elastic IP and is reached by it; otherwise it is reached through `jump`."""
    ami: NotRequired[str | None]
    """Image id. Without it: the current Ubuntu LTS when the instance is made, and that one from then on."""
    packages: NotRequired[Sequence[str]]
    """Of the distribution, besides those its role needs."""
    volume_gib: NotRequired[int]
    """Size of the root volume."""
    private_ip: NotRequired[str]
    """Its private address; a replaced host gets the same one. Without it EC2 chooses."""
    termination_protection: NotRequired[bool]
    """Whether EC2 refuses to terminate the instance."""


class PlacementArgs(TypedDict):
    """Where a host lives, and how it is reached by ssh."""

    subnet_id: pulumi.Input[str]
    """The subnet the host lives in."""
    security_group_ids: Sequence[pulumi.Input[str]]
    """Its security groups."""
    key_name: pulumi.Input[str]
    """The EC2 key pair of the login user, of the first boot."""
    public_key: NotRequired[str]
    """The login user's ssh key from then on: the one line of its authorized_keys."""
    private_key: NotRequired[pulumi.Input[str] | None]
    """The key pair's private half; without it the agent at SSH_AUTH_SOCK."""
    instance_profile: NotRequired[str | None]
    """Name of the IAM instance profile, as Session Manager needs one."""
    jump: NotRequired[Host | None]
    """The host that a private one is reached through."""
    ssh_host: NotRequired[str | None]
    """Where its sshd is reached instead of at its own address, and without a jump: the near end of a tunnel."""
    ssh_port: NotRequired[int]
    """The port there."""
    host_key: NotRequired[str | None]
    """Its public ed25519 key, if it is known already; otherwise the first one seen is kept."""
    network_ready: NotRequired[Sequence[pulumi.Resource]]
    """What must be there before the first boot downloads packages: routes and rules."""
    tags: NotRequired[Mapping[str, str]]
    """Of every resource and volume, besides its name."""


class HostArgs(InstanceArgs, PlacementArgs):
    """What a Host is made from."""


class HostKeyMismatchError(pulumi.RunError):
    """A host that answers with another ssh key than the one it is known by."""


class Host(pulumi.ComponentResource):
    """An instance, its Elastic IP if it is public, and the check that its first boot has ended.

    Type: mysql-pair:index:Host. Makes: aws.ec2.Instance, of public hosts Eip and EipAssociation, and up to three
    command.remote.Command, none of which carries a secret: on the jump host the wait for a private host's sshd, the
    first contact, which finds out the host's key and is never run again, and the readiness check. All later commands
    are pinned to that key.
    Image, key pair and user data count on the first boot only: a new image would rebuild the host by surprise, and
    new user data would stop it for nothing. An image that is asked for by id does replace it.
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    private_dns: pulumi.Output[str]
    """The private DNS name."""
    public_ip: pulumi.Output[str | None]
    """The Elastic IP, which stays when the instance is stopped and started; None of a private host."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key."""
    target: Target
    """How commands are run on it: pinned to its key, after its first boot."""

    def __init__(
        self,
        name: str,
        args: HostArgs,
        user_data: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the host.

        Args:
            name: the host's name.
            args: see HostArgs.
            user_data: cloud-config of the first boot; no secrets.
            opts: the component's options.

        Raises:
            InvalidArgsError: with every fault of the args; or there is no way to ssh to the host.
        """
        check_args("Host", name, HostArgs, args)
        super().__init__("mysql-pair:index:Host", name, None, opts)
        self._name, self._args = name, args
        instance = self._instance(user_data)
        self.instance_id, self.private_ip, self.private_dns = instance.id, instance.private_ip, instance.private_dns
        self.public_ip, reachable = self._address(instance)
        first = Target(name, self._first_route(), instance.id, instance)
        if jump := self._jump():
            reachable = [self._wait_for_ssh(jump.target, instance)]
        known = args.get("host_key")
        pin = pulumi.Output.from_input(known) if known else self._first_contact(first, reachable)
        ready = self._readiness_check(first, reachable)
        pin = pin.apply(str.strip)
        # Pinned to what is known already: what the readiness check has seen is unknown in every preview in which it
        # runs again.
        self.target = replace(first, ends_with=ready, route=replace(first.route, host_key=pin))
        seen = pulumi.Output.unsecret(ready.stdout)
        self.host_key = pulumi.Output.all(pin, seen).apply(lambda keys: same_key(name, *keys))
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "private_ip": self.private_ip,
                "private_dns": self.private_dns,
                "public_ip": self.public_ip,
                "host_key": self.host_key,
            }
        )

    def _jump(self) -> Host | None:
        """Return the host that this one is reached through; None if it is reached by itself or by a tunnel."""
        alone = self._args["public"] or self._args.get("ssh_host")
        return None if alone else self._args.get("jump")

    def _first_route(self) -> SshRoute:
        """Return how the host is reached before its key is known."""
        route = SshRoute(self.private_ip, private_key=self._args.get("private_key"))
        if endpoint := self._args.get("ssh_host"):
            return replace(route, address=endpoint, port=self._args.get("ssh_port", SSH_PORT))
        if self._args["public"]:
            return replace(route, address=self.public_ip.apply(str))
        if jump := self._jump():
            return replace(route, jump=jump.target.route)
        fault = SpecFault("jump", "is missing", "A private host needs it, or ssh_host")
        raise InvalidArgsError("Host", self._name, [fault])

    def _wait_for_ssh(self, jump: Target, instance: aws.ec2.Instance) -> pulumi.Resource:
        """Register the wait, on the jump host, for this host's sshd: dialling through it would not wait."""
        script = (FIRST_BOOT / "wait_ssh.sh").read_text()
        step = Step(
            argv=["bash", "-c", script, "wait_ssh.sh", self._type_label(), str(SSHD_SECONDS)],
            seconds=SSHD_SECONDS + 30,
            stdin=instance.private_ip,
            triggers=[jump.instance_id, instance.id],
        )
        return run(f"{self._name}-wait-for-ssh", jump, step, parent=self)

    def _readiness_check(self, first: Target, reachable: Sequence[pulumi.Resource]) -> remote.Command:
        """Register the wait for the end of the first boot; it prints the host's key."""
        script = (FIRST_BOOT / "wait_ready.sh").read_text()
        step = Step(argv=["bash", "-s", "--", self._type_label()], seconds=READY_SECONDS, stdin=script)
        return run(f"{self._name}-ready", first, step, parent=self, depends_on=reachable)

    def _type_label(self) -> str:
        """Return what stands in commands that are to wait again for a host that a new type has stopped."""
        return f"--type={self._args['instance_type']}"

    def _first_contact(self, first: Target, reachable: Sequence[pulumi.Resource]) -> pulumi.Output[str]:
        """Return the key that the host showed when it was new."""
        script = (FIRST_BOOT / "host_key.sh").read_text()
        step = Step(argv=["bash", "-s"], seconds=FIRST_CONTACT_SECONDS, stdin=script, once=True)
        seen = run(f"{self._name}-host-key", first, step, parent=self, depends_on=reachable)
        return pulumi.Output.unsecret(seen.stdout)

    def _address(self, instance: aws.ec2.Instance) -> tuple[pulumi.Output[str | None], list[pulumi.Resource]]:
        """Return a public host's Elastic IP, and what must be there before it can be dialled."""
        if not self._args["public"]:
            return pulumi.Output.from_input(None), []
        ready = list(self._args.get("network_ready", ()))
        address = aws.ec2.Eip(
            f"{self._name}-address",
            domain="vpc",
            tags=tags(self._name, self._args.get("tags")),
            opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
        )
        attached = aws.ec2.EipAssociation(
            f"{self._name}-address-attached",
            allocation_id=address.allocation_id,
            instance_id=instance.id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        return address.public_ip.apply(lambda found: found), [attached]

    def _instance(self, user_data: str) -> aws.ec2.Instance:
        args = self._args
        ami, named = args.get("ami"), tags(self._name, args.get("tags"))
        return aws.ec2.Instance(
            f"{self._name}-instance",
            ami=ami or ubuntu_ami(args["instance_type"], parent=self),
            instance_type=args["instance_type"],
            subnet_id=args["subnet_id"],
            private_ip=args.get("private_ip"),
            vpc_security_group_ids=args["security_group_ids"],
            key_name=args["key_name"],
            user_data=user_data,
            iam_instance_profile=args.get("instance_profile"),
            disable_api_termination=args.get("termination_protection", False),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            root_block_device={
                "volume_type": "gp3",
                "volume_size": args.get("volume_gib", VOLUME_GIB),
                "encrypted": True,
                "tags": named,
            },
            tags=named,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.get("network_ready", ())),
                ignore_changes=["userData", "keyName", *([] if ami else ["ami"])],
                # A fixed private address: a successor cannot have it before this one is gone.
                delete_before_replace="private_ip" in args,
            ),
        )


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
