"""What an instance is told of itself, by whom it is seen to be, and under which options."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from lab.cloud.model import Instance, Role
from lab.machine.links import sysctl
from lab.tests.network.world import ip, nft
from lab.tests.s3.site import REGION, ROLE, TOKEN, TTL, Site

TOKEN_PATH = "/latest/api/token"
ID_PATH = "/latest/meta-data/instance-id"


@pytest.fixture
def host(site: Site) -> Instance:
    """A host that has the role and no way out."""
    vpc = site.world.vpc()
    host = site.give_role(site.world.host(site.world.subnet(vpc), site.world.group(vpc)))
    site.world.refresh()
    site.control.ensure(REGION)
    return host


def test_a_host_is_told_who_and_where_it_is(site: Site, host: Instance) -> None:
    assert site.told(host, "meta-data/instance-id") == host.id
    assert site.told(host, "meta-data/local-ipv4") == host.private_ip
    assert site.told(host, "meta-data/placement/availability-zone") == "lab-1a"
    assert site.told(host, "meta-data/placement/region") == REGION
    assert site.told(host, "meta-data/iam/security-credentials/") == ROLE
    assert json.loads(site.told(host, "dynamic/instance-identity/document"))["instanceId"] == host.id
    assert "iam/" in site.told(host, "meta-data/").split()


def test_credentials_stay_until_they_are_to_be_renewed(site: Site, host: Instance) -> None:
    path = f"meta-data/iam/security-credentials/{ROLE}"
    first, second = (json.loads(site.told(host, path)) for _ in range(2))
    assert first["Code"] == "Success" and first["Expiration"] > first["LastUpdated"]
    assert (first["AccessKeyId"], first["Token"]) == (second["AccessKeyId"], second["Token"])


def test_a_role_that_ec2_may_not_take_gives_no_credentials(site: Site, host: Instance) -> None:
    role = site.world.store.get(Role, ROLE)
    site.world.put(replace(role, assume_role_policy=role.assume_role_policy.replace("ec2.", "lambda.")))
    told = json.loads(site.told(host, f"meta-data/iam/security-credentials/{ROLE}"))
    assert told["Code"] == "AssumeRoleUnauthorizedAccess" and "SecretAccessKey" not in told


def test_without_a_token_one_is_served_only_where_none_is_required(site: Site, host: Instance) -> None:
    assert site.ask_metadata(host, "GET", ID_PATH) == (200, host.id)
    site.give_role(host, httpTokens="required")
    assert site.ask_metadata(host, "GET", ID_PATH)[0] == 401
    assert site.told(host, "meta-data/instance-id") == host.id
    assert site.ask_metadata(host, "GET", ID_PATH, {TOKEN: "made-up"})[0] == 401
    assert site.ask_metadata(host, "PUT", TOKEN_PATH)[0] == 400
    assert site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "21601"})[0] == 400
    assert site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "60", "X-Forwarded-For": "10.0.0.1"})[0] == 403


def test_a_service_that_is_off_serves_nothing(site: Site, host: Instance) -> None:
    site.give_role(host, httpEndpoint="disabled")
    assert site.ask_metadata(host, "GET", ID_PATH)[0] == 403
    assert site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "60"})[0] == 403


def test_two_hosts_of_one_address_in_two_vpcs_are_told_apart(site: Site, host: Instance) -> None:
    vpc = site.world.vpc()
    twin = site.give_role(site.world.host(site.world.subnet(vpc), site.world.group(vpc), private_ip=host.private_ip))
    site.world.refresh()
    site.control.ensure(REGION)
    assert site.told(twin, "meta-data/instance-id") == twin.id
    assert site.told(host, "meta-data/instance-id") == host.id
    _, token = site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "60"})
    assert site.ask_metadata(twin, "GET", ID_PATH, {TOKEN: token})[0] == 401


def test_a_token_goes_as_many_hops_as_the_options_say(site: Site, host: Instance) -> None:
    space, inner = site.world.inside(host), site.behind(host)
    try:
        _forward(space)
        assert site.ask_metadata(host, "GET", ID_PATH, inside=inner) == (200, host.id)
        with pytest.raises(OSError):
            site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "60"}, inside=inner)
        assert site.told(host, "meta-data/instance-id") == host.id
        site.give_role(host, httpPutResponseHopLimit=2)
        assert site.ask_metadata(host, "PUT", TOKEN_PATH, {TTL: "60"}, inside=inner)[0] == 200
    finally:
        ip("netns", "delete", inner)


def _forward(space: str) -> None:
    """Let a host pass on what comes from behind it, as if it were its own."""

    sysctl(space, ip_forward=1)
    nft("add table ip t", inside=space)
    nft("add chain ip t p { type nat hook postrouting priority 100; }", inside=space)
    nft("add rule ip t p oifname eth0 masquerade", inside=space)
