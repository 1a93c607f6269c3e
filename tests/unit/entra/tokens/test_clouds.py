"""Each national cloud accepts its own audiences and issuers, and none of another's."""

from __future__ import annotations

import pytest

from osimages.entra.tokens.clouds import (
    BLEU,
    CHINA,
    CLOUDS,
    DELOS,
    GLOBAL,
    GOVSG,
    US_GOVERNMENT_L4,
    US_GOVERNMENT_L5,
    Cloud,
)

TENANT = "8f2d1c5a-3b7e-4e0f-9a64-5d1e0c7b2a90"
GRAPH = "00000003-0000-0000-c000-000000000000"
EVERY_CLOUD = list(CLOUDS.values())


def test_every_cloud_is_found_by_its_name() -> None:
    assert {name: each.name for name, each in CLOUDS.items()} == {each.name: each.name for each in EVERY_CLOUD}
    assert {id(each) for each in EVERY_CLOUD} == {
        id(each) for each in (GLOBAL, US_GOVERNMENT_L4, US_GOVERNMENT_L5, CHINA, BLEU, DELOS, GOVSG)
    }


@pytest.mark.parametrize(
    ("cloud", "root"),
    [
        (GLOBAL, "https://graph.microsoft.com"),
        (US_GOVERNMENT_L4, "https://graph.microsoft.us"),
        (US_GOVERNMENT_L5, "https://dod-graph.microsoft.us"),
        (CHINA, "https://microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_graph_is_named_by_its_root_with_and_without_a_slash_or_by_its_application(cloud: Cloud, root: str) -> None:
    assert cloud.audiences == {GRAPH, root, f"{root}/"}


def test_clouds_share_no_audience_but_the_application() -> None:
    own = [each.audiences - {GRAPH} for each in EVERY_CLOUD]
    assert sum(map(len, own)) == len(frozenset().union(*own))


@pytest.mark.parametrize(
    ("cloud", "issuers"),
    [
        (GLOBAL, {f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.com/{TENANT}/v2.0"}),
        (US_GOVERNMENT_L4, {f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.us/{TENANT}/v2.0"}),
        (
            CHINA,
            {
                f"https://sts.chinacloudapi.cn/{TENANT}/",
                f"https://login.partner.microsoftonline.cn/{TENANT}/v2.0",
                f"https://login.chinacloudapi.cn/{TENANT}/v2.0",
            },
        ),
        (BLEU, {f"https://login.sovcloud-identity.fr/{TENANT}/v2.0"}),
    ],
)
def test_a_tenants_tokens_are_issued_in_the_v1_and_the_v2_form(cloud: Cloud, issuers: set[str]) -> None:
    assert cloud.issuers(TENANT) == issuers


@pytest.mark.parametrize("cloud", EVERY_CLOUD)
def test_no_issuer_speaks_for_another_tenant(cloud: Cloud) -> None:
    assert cloud.issuers(TENANT)
    assert cloud.issuers(TENANT).isdisjoint(cloud.issuers("11111111-2222-4333-8444-555555555555"))


@pytest.mark.parametrize("cloud", EVERY_CLOUD)
def test_addresses_are_https_and_have_no_slash_at_the_end(cloud: Cloud) -> None:
    addresses = (*cloud.graph_roots, *cloud.authorities, *cloud.v1_issuers)
    assert all(each.startswith("https://") and not each.endswith("/") for each in addresses)
    assert cloud.authorization_uri == f"{cloud.authorities[0]}/common/oauth2/authorize"
