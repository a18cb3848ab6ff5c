"""The aws stand-in's configuration and functions."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pulumi_aws as aws
import pytest

from lab.aws import config, functions
from lab.aws.schema import Cloud
from lab.aws.wire import Values, from_struct, to_struct
from lab.cloud import catalog
from lab.cloud.model import Eip
from lab.cloud.rules import AwsError
from lab.settings import LabError
from lab.tests.unit.ec2_world import IMAGE, World


def test_a_missing_region_and_strange_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    assert [failure.property for failure in config.check({})] == ["region"]
    failures = list(config.check({"region": "eu-central-1", "assumeRoles": "[]", "profile": "x"}))
    assert [failure.property for failure in failures] == ["assumeRoles"]
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert config.region({}) == "eu-west-1"
    assert config.region({"region": "us-east-1"}) == "us-east-1"


def test_default_tags_come_as_json_text() -> None:
    assert config.default_tags({"defaultTags": '{"tags": {"a": "b"}}'}) == {"a": "b"}
    failures = list(config.check({"region": "x", "defaultTags": '{"labels": {}}'}))
    assert [failure.property for failure in failures] == ["defaultTags"]


def test_zones_have_names_and_ids(cloud: Cloud) -> None:
    args = {"filters": [{"name": "opt-in-status", "values": ["opt-in-not-required"]}], "state": "available"}
    zones = functions.call(cloud, "aws:index/getAvailabilityZones:getAvailabilityZones", args)
    assert zones["names"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    assert zones["zoneIds"][0] == "euc1-az1"
    args["filters"] = [{"name": "opt-in-status", "values": ["opted-in"]}]
    assert functions.call(cloud, "aws:index/getAvailabilityZones:getAvailabilityZones", args)["names"] == []


def test_a_type_is_offered_in_zones_and_an_unknown_one_in_none(cloud: Cloud) -> None:
    """Source: EC2 API, DescribeInstanceTypeOfferings: a type that is offered nowhere is no error."""
    token = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
    args = {"locationType": "availability-zone", "filters": [{"name": "instance-type", "values": ["t3.small"]}]}
    assert functions.call(cloud, token, args)["locations"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
    args["filters"] = [{"name": "instance-type", "values": ["t9.huge"]}]
    assert functions.call(cloud, token, args)["locations"] == []
    with pytest.raises(LabError, match="outpost"):
        functions.call(cloud, token, {"locationType": "outpost"})


def test_elastic_ips_are_counted_by_tags_and_have_a_quota(world: World, cloud: Cloud) -> None:
    world.ec2.create(Eip("", "", {"Stack": "a"}), "eipalloc")
    world.ec2.create(Eip("", "", {"Stack": "b"}), "eipalloc")
    counts = [
        len(functions.call(cloud, "aws:ec2/getEips:getEips", args)["allocationIds"])
        for args in ({}, {"tags": {"Stack": "a"}})
    ]
    assert counts == [2, 1]
    token, code = "aws:servicequotas/getServiceQuota:getServiceQuota", "L-0263D0A3"
    assert functions.call(cloud, token, {"serviceCode": "ec2", "quotaCode": code})["value"] == 241
    with pytest.raises(AwsError, match="NoSuchResource"):
        functions.call(cloud, token, {"serviceCode": "ec2", "quotaCode": "L-1"})


def test_canonicals_parameters_name_the_labs_image_and_no_other_does(cloud: Cloud) -> None:
    token = "aws:ssm/getParameter:getParameter"
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/{}/hvm/ebs-gp3/ami-id"
    images = {
        architecture: functions.call(cloud, token, {"name": name.format(architecture)})["insecureValue"]
        for architecture in ("amd64", "arm64")
    }
    assert IMAGE in images.values()
    assert len(set(images.values())) == 2
    with pytest.raises(AwsError, match="ParameterNotFound"):
        functions.call(cloud, token, {"name": "/my/password"})


def test_with_an_ubuntu_archive_each_parameter_names_an_image_of_its_release(
    world: World, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_MIRROR", "http://mirror.test/ubuntu")
    monkeypatch.delenv("LAB_SUITE", raising=False)
    name = "/aws/service/canonical/ubuntu/server/{}/stable/current/amd64/hvm/ebs-gp3/ami-id"

    def image(release: str) -> str:
        answer = functions.call(cloud, "aws:ssm/getParameter:getParameter", {"name": name.format(release)})
        return str(answer["insecureValue"])

    def told(image_id: str) -> str:
        by_id = [{"name": "image-id", "values": [image_id]}]
        return str(functions.call(cloud, "aws:ec2/getAmi:getAmi", {"filters": by_id})["name"])

    former = {release: image(release) for release in catalog.RELEASES}
    assert [catalog.image_release(image_id) for image_id in former.values()] == [*catalog.RELEASES]
    assert "/ubuntu-noble-24.04-amd64-server-" in told(former["24.04"])
    world.ec2.publish_images(["26.04"])
    assert image("24.04") == former["24.04"] and image("26.04") != former["26.04"]
    assert "/ubuntu-resolute-26.04-amd64-server-" in told(image("26.04"))
    pattern = [{"name": "name", "values": ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*"]}]
    found = functions.call(cloud, "aws:ec2/getAmi:getAmi", {"filters": pattern, "mostRecent": True})
    assert found["imageId"] == former["24.04"]
    with pytest.raises(AwsError, match="ParameterNotFound"):
        image("20.04")


def test_a_newer_image_takes_the_parameters_place_and_both_are_known(world: World, cloud: Cloud) -> None:
    name = "/aws/service/canonical/ubuntu/server/24.04/stable/current/arm64/hvm/ebs-gp3/ami-id"

    def parameter() -> Values:
        return functions.call(cloud, "aws:ssm/getParameter:getParameter", {"name": name})

    def search(**args: Any) -> Values:
        return functions.call(cloud, "aws:ec2/getAmi:getAmi", args)

    arm = [{"name": "architecture", "values": ["arm64"]}]
    before = parameter()
    assert search(filters=arm)["imageId"] == before["insecureValue"]
    world.ec2.publish_images()
    after = parameter()
    assert after["insecureValue"] != before["insecureValue"]
    assert after["version"] == before["version"] + 1
    for answer in (before, after):
        by_id = [{"name": "image-id", "values": [answer["insecureValue"]]}]
        assert search(filters=by_id)["architecture"] == "arm64"
    assert search(filters=arm, mostRecent=True)["imageId"] == after["insecureValue"]
    with pytest.raises(LabError, match="more than one result"):
        search(filters=arm)
    with pytest.raises(LabError, match="Your query returned no results"):
        search(filters=[{"name": "image-id", "values": ["ami-0123456789abcdef0"]}])


def test_a_vpc_and_a_subnet_are_found_by_id(world: World, cloud: Cloud) -> None:
    vpc = functions.call(cloud, "aws:ec2/getVpc:getVpc", {"id": world.vpc.id})
    assert (vpc["cidrBlock"], vpc["enableDnsSupport"], vpc["default"]) == ("10.0.0.0/16", True, False)
    assert vpc["mainRouteTableId"] == world.ec2.main_route_table(world.vpc.id)
    subnet = functions.call(cloud, "aws:ec2/getSubnet:getSubnet", {"id": world.subnet.id})
    assert (subnet["vpcId"], subnet["cidrBlock"]) == (world.vpc.id, "10.0.1.0/24")
    assert (subnet["availabilityZone"], subnet["availabilityZoneId"]) == ("eu-central-1a", "euc1-az1")
    for answer, result in ((vpc, aws.ec2.GetVpcResult), (subnet, aws.ec2.GetSubnetResult)):
        names = {re.sub("([A-Z])", r"_\1", name).lower() for name in answer}
        assert names <= set(inspect.signature(result).parameters)


@pytest.mark.parametrize(
    ("token", "args", "says"),
    [
        ("aws:ec2/getVpc:getVpc", {"id": "vpc-0"}, "no matching EC2 VPC found"),
        ("aws:ec2/getSubnet:getSubnet", {"id": "subnet-0"}, "no matching EC2 Subnet found"),
        ("aws:ec2/getVpc:getVpc", {}, "without its id"),
        ("aws:ec2/getSubnet:getSubnet", {"vpcId": "vpc-1"}, "does not support it"),
        (
            "aws:ec2/getInstanceType:getInstanceType",
            {"instanceType": "t9.huge"},
            r"InvalidInstanceType: The following supplied instance types do not exist: \[t9.huge\]",
        ),
    ],
)
def test_what_is_not_there_is_said_in_awss_words(cloud: Cloud, token: str, args: Values, says: str) -> None:
    with pytest.raises(LabError, match=says):
        functions.call(cloud, token, args)


@pytest.mark.parametrize(
    ("name", "memory", "architecture"),
    [
        ("t3.micro", 1024, "x86_64"),
        ("t3.large", 8192, "x86_64"),
        ("t4g.small", 2048, "arm64"),
        ("t4g.medium", 4096, "arm64"),
        ("m7g.large", 8192, "arm64"),
        ("r6i.xlarge", 32768, "x86_64"),
    ],
)
def test_an_instance_type_tells_memory_and_architecture(
    cloud: Cloud, name: str, memory: int, architecture: str
) -> None:
    facts = functions.call(cloud, "aws:ec2/getInstanceType:getInstanceType", {"instanceType": name})
    assert facts["memorySize"] == memory
    assert facts["supportedArchitectures"] == [architecture]


def test_a_search_for_instances_finds_those_that_are_like_it_and_none_is_no_error(world: World, cloud: Cloud) -> None:
    """Source: Terraform's aws provider, data source aws_instances."""
    token, server = "aws:ec2/getInstances:getInstances", world.run(tags={"Name": "p-s-server", "Stack": "s"})
    world.run(tags={"Name": "p-s-client", "Stack": "s"})
    named: Values = {"filters": [{"name": "tag:Name", "values": ["p-s-server"]}], "instanceTags": {"Stack": "s"}}
    assert functions.call(cloud, token, named)["ids"] == [server.id]
    assert len(functions.call(cloud, token, {"filters": [{"name": "image-id", "values": [IMAGE]}]})["ids"]) == 2
    world.ec2.stop(server.id)
    assert functions.call(cloud, token, named)["ids"] == []
    assert functions.call(cloud, token, {**named, "instanceStateNames": ["stopped"]})["ids"] == [server.id]
    facts = functions.call(cloud, "aws:ec2/getInstance:getInstance", {"instanceId": server.id})
    assert (facts["ami"], facts["privateIp"]) == (IMAGE, server.private_ip)
    assert facts["disableApiTermination"] is False
    with pytest.raises(LabError, match="no matching EC2 Instance found"):
        functions.call(cloud, "aws:ec2/getInstance:getInstance", {"instanceId": "i-0"})


