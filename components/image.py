"""Which machine image a host boots: the one asked for, or Canonical's current Ubuntu LTS."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

UBUNTU_LTS = "24.04"


def ubuntu_ami(instance_type: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Return the id of the current Ubuntu LTS image for the architecture of that instance type.

    Source: Canonical, "Find Ubuntu images on AWS", public SSM parameters.
    """
    opts = pulumi.InvokeOutputOptions(parent=parent)
    kind = aws.ec2.get_instance_type_output(instance_type=instance_type, opts=opts)
    path = kind.apply(lambda facts: parameter_name(facts.supported_architectures))
    # The provider marks every parameter's value secret; an image's id is public.
    return pulumi.Output.unsecret(
        aws.ssm.get_parameter_output(name=path, opts=opts).apply(lambda parameter: parameter.insecure_value)
    )


def parameter_name(architectures: Sequence[str]) -> str:
    """Return the public parameter's name; EC2 says arm64 and x86_64 where Ubuntu says arm64 and amd64."""
    architecture = "arm64" if "arm64" in architectures else "amd64"
    return f"/aws/service/canonical/ubuntu/server/{UBUNTU_LTS}/stable/current/{architecture}/hvm/ebs-gp3/ami-id"
