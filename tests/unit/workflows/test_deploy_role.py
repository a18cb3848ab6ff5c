"""docs/deploy-role.json: the deploy role may do whatever an `up`, a repair or a destroy of the program asks of AWS.

Sources: the API calls of each resource and data source of terraform-provider-aws (internal/service/ec2); Service
Authorization Reference, "Actions, resources, and condition keys for Amazon EC2"; EC2 User Guide, "Grant permissions to
pass an IAM role to an instance".
"""

from __future__ import annotations

import fnmatch
import json
import re

from tests import PROJECT_ROOT
from tests.unit.program.program_run import run_with

RULE = {"ModifySecurityGroupRules"}
IN, OUT = ({f"{verb}SecurityGroup{way}gress" for verb in ("Authorize", "Revoke")} for way in ("In", "E"))
BUCKET_READS = {
    f"s3:Get{what}"
    for what in (
        "AccelerateConfiguration",
        "BucketAcl",
        "BucketCORS",
        "BucketLocation",
        "BucketLogging",
        "BucketObjectLockConfiguration",
        "BucketRequestPayment",
        "BucketWebsite",
        "ReplicationConfiguration",
    )
}
"""What a refresh of a bucket reads besides what other resources set."""


def _balancing(*actions: str) -> set[str]:
    return {f"elasticloadbalancing:{action}" for action in actions}