def test_a_search_for_ubuntus_image_finds_the_labs(cloud: Cloud) -> None:
    token = "aws:ec2/getAmi:getAmi"
    names = ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*"]
    args: Values = {"mostRecent": True, "owners": ["099720109477"], "filters": [{"name": "name", "values": names}]}
    assert functions.call(cloud, token, args)["architecture"] == "arm64"
    for strange in ({"owners": ["137112412989"]}, {"filters": [{"name": "name", "values": ["al2023-*"]}]}):
        with pytest.raises(LabError, match="returned no results"):
            functions.call(cloud, token, {**args, **strange})
    with pytest.raises(LabError, match=r"filter 'tag:x'.*does not support it"):
        functions.call(cloud, token, {"filters": [{"name": "tag:x", "values": ["y"]}]})


def test_what_the_lab_cannot_answer_is_refused(cloud: Cloud) -> None:
    with pytest.raises(LabError, match=r"aws:rds/getInstance:getInstance.*does not support it"):
        functions.call(cloud, "aws:rds/getInstance:getInstance", {})
    with pytest.raises(LabError, match=r"nameRegex.*does not support it"):
        functions.call(cloud, "aws:ec2/getAmi:getAmi", {"nameRegex": "x"})
    with pytest.raises(LabError, match="one region"):
        functions.call(cloud, "aws:index/getRegion:getRegion", {"region": "us-east-1"})


def test_numbers_come_back_whole_and_nulls_not_at_all() -> None:
    given = {"port": 22.0, "none": None, "list": [{"n": 1.0}], "half": 0.5, "yes": True}
    assert from_struct(to_struct(given)) == {"port": 22, "list": [{"n": 1}], "half": 0.5, "yes": True}
