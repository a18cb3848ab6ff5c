"""One EC2 instance with an address that stays, from launch to the end of its first boot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.image import ubuntu_ami
from components.naming import tags
from components.remote_command import HOST_SCRIPTS, Step, Target, run

VOLUME_GIB = 16
GATE_SECONDS = 1080
"""More than wait_ready.sh's own limits together, so that its message is what one sees."""


class HostArgs(TypedDict):
    """What a server's and a client's host have in common."""

    instance_type: str
    """EC2 instance type."""
    subnet_id: pulumi.Input[str]
    """The subnet the host lives in."""
    private_ip: str
    """Its private address in that subnet; a replaced host gets the same one."""
    security_group_id: pulumi.Input[str]
    """Its one security group."""
    key_name: pulumi.Input[str]
    """The EC2 key pair of the login user."""
    ami: NotRequired[str | None]
    """Image id; without it the current Ubuntu LTS."""
    private_key: NotRequired[pulumi.Input[str] | None]
    """The key pair's private half; without it the agent at SSH_AUTH_SOCK."""
    network_ready: NotRequired[Sequence[pulumi.Resource]]
    """What must be there before the first boot downloads packages: routes and rules."""


class Host(pulumi.ComponentResource):
    """An instance, its Elastic IP, and the gate that opens when its first boot has ended.

    Type: mysql-pair:index:Host. Makes: aws.ec2.Eip, Instance, EipAssociation, and one command.remote.Command.
    Image and user data count on the first boot only: an edit of them changes nothing here, because a new
    image would rebuild the host by surprise, and new user data would stop it for nothing.
    """

    instance_id: pulumi.Output[str]
    """The instance's id."""
    private_ip: pulumi.Output[str]
    """The private address."""
    public_ip: pulumi.Output[str]
    """The Elastic IP: it stays when the instance is stopped and started."""
    host_key: pulumi.Output[str]
    """The host's public ed25519 ssh key, as seen on the first visit."""

    def __init__(
        self,
        name: str,
        args: HostArgs,
        user_data: str,
        ready_args: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Register the host.

        Args:
            name: the host's name.
            args: see HostArgs.
            user_data: cloud-config of the first boot; no secrets.
            ready_args: arguments of scripts/host/wait_ready.sh.
            opts: the component's options.
        """
        super().__init__("mysql-pair:index:Host", name, None, opts)
        instance = self._instance(name, args, user_data)
        address = aws.ec2.Eip(f"{name}-address", domain="vpc", tags=tags(name), opts=self._child(args))
        attached = aws.ec2.EipAssociation(
            f"{name}-address-attached",
            allocation_id=address.allocation_id,
            instance_id=instance.id,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        target = Target(instance, instance.id, address.public_ip, args.get("private_key"))
        script = (HOST_SCRIPTS / "wait_ready.sh").read_text()
        gate = run(
            f"{name}-ready",
            target,
            Step(create=["bash", "-s", "--", *ready_args], seconds=GATE_SECONDS, stdin=script),
            parent=self,
            depends_on=[attached],
        )
        self.instance_id = instance.id
        self.private_ip = instance.private_ip
        self.public_ip = address.public_ip
        self.host_key = pulumi.Output.unsecret(gate.stdout).apply(str.strip)
        self.target = replace(target, ends_with=gate, host_key=self.host_key)
        self.register_outputs(
            {
                "instance_id": self.instance_id,
                "private_ip": self.private_ip,
                "public_ip": self.public_ip,
                "host_key": self.host_key,
            }
        )

    def _child(self, args: HostArgs) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(args.get("network_ready", ())))

    def _instance(self, name: str, args: HostArgs, user_data: str) -> aws.ec2.Instance:
        return aws.ec2.Instance(
            f"{name}-instance",
            ami=args.get("ami") or ubuntu_ami(args["instance_type"], parent=self),
            instance_type=args["instance_type"],
            subnet_id=args["subnet_id"],
            private_ip=args["private_ip"],
            vpc_security_group_ids=[args["security_group_id"]],
            key_name=args["key_name"],
            user_data=user_data,
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
            },
            root_block_device={"volume_type": "gp3", "volume_size": VOLUME_GIB, "encrypted": True},
            tags=tags(name),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(args.get("network_ready", ())),
                ignore_changes=["ami", "userData"],
                # Its private address is fixed: a successor cannot have it before it is gone.
                delete_before_replace=True,
            ),
        )
