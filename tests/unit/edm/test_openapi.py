"""The OpenAPI document, written from the model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from osimages.edm.model import GRAPH, GRAPH_V1
from osimages.edm.openapi import openapi
from osimages.edm.types import Model

DOCUMENT: dict[str, Any] = json.loads(openapi(GRAPH, "beta", "1.2.3"))
IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
EVENTS = "/beta/deviceManagement/auditEvents"


@pytest.mark.parametrize("model", [GRAPH, GRAPH_V1], ids=["beta", "v1.0"])
def test_the_document_is_valid(model: Model) -> None:
    validate(json.loads(openapi(model, "beta", "1")))


def test_every_path_and_method_is_there() -> None:
    methods = {path: set(item) - {"parameters"} for path, item in DOCUMENT["paths"].items()}
    assert methods == {
        "/beta/deviceManagement": {"get", "patch"},
        IMAGES: {"get", "post"},
        f"{IMAGES}/$count": {"get"},
        f"{IMAGES}/{{id}}": {"get", "patch", "put", "delete"},
        f"{IMAGES}/{{id}}/getAllManagedDeviceWindowsOSImages()": {"get"},
        f"{IMAGES}/checkBuild(buildVersion='{{buildVersion}}')": {"get"},
        f"{IMAGES}/checkBuilds": {"post"},
        EVENTS: {"get"},
        f"{EVENTS}/$count": {"get"},
        f"{EVENTS}/{{id}}": {"get"},
    }
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_schemas_follow_the_model() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["managedDeviceArchitecture"]["enum"] == ["unknown", "x86", "x64", "arm", "arM64"]
    assert "unknownFutureValue" not in schemas["managedDeviceWindowsOperatingSystemEditionType"]["enum"]
    edition = schemas["managedDeviceWindowsOperatingSystemEdition"]
    assert edition["required"] == ["editionType", "supportEndDate"]
    assert edition["properties"]["supportEndDate"]["format"] == "date"
    month = schemas["managedDeviceWindowsOperatingSystemUpdate"]["properties"]["releaseMonth"]
    assert (month["minimum"], month["maximum"]) == (1, 12)
    assert "required" not in schemas["managedDeviceWindowsOperatingSystemImage"]


def test_every_operation_tells_its_errors() -> None:
    for path in DOCUMENT["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                assert {"400", "401", "403", "503"} <= set(operation["responses"])
