"""Tests of a program of your own against osimages: copy what you need. Run it: pytest test_with_osimages.py"""

import asyncio
import os

import httpx
import pytest

IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
KIOSK = {"id": "Kiosk 2026", "supportedArchitectures": ["x64"]}


def add_architecture(client: httpx.Client, image: str, architecture: str) -> None:
    """The program under test: it adds an architecture to an image, and tries again once if the service is busy."""
    for _ in range(2):
        found = client.get(f"{IMAGES}/{image}")
        if found.status_code != 503:
            break
    architectures = [*found.raise_for_status().json()["supportedArchitectures"], architecture]
    client.patch(f"{IMAGES}/{image}", json={"supportedArchitectures": architectures}).raise_for_status()


def test_a_new_tenant_has_the_catalogue(osimages_client):
    ids = [image["id"] for image in osimages_client.get(IMAGES).json()["value"]]
    assert "Windows 11 24H2" in ids


@pytest.mark.osimages(seed={"images": [KIOSK]})
def test_the_patch_was_sent(osimages_tenant, osimages_client):
    add_architecture(osimages_client, "Kiosk 2026", "arM64")
    [patch] = osimages_tenant.requests(method="PATCH")
    assert patch["status"] == 200
    assert patch["request"]["body"] == {"supportedArchitectures": ["x64", "arM64"]}


@pytest.mark.osimages(seed={"images": [KIOSK]})
def test_it_tries_again_when_the_service_is_busy(osimages_tenant, osimages_client):
    osimages_tenant.fail(503, count=1, methods=["GET"], path="/beta/*")
    add_architecture(osimages_client, "Kiosk 2026", "arM64")
    statuses = [request["status"] for request in osimages_tenant.requests(path=f"{IMAGES}/*")]
    assert statuses == [503, 200, 200]


def test_a_frozen_clock(osimages_tenant, osimages_client):
    osimages_tenant.freeze("2026-03-20")
    [newest, *_] = osimages_client.get(f"{IMAGES}/Windows 11 24H2").json()["availableUpdates"]
    assert (newest["releaseYear"], newest["releaseMonth"]) == (2026, 3)


def test_a_token_expires(osimages_tenant):
    with osimages_tenant.new_client(osimages_tenant.token(expires_in=3600)) as client:
        assert client.get(IMAGES).status_code == 200
        osimages_tenant.forward(3600 + 301)  # Entra ID tolerates clocks that differ by five minutes
        assert client.get(IMAGES).status_code == 401


@pytest.mark.osimages(catalogue="none")
def test_two_tenants(osimages_server, osimages_tenant, osimages_client):
    osimages_client.post(IMAGES, json=KIOSK)
    other = osimages_server.tenant()
    other.reset("empty")
    assert other.client.get(IMAGES).json()["value"] == []
    other.close()


def test_the_environment_names_the_server(osimages_tenant):
    assert os.environ["OSIMAGES_URL"] == osimages_tenant.url
    assert os.environ["AZURE_TENANT_ID"] == osimages_tenant.id


def test_in_this_process(osimages_app, osimages_client):
    assert osimages_client.get(IMAGES).status_code == 200
    assert osimages_client.base_url.host == "localhost"


def test_the_graph_sdk(osimages_graph):
    page = asyncio.run(osimages_graph.device_management.managed_device_windows_o_s_images.get())
    assert "Windows 11 24H2" in [image.id for image in page.value]
