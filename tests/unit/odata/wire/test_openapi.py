"""The OpenAPI document, written from the model."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from osimages.graph.model import GRAPH, GRAPH_V1
from osimages.graph.permissions import needed
from osimages.odata.errors import ODataError
from osimages.odata.model.types import Model
from osimages.odata.plan.build import allowed_options
from osimages.odata.plan.resolve import Kind, Target, check_method, resolve
from osimages.odata.wire.openapi import Page, openapi
from tests.support.second_model import MODEL

PAGES = {"/-/health": Page("Whether it lives.", "application/json")}
DOCUMENT: dict[str, Any] = json.loads(openapi(GRAPH, "beta", "1.2.3", needed, PAGES))
IMAGES = "/beta/deviceManagement/managedDeviceWindowsOSImages"
METHODS = ("GET", "POST", "PATCH", "PUT", "DELETE")


@pytest.mark.parametrize("model", [GRAPH, GRAPH_V1, MODEL], ids=["beta", "v1.0", "second"])
def test_the_document_is_valid(model: Model) -> None:
    validate(json.loads(openapi(model, "beta", "1", needed, PAGES)))


def _takes(target: Target, method: str) -> bool:
    try:
        check_method(target, method, "/x")
    except ODataError:
        return False
    return True


@pytest.mark.parametrize("model", [GRAPH, MODEL], ids=["graph", "second"])
def test_the_document_has_what_paths_lead_to_and_nothing_else(model: Model) -> None:
    document = json.loads(openapi(model, "beta", "1", needed, {}))
    kinds = set()
    for path, item in document["paths"].items():
        target = resolve(model, path.removeprefix("/beta").replace("{id}", "x"))
        kinds.add(target.kind)
        methods = {method for method in METHODS if _takes(target, method)}
        assert {name.upper() for name in item} - {"PARAMETERS"} == methods, path
    if model is GRAPH:
        assert kinds == set(Kind), "every kind of target is described"


def test_pages_beside_the_model_need_no_token() -> None:
    assert DOCUMENT["paths"]["/-/health"]["get"]["security"] == [{}]
    assert DOCUMENT["info"]["version"] == "1.2.3"


def test_schemas_follow_the_model() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["managedDeviceArchitecture"]["enum"] == ["unknown", "x86", "x64", "arm", "arM64"]
    editions = "managedDeviceWindowsOperatingSystemEditionType"
    assert "unknownFutureValue" in schemas[editions]["enum"]
    assert "unknownFutureValue" not in schemas[f"{editions}-create"]["enum"]
    edition = schemas["managedDeviceWindowsOperatingSystemEdition-create"]
    assert edition["required"] == ["editionType", "supportEndDate"]
    assert edition["properties"]["supportEndDate"]["format"] == "date"
    assert "required" not in schemas["managedDeviceWindowsOperatingSystemEdition"], "$select may leave parts out"
    month = schemas["managedDeviceWindowsOperatingSystemUpdate"]["properties"]["releaseMonth"]
    assert (month["minimum"], month["maximum"]) == (1, 12)
    assert "required" not in schemas["managedDeviceWindowsOperatingSystemImage-create"]


def test_every_operation_tells_its_errors_and_permissions() -> None:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method == "parameters" or path.startswith("/-/"):
                continue
            assert {"400", "401", "503"} <= set(operation["responses"])
            if path.startswith(IMAGES):
                roles = [role for each in operation["security"] for role in each["bearer"]]
                assert "DeviceManagementConfiguration.ReadWrite.All" in roles
                reads = method == "get" or path.endswith(("$query", "checkBuilds"))
                assert ("DeviceManagementConfiguration.Read.All" in roles) == reads


@pytest.mark.parametrize("model", [GRAPH, GRAPH_V1, MODEL], ids=["beta", "v1.0", "second"])
def test_names_that_generators_take(model: Model) -> None:
    document = json.loads(openapi(model, "beta", "1", needed, PAGES))
    assert not any(set(path) & set("'\" ") for path in document["paths"])
    operations = [
        operation for item in document["paths"].values() for name, operation in item.items() if name != "parameters"
    ]
    ids = [each["operationId"] for each in operations]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z]\w*", each) for each in ids)
    assert all(each["tags"] for each in operations)


def test_answers_are_open_for_annotations() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if schema.get("type") == "object" and name != "error":
            assert schema["additionalProperties"] is not name.endswith("-create"), name
            assert ("patternProperties" in schema) is name.endswith("-create"), name


def test_arguments_of_functions_are_aliases() -> None:
    path = f"{IMAGES}/checkBuild(buildVersion=@buildVersion,edition=@edition,esu=@esu,date=@date)"
    given = {each["name"]: each for each in DOCUMENT["paths"][path]["get"]["parameters"]}
    assert [given[name]["required"] for name in ("@buildVersion", "@edition", "@date")] == [True, False, False]
    assert re.fullmatch(given["@buildVersion"]["schema"]["pattern"], given["@buildVersion"]["example"])


def test_every_parameter_that_exists() -> None:
    """Each option that a target takes, on reads and on queries in a body, and the headers of every request."""
    for path, item in DOCUMENT["paths"].items():
        if path.startswith("/-/"):
            continue
        for method in item.keys() - {"parameters"}:
            names = {each["name"] for each in item[method]["parameters"]}
            assert names >= {"OData-MaxVersion", "OData-Version", "Prefer", "client-request-id"}, (path, method)
            target = resolve(GRAPH, path.removeprefix("/beta").replace("{id}", "x"))
            lists = (Kind.COLLECTION, Kind.COUNT, Kind.REFERENCES)
            has_tag = target.key is not None or (target.singleton is not None and target.entity_set is None)
            assert ("If-Match" in names) is (has_tag or (target.kind in lists and method == "get")), path
            if target.kind in (Kind.COLLECTION, Kind.COUNT, Kind.ENTITY) and method == "get":
                assert "If-None-Match" in names
            if method == "get" and target.kind is not Kind.SERVICE and target.kind is not Kind.METADATA:
                assert names >= {f"${name}" for name in allowed_options(target)}
    query = DOCUMENT["paths"][f"{IMAGES}/$query"]["post"]
    in_url = {each["name"] for each in query["parameters"] if each["in"] == "query"}
    in_body = query["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert in_url == set(in_body)
    assert "$filter" in in_url
    assert DOCUMENT["paths"]["/beta/$metadata"]["get"]["parameters"][0]["name"] == "$format"


def test_readiness_has_two_answers() -> None:
    pages = {"/-/ready": Page("Whether it is ready.", "application/json", otherwise="Why it is not.")}
    document = json.loads(openapi(GRAPH, "beta", "1.2.3", needed, pages))
    assert document["paths"]["/-/ready"]["get"]["responses"]["503"]["description"] == "Why it is not."


def test_options_of_a_list() -> None:
    names = [each["name"] for each in DOCUMENT["paths"][IMAGES]["get"]["parameters"]]
    assert {"$filter", "$search", "$select", "$orderby", "$top", "$skip", "$count", "$compute"} <= set(names)
    counted = [each["name"] for each in DOCUMENT["paths"][f"{IMAGES}/$count"]["get"]["parameters"]]
    assert "$filter" in counted
    assert not {"$top", "$skip", "$orderby", "$select"} & set(counted)
