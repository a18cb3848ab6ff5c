"""Who may do what with a bucket: the role of the host that asks, the bucket's policy, the endpoint it came by."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.cloud.model import Instance, Role, RolePolicy, Vpc
from lab.s3.client import S3Error
from lab.s3.identities import own_keys
from lab.tests.network.probes import icmp_answers
from lab.tests.network.world import ANYWHERE
from lab.tests.s3.site import BUCKET, OBJECTS, REGION, ROLE, Site, policy


@pytest.fixture
def host(site: Site) -> Instance:
    """A host with the role, in a subnet that leads to the internet."""
    vpc = site.world.vpc()
    site.world.route(site.world.main_table(vpc), site.world.gateway(vpc))
    host = site.give_role(site.world.host(site.world.subnet(vpc), site.world.group(vpc, egress=True), public=True))
    site.world.refresh()
    site.control.ensure(REGION)  # metadata in the new router
    return host


def test_a_host_does_what_its_roles_policy_allows_and_nothing_else(site: Site, host: Instance) -> None:
    assert site.outcome(host, "PUT", "mine/a") == "done"
    assert site.outcome(host, "GET", "mine/a") == "done"
    assert site.outcome(host, "DELETE", "mine/a") == "AccessDenied"
    assert site.outcome(host, "PUT", "others/a") == "AccessDenied"


def test_a_policy_that_is_taken_away_ends_access_at_once(site: Site, host: Instance) -> None:
    client = site.client_of(host)
    assert site.outcome(host, "PUT", "mine/a", client) == "done"
    site.world.store.delete(site.world.store.get(RolePolicy, f"{ROLE}:p"))
    assert site.outcome(host, "GET", "mine/a", client) == "AccessDenied"
    site.put_role()
    assert site.outcome(host, "GET", "mine/a", client) == "done"


def test_a_deny_of_the_buckets_policy_beats_what_the_role_allows(site: Site, host: Instance) -> None:
    site.put_bucket_policy({"Effect": "Deny", "Action": "s3:GetObject", "Resource": OBJECTS})
    assert site.outcome(host, "PUT", "mine/a") == "done"
    assert site.outcome(host, "GET", "mine/a") == "AccessDenied"
    operator = replace(site.control.client(REGION), keys=own_keys(site.control.paths.folder, "operator"))
    assert site.outcome(host, "GET", "mine/a", operator) == "AccessDenied"
    assert site.outcome(host, "DELETE", "mine/a", operator) == "done"


def test_the_buckets_policy_may_let_a_role_in_that_has_none(site: Site, host: Instance) -> None:
    site.put_role(policy({"Action": "s3:ListBucket", "Resource": "*"}))
    assert site.outcome(host, "PUT", "mine/a") == "AccessDenied"
    arn = f"arn:aws:iam::000000000000:role/{ROLE}"
    site.put_bucket_policy({"Principal": {"AWS": arn}, "Action": "s3:PutObject", "Resource": OBJECTS})
    assert site.outcome(host, "PUT", "mine/a") == "done"


def test_a_tls_only_bucket_serves_who_comes_by_tls(site: Site, host: Instance) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    site.put_bucket_policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": insecure})
    assert site.outcome(host, "PUT", "mine/a") == "done"


def test_credentials_of_another_role_of_that_name_or_with_a_wrong_token_are_worth_nothing(
    site: Site, host: Instance
) -> None:
    client = site.client_of(host)
    assert site.outcome(host, "PUT", "mine/a", replace(client, token="x" * 40)) == "InvalidToken"
    assert site.outcome(host, "PUT", "mine/a", replace(client, token="")) == "InvalidToken"
    site.world.put(replace(site.world.store.get(Role, ROLE), unique_id="AROA2"))
    assert site.outcome(host, "PUT", "mine/a", client) == "AccessDenied"


def test_nobody_but_the_engine_changes_a_bucket(site: Site, host: Instance) -> None:
    site.put_role(policy({"Action": "s3:*", "Resource": "*"}))
    client = site.client_of(host)
    body = b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"
    with pytest.raises(S3Error, match="AccessDenied"):
        client.ask("PUT", f"/{BUCKET}", {"versioning": ""}, body)
    with pytest.raises(S3Error, match="AccessDenied"):
        client.ask("DELETE", f"/{BUCKET}")


def test_a_private_subnet_reaches_s3_by_an_endpoint_of_its_table_and_nothing_else(site: Site) -> None:
    vpc = site.world.vpc()
    subnet = site.world.subnet(vpc)
    host = site.give_role(site.world.host(subnet, site.world.group(vpc, egress=True)))
    site.world.refresh()
    site.control.ensure(REGION)
    assert site.outcome(host, "PUT", "mine/a") == "no way"
    endpoint = site.put_endpoint(site.world.main_table(vpc))
    site.world.refresh()
    assert site.outcome(host, "PUT", "mine/a") == "done"
    assert not icmp_answers(site.world.inside(host), str(site.world.slot.machine_address))
    site.put_endpoint(site.world.main_table(vpc), policy({"Principal": "*", "Action": "s3:Get*", "Resource": "*"}))
    assert site.outcome(host, "PUT", "mine/a") == "AccessDenied"
    assert site.outcome(host, "GET", "mine/a") == "done"
    site.put_endpoint(site.world.main_table(vpc))
    only = {"StringNotEquals": {"aws:SourceVpce": endpoint.id}}
    site.put_bucket_policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": only})
    assert site.outcome(host, "GET", "mine/a") == "done"
    _open_to_the_internet(site, vpc)
    site.world.store.delete(endpoint)
    site.world.refresh()
    assert site.outcome(site.give_role(site.world.store.get(Instance, host.id)), "GET", "mine/a") == "AccessDenied"


def _open_to_the_internet(site: Site, vpc: Vpc) -> None:
    site.world.route(site.world.main_table(vpc), site.world.gateway(vpc), ANYWHERE)
    for host in site.world.store.all(Instance):
        site.world.put(replace(host, auto_public_ip=site.world.public_address()))


def test_security_groups_stand_before_s3_and_not_before_metadata(site: Site) -> None:
    vpc = site.world.vpc()
    site.world.route(site.world.main_table(vpc), site.world.gateway(vpc))
    closed = site.world.group(vpc)
    host = site.give_role(site.world.host(site.world.subnet(vpc), closed, public=True))
    site.world.refresh()
    site.control.ensure(REGION)
    assert site.outcome(host, "PUT", "mine/a") == "no way"
    site.world.allow(closed, f"{site.control.paths.address}/32", "tcp", 443, direction="egress")
    site.world.refresh()
    assert site.outcome(host, "PUT", "mine/a") == "done"
