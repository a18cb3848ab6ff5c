"""An instance that adds objects to a bucket by its role, and cannot take any away."""

import ipaddress
import json

import pulumi
import pulumi_aws as aws

IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
REGION = aws.get_region_output().region

vpc_cidr = pulumi.Config().require("vpcCidr")
first_subnet = next(ipaddress.ip_network(vpc_cidr).subnets(new_prefix=24))


def policy(*statements: dict[str, object]) -> str:
    """Return statements as a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


bucket = aws.s3.Bucket("backups", force_destroy=True)
aws.s3.BucketVersioning("backups", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
aws.s3.BucketPublicAccessBlock(
    "backups",
    bucket=bucket.id,
    block_public_acls=True,
    block_public_policy=True,
    ignore_public_acls=True,
    restrict_public_buckets=True,
)
aws.s3.BucketServerSideEncryptionConfiguration(
    "backups", bucket=bucket.id, rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]
)
aws.s3.BucketLifecycleConfiguration(
    "backups",
    bucket=bucket.id,
    rules=[{"id": "old", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 7}}],
)
aws.s3.BucketPolicy(
    "backups",
    bucket=bucket.id,
    policy=bucket.arn.apply(
        lambda arn: policy(
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, f"{arn}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        )
    ),
)

role = aws.iam.Role(
    "writer",
    assume_role_policy=policy(
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ),
)
aws.iam.RolePolicy(
    "append",
    role=role.id,
    policy=bucket.arn.apply(
        lambda arn: policy(
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{arn}/*"},
        )
    ),
)
profile = aws.iam.InstanceProfile("writer", role=role.name)

vpc = aws.ec2.Vpc("vpc", cidr_block=vpc_cidr)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
subnet = aws.ec2.Subnet("subnet", vpc_id=vpc.id, cidr_block=str(first_subnet))
routes = aws.ec2.RouteTable("routes", vpc_id=vpc.id)
aws.ec2.Route("out", route_table_id=routes.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
aws.ec2.RouteTableAssociation("routes-of-subnet", subnet_id=subnet.id, route_table_id=routes.id)
aws.ec2.VpcEndpoint(
    "s3",
    vpc_id=vpc.id,
    service_name=REGION.apply(lambda region: f"com.amazonaws.{region}.s3"),
    route_table_ids=[routes.id],
)

group = aws.ec2.SecurityGroup("group", vpc_id=vpc.id, description="instance of storage")
for port in (80, 443):
    aws.vpc.SecurityGroupEgressRule(
        f"out-{port}",
        security_group_id=group.id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        cidr_ipv4="0.0.0.0/0",
    )
aws.ec2.Instance(
    "instance",
    ami=aws.ssm.get_parameter_output(name=IMAGE).value,
    instance_type="t3.micro",
    subnet_id=subnet.id,
    associate_public_ip_address=True,
    vpc_security_group_ids=[group.id],
    iam_instance_profile=profile.name,
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    tags={"Name": "storage"},
)
pulumi.export("bucket", bucket.id)
