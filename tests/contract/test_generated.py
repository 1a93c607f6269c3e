"""Clients generated from the OpenAPI document work against a real server, without an edit.

https://github.com/openapi-generators/openapi-python-client makes a client, https://github.com/koxudaxi/datamodel-code-generator
makes models of pydantic.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.support.api import IMAGES, READ, WRITE, Api, body_of, connected, token
from tests.support.patience import PATIENCE_SECONDS
from tests.support.server import Server, environment

PERMISSIONS = (READ, WRITE, "DeviceManagementApps.Read.All")
CLIENT = "generated_osimages_client"
MODELS = "generated_osimages_models"
SET = "managed_device_windows_os_images"
# Parameters of operations that need some. The client sends no Accept, and reads $metadata as JSON alone.
NEEDED = {"build_version": "'26100'", "format_": "json"}


def generate(tool: str, *arguments: str, folder: Path) -> str:
    """Run a code generator of this environment, which must succeed, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments],
        cwd=folder,
        env=environment(PYTHONIOENCODING="utf-8", PYTHONWARNINGS="ignore"),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder on the import path that holds the document and what is generated from it."""
    found = tmp_path_factory.mktemp("generated")
    (found / "openapi.json").write_bytes(httpx.get(f"{server.url}/-/openapi.json").content)
    sys.path.insert(0, str(found))
    yield found
    sys.path.remove(str(found))


@pytest.fixture(scope="module")
def generated(folder: Path) -> ModuleType:
    """The package of the generated client."""
    # The generator reads Atom as text only with this option.
    config = "post_hooks: []\ncontent_type_overrides:\n  application/atom+xml: text/plain\n"
    (folder / "config.yml").write_text(config, encoding="utf-8")
    printed = generate(
        "openapi_python_client",
        "generate",
        "--path=openapi.json",
        "--config=config.yml",
        "--meta=none",
        f"--output-path={CLIENT}",
        folder=folder,
    )
    assert "will not be generated" not in printed, printed
    assert "ERROR" not in printed, printed
    return importlib.import_module(CLIENT)


@pytest.fixture(scope="module")
def models(folder: Path) -> ModuleType:
    """The generated models of pydantic."""
    generate(
        "datamodel_code_generator",
        "--input=openapi.json",
        "--input-file-type=openapi",
        "--output-model-type=pydantic_v2.BaseModel",
        "--formatters=builtin",
        f"--output={MODELS}.py",
        folder=folder,
    )
    return importlib.import_module(MODELS)


@pytest.fixture
def client(generated: ModuleType, server: Server) -> Iterator[Any]:
    """The generated client of a tenant that no other test knows."""
    bearer = token(server.data_dir, str(uuid.uuid4()), PERMISSIONS)
    with generated.AuthenticatedClient(base_url=server.url, token=bearer, raise_on_unexpected_status=True) as opened:
        yield opened


def operation(name: str) -> Any:
    """The module of an operation on images."""
    return importlib.import_module(f"{CLIENT}.api.{SET}.device_management_{SET}_{name}")


def schema(name: str) -> Any:
    """A generated model of the client."""
    return getattr(importlib.import_module(f"{CLIENT}.models"), name)


def test_the_client_creates_gets_lists_and_deletes(client: Any) -> None:
    image = schema("ManagedDeviceWindowsOperatingSystemImageCreate").from_dict(
        {
            "id": "Kiosk 7/8 'é'",
            "supportedArchitectures": ["arM64"],
            "supportedEditions": [{"editionType": "enterprise", "supportEndDate": "2027-10-12"}],
            "availableUpdates": [{"buildVersion": "10.0.1.1", "releaseMonth": 10, "releaseYear": 2026}],
        }
    )
    made = operation("create").sync(client=client, body=image)
    assert made.additional_properties["@odata.type"] == "#microsoft.graph.managedDeviceWindowsOperatingSystemImage"
    got = operation("get").sync("Kiosk 7/8 'é'", client=client)
    assert got.supported_editions[0].support_end_date.isoformat() == "2027-10-12"
    assert got.supported_editions[0].edition_type == "enterprise"
    assert got.supported_architectures == ["arM64"]
    sent_back = schema("ManagedDeviceWindowsOperatingSystemImageCreate").from_dict({"supportedArchitectures": ["x64"]})
    changed = operation("update").sync("Kiosk 7/8 'é'", client=client, body=sent_back)
    assert changed.supported_architectures == ["x64"]
    for number in range(2):
        operation("create").sync(
            client=client, body=schema("ManagedDeviceWindowsOperatingSystemImageCreate").from_dict({"id": str(number)})
        )
    page = operation("list").sync(client=client, filter_="length(id) eq 1", orderby="id desc", count=True, top=10)
    assert [each.id for each in page.value] == ["1", "0"]
    assert page.odata_count == 2
    assert operation("count").sync(client=client) == "3"
    assert operation("delete").sync_detailed("Kiosk 7/8 'é'", client=client).status_code == 204
    gone = operation("get").sync("Kiosk 7/8 'é'", client=client)
    assert isinstance(gone, schema("Error"))
    assert gone.error.code == "ResourceNotFound"


def test_the_client_calls_functions_actions_and_queries(client: Any) -> None:
    checked = operation("check_build").sync(client=client, build_version="'10.0.26100.1'", edition="'Enterprise'")
    assert (checked.release, checked.servicing) == ("Windows 11 24H2", "Enterprise/Education")
    assert operation("check_build").sync(client=client, build_version="'10.0.26200.1'").release == "Windows 11 25H2"
    body = schema("DeviceManagementManagedDeviceWindowsOsImagesCheckBuildsBody")
    many = operation("check_builds").sync(client=client, body=body.from_dict({"builds": [{"buildVersion": "26200"}]}))
    assert [each.release for each in many.value] == ["Windows 11 25H2"]
    operation("create").sync(
        client=client, body=schema("ManagedDeviceWindowsOperatingSystemImageCreate").from_dict({"id": "a b+c"})
    )
    body = schema("DeviceManagementManagedDeviceWindowsOsImagesQueryDataBody")
    for text, ids in (("id eq 'a b+c'", ["a b+c"]), ("id ne 'a b+c'", [])):
        found = operation("query").sync(client=client, body=body.from_dict({"$filter": text, "$top": 5}))
        assert [each.id for each in found.value] == ids


def test_every_get_of_the_client_is_read(client: Any, generated: ModuleType) -> None:
    operation("create").sync(
        client=client, body=schema("ManagedDeviceWindowsOperatingSystemImageCreate").from_dict({"id": "a"})
    )
    events = importlib.import_module(f"{CLIENT}.api.audit_events.device_management_audit_events_list")
    asked = 0
    while not (page := events.sync(client=client)).value and asked < 1000:
        asked += 1
    event = page.value[0].id
    seen = 0
    for module in pkgutil.walk_packages(generated.__path__, f"{CLIENT}."):
        if ".api." not in module.name or module.ispkg:
            continue
        endpoint = importlib.import_module(module.name)
        wanted = inspect.signature(endpoint._get_kwargs).parameters
        if "body" in wanted:
            continue
        key = event if ".audit_events." in module.name else "a"
        given = {name: text for name, text in {"id": key, **NEEDED}.items() if name in wanted}
        if endpoint._get_kwargs(**given)["method"] != "get":
            continue
        reply = endpoint.sync_detailed(client=client, **given)
        assert reply.status_code in (200, 204), (module.name, reply)
        assert reply.parsed is not None or reply.status_code == 204, (module.name, reply)
        seen += 1
    assert seen > 40


def test_the_models_read_real_answers(models: ModuleType, server: Server) -> None:
    """Images of all releases, audit events, answers of checks and errors; annotations are kept."""
    tenant = str(uuid.uuid4())
    with connected(server.url, tenant, server.data_dir, token(server.data_dir, tenant, PERMISSIONS)) as api:
        api.create(
            id="a",
            supportedArchitectures=["x86", "x64", "arm", "arM64", "unknown"],
            supportedEditions=[{"editionType": "enterpriseN", "supportEndDate": "2027-10-12"}],
            availableUpdates=[{"buildVersion": "10.0.1.1", "releaseMonth": 10, "releaseYear": 2026}],
        )
        for level in ("minimal", "full", "none"):
            accept = f"application/json;odata.metadata={level}"
            for version in ({}, {"OData-MaxVersion": "4.0"}, {"OData-MaxVersion": "4.01"}):
                read = {"Accept": accept, **version}
                _keeps(models.ManagedDeviceWindowsOperatingSystemImage, api.get(f"{IMAGES}/a", **read))
                _keeps(models.ManagedDeviceWindowsOperatingSystemImageCollectionResponse, api.get(IMAGES, **read))
                _keeps(models.DeviceManagement, api.get("/beta/deviceManagement", **read))
        _keeps(models.ManagedDeviceWindowsOperatingSystemImage, api.get(f"{IMAGES}/a?$compute=length(id) as n"))
        _keeps(models.ManagedDeviceWindowsOperatingSystemImageCollectionResponse, api.get(f"{IMAGES}/delta()"))
        _keeps(models.ManagedDeviceWindowsBuildCheck, api.get(f"{IMAGES}/checkBuild(buildVersion='26100.1')"))
        _keeps(models.Error, api.get(f"{IMAGES}/none"))
        _keeps(models.Error, api.http.post(IMAGES, json={"id": 1, "x": 2}))
        events = _events(api)
        _keeps(models.AuditEventCollectionResponse, events)
        first = body_of(events)["value"][0]["id"]
        _keeps(models.AuditEvent, api.get(f"/beta/deviceManagement/auditEvents/{first}"))
        one = models.ManagedDeviceWindowsOperatingSystemImage.model_validate(body_of(api.get(f"{IMAGES}/a")))
        assert one.supportedEditions[0].editionType.value == "enterpriseN"


def _events(api: Api) -> httpx.Response:
    """The audit events, once there is one."""
    for _ in range(1000):
        reply = api.get("/beta/deviceManagement/auditEvents")
        if body_of(reply)["value"]:
            return reply
    raise AssertionError("no audit event")


def _keeps(model: Any, reply: httpx.Response) -> None:
    """The model reads an answer, and loses none of its members."""
    body = body_of(reply)
    found = model.model_validate(body)
    assert {*(found.model_fields_set), *(found.model_extra or {})} >= {name for name in body if "@" not in name}
    written = found.model_dump(mode="json", by_alias=True, exclude_unset=True)
    assert written.keys() == body.keys()