ACTIONS: dict[str, set[str]] = {
    "Vpc": {"CreateVpc", "DeleteVpc", "ModifyVpcAttribute"},
    "Subnet": {"CreateSubnet", "DeleteSubnet", "ModifySubnetAttribute"},
    "InternetGateway": {f"{verb}InternetGateway" for verb in ("Create", "Attach", "Detach", "Delete")},
    "RouteTable": {"CreateRouteTable", "DeleteRouteTable"},
    "Route": {"CreateRoute", "ReplaceRoute", "DeleteRoute"},
    "RouteTableAssociation": {"AssociateRouteTable", "ReplaceRouteTableAssociation", "DisassociateRouteTable"},
    "NatGateway": {"CreateNatGateway", "DeleteNatGateway"},
    "Eip": {"AllocateAddress", "ReleaseAddress"},
    "EipAssociation": {"AssociateAddress", "DisassociateAddress"},
    "SecurityGroup": {"CreateSecurityGroup", "DeleteSecurityGroup", "RevokeSecurityGroupEgress"},
    "SecurityGroupIngressRule": IN | RULE,
    "SecurityGroupEgressRule": OUT | RULE,
    "VpcSecurityGroupRulesExclusive": {"RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"},
    "Volume": {"CreateVolume", "DeleteVolume", "ModifyVolume"},
    "Snapshot": {"CreateSnapshot"},
    "VolumeAttachment": {"AttachVolume", "DetachVolume", "StopInstances"},
    "KeyPair": {"ImportKeyPair", "DeleteKeyPair"},
    "VpcEndpoint": {f"{verb}VpcEndpoint{end}" for verb, end in (("Create", ""), ("Modify", ""), ("Delete", "s"))},
    "Bucket": {
        *(f"s3:{verb}Bucket" for verb in ("Create", "Delete", "List")),
        *(f"s3:{verb}BucketTagging" for verb in ("Get", "Put")),
        *BUCKET_READS,
    },
    "BucketVersioning": {"s3:GetBucketVersioning", "s3:PutBucketVersioning"},
    "BucketPublicAccessBlock": {"s3:GetBucketPublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
    "BucketServerSideEncryptionConfiguration": {"s3:GetEncryptionConfiguration", "s3:PutEncryptionConfiguration"},
    "BucketLifecycleConfiguration": {"s3:GetLifecycleConfiguration", "s3:PutLifecycleConfiguration"},
    "BucketPolicy": {f"s3:{verb}BucketPolicy" for verb in ("Get", "Put", "Delete")},
    "Role": {
        *(f"iam:{verb}Role" for verb in ("Create", "Get", "Update", "Delete", "Tag", "Untag")),
        *("iam:UpdateAssumeRolePolicy", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"),
        "iam:ListInstanceProfilesForRole",
    },
    "RolePolicy": {f"iam:{verb}RolePolicy" for verb in ("Get", "Put", "Delete")},
    "LifecyclePolicy": {
        *(f"dlm:{verb}LifecyclePolicy" for verb in ("Create", "Get", "Update", "Delete")),
        *("dlm:TagResource", "dlm:UntagResource", "dlm:ListTagsForResource"),
    },
    "InstanceProfile": {
        *(f"iam:{verb}InstanceProfile" for verb in ("Create", "Get", "Delete", "Tag", "Untag")),
        *("iam:AddRoleToInstanceProfile", "iam:RemoveRoleFromInstanceProfile"),
    },
    "LoadBalancer": {
        *_balancing("CreateLoadBalancer", "DeleteLoadBalancer", "ModifyLoadBalancerAttributes"),
        *_balancing("SetSubnets", "SetSecurityGroups", "AddTags", "RemoveTags"),
        *_balancing("DescribeLoadBalancers", "DescribeLoadBalancerAttributes", "DescribeTags"),
        *("GetSecurityGroupsForVpc", "iam:CreateServiceLinkedRole"),
    },
    "TargetGroup": {
        *_balancing("CreateTargetGroup", "DeleteTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes"),
        *_balancing("DescribeTargetGroups", "DescribeTargetGroupAttributes"),
    },
    "Listener": {
        *_balancing("CreateListener", "DeleteListener", "ModifyListener", "ModifyListenerAttributes"),
        *_balancing("DescribeListeners", "DescribeListenerAttributes"),
    },
    "TargetGroupAttachment": _balancing("RegisterTargets", "DeregisterTargets", "DescribeTargetHealth"),
    "Instance": {f"{verb}Instances" for verb in ("Run", "Terminate", "Stop", "Start")}
    | {"ModifyInstanceAttribute", "ModifyInstanceMetadataOptions", "ModifyVolume"}
    | {"AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation", "DisassociateIamInstanceProfile"},
}
"""By kind of resource: the actions besides EC2's Describe… and its tags; EC2's without its name."""
EMPTIED = {"s3:ListBucketVersions", "s3:DeleteObject", "s3:DeleteObjectVersion"}
"""To delete every version in a bucket (Amazon S3 API Reference, "ListObjectVersions", "DeleteObjects")."""
TAGS = {"CreateTags", "DeleteTags"}
FUNCTIONS = {
    "getAvailabilityZones": {"ec2:DescribeAvailabilityZones"},
    "getInstanceType": {"ec2:DescribeInstanceTypes"},
    "getInstanceTypeOfferings": {"ec2:DescribeInstanceTypeOfferings"},
    "getInstances": {"ec2:DescribeInstances"},
    "getInstance": {"ec2:DescribeInstances"},
    "getAmi": {"ec2:DescribeImages"},
    "getVpc": {"ec2:DescribeVpcs"},
    "getSubnet": {"ec2:DescribeSubnets"},
    "getVolume": {"ec2:DescribeVolumes"},
    "getSnapshot": {"ec2:DescribeSnapshots"},
    "getSnapshotIds": {"ec2:DescribeSnapshots"},
    "getEbsVolumes": {"ec2:DescribeVolumes"},
    "getEips": {"ec2:DescribeAddresses"},
    "getServiceQuota": {"servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"},
    "getParameter": {"ssm:GetParameter"},
    "getRegion": set(),
    "getBucket": {"s3:ListBucket", "s3:GetBucketLocation"},
    "getInstanceProfile": {"iam:GetInstanceProfile"},
}
"""By function of the provider: the actions it needs. A quota is asked for by its code with the default one first."""


def in_full(action: str) -> str:
    return action if ":" in action else f"ec2:{action}"


def test_the_deploy_role_may_do_what_the_program_asks_of_aws() -> None:
    statements = json.loads((PROJECT_ROOT / "docs" / "deploy-role.json").read_text())["Statement"]
    listed = [entry["Action"] if isinstance(entry["Action"], list) else [entry["Action"]] for entry in statements]
    allowed = [action for actions in listed for action in actions]
    clients = json.dumps([{"name": "client"}, {"name": "batch", "public": False}])
    seen = run_with(clients=clients).seen
    profiled = run_with(instanceProfile="mysql-pair-session-manager", backupBucket="example-backups").seen
    balanced = run_with(servers="3", loadBalancer="true").seen
    made_by_both = [*seen.resources, *balanced.resources]
    kinds = {made.typ.split(":")[-1] for made in made_by_both if made.typ.startswith("aws:")}
    assert kinds <= ACTIONS.keys(), "a new kind of resource: which actions does it need?"
    needed = {in_full(action) for kind in kinds for action in ACTIONS[kind]} | {f"ec2:{action}" for action in TAGS}
    for call in [*seen.calls, *profiled.calls]:
        needed |= FUNCTIONS[call.token.split(":")[-1]] if call.token.startswith("aws:") else set()
    needed.add("iam:PassRole")
    assert {action for action in needed if not any(fnmatch.fnmatch(action, each) for each in allowed)} == set()


def test_the_deploy_role_empties_no_bucket_without_the_statement_that_the_docs_have_for_it() -> None:
    role = (PROJECT_ROOT / "docs" / "deploy-role.json").read_text()
    assert not {action for action in EMPTIED if action in role}
    page = (PROJECT_ROOT / "docs" / "workflows.md").read_text()
    statement, _ = json.JSONDecoder().raw_decode(page, page.index('{"Sid": "EmptyBackupBucket"'))
    assert set(statement["Action"]) == EMPTIED
    assert statement["Resource"] == ["arn:aws:s3:::BUCKET", "arn:aws:s3:::BUCKET/*"]


def test_every_function_that_config_asks_of_aws_is_known() -> None:
    text = (PROJECT_ROOT / "stack_config" / "aws.py").read_text()
    asked = {
        re.sub(r"_(.)", lambda found: found[1].upper(), name) for name in re.findall(r"aws\.[\w.]*?(get_\w+)", text)
    }
    assert asked <= FUNCTIONS.keys()
