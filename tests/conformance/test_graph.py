"""Microsoft's guidelines for Graph APIs: modelling, naming and errors."""

from __future__ import annotations

import re
import sqlite3
import uuid
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.api import IMAGES, READ, Api, connected, refused, token
from tests.support.server import running

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


@pytest.fixture
def schema(api: Api) -> ElementTree.Element:
    found = ElementTree.fromstring(api.get("/beta/$metadata").text).find(f".//{EDM}Schema")
    assert found is not None
    return found


@pytest.mark.requirement("G-01", "G-04", "NS-01")
def test_modelling(schema: ElementTree.Element) -> None:
    assert re.fullmatch(r"microsoft\.graph(\.\w+)?", schema.get("Namespace", ""))
    for entity in schema.iter(f"{EDM}EntityType"):
        [key] = entity.iter(f"{EDM}PropertyRef")
        assert key.get("Name") == "id"
        [declared] = [each for each in entity.iter(f"{EDM}Property") if each.get("Name") == "id"]
        assert (declared.get("Type"), declared.get("Nullable")) == ("Edm.String", "false")
    for structure in schema.iter(f"{EDM}ComplexType"):
        assert "id" not in [each.get("Name") for each in structure.iter(f"{EDM}Property")]


def reached(schema: ElementTree.Element) -> list[ElementTree.Element]:
    """The entity types and the complex types within them. (What extensions answer is named as commands name it.)"""
    types = {each.get("Name", ""): each for each in schema if each.tag in (f"{EDM}EntityType", f"{EDM}ComplexType")}
    pending = [each for each in types.values() if each.tag == f"{EDM}EntityType"]
    found: list[ElementTree.Element] = []
    while pending:
        found.append(pending.pop())
        for declared in found[-1].iter(f"{EDM}Property"):
            inner = types.get(declared.get("Type", "").rpartition(".")[2].rstrip(")"))
            if inner is not None and inner not in (*found, *pending):
                pending.append(inner)
    return found


@pytest.mark.requirement("G-05", "G-06")
def test_naming(schema: ElementTree.Element) -> None:
    for each in schema.iter():
        name = each.get("Name", "name")
        if each.tag not in (f"{EDM}EntityContainer", f"{EDM}Schema"):
            assert re.fullmatch(r"[a-z][a-zA-Z0-9]*", name), name
            assert not re.search(r"(Collection|Response|Request)$", name), name
    for each in reached(schema):
        for declared in (*each.iter(f"{EDM}Property"), *each.iter(f"{EDM}NavigationProperty")):
            name, type_ = declared.get("Name", ""), declared.get("Type", "")
            assert type_.startswith("Collection(") == bool(re.search(r"[^s]s$", name)), name
            if type_ in ("Edm.Date", "Edm.DateTimeOffset", "Edm.TimeOfDay"):
                assert re.search(r"(Date|Time)$", name), name


@pytest.mark.requirement("E-01", "E-02", "E-08", "E-10")
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "ResourceNotFound"),
        ("GET", "/beta/nothing", 400, "BadRequest"),
        ("GET", f"{IMAGES}/none", 404, "ResourceNotFound"),
        ("DELETE", IMAGES, 400, "No method match route template"),
        ("POST", f"{IMAGES}?$top=1", 400, "BadRequest"),
        ("GET", f"{IMAGES}?$format=xml", 406, "BadRequest"),
        ("GET", "/-/nothing", 404, "ResourceNotFound"),
        ("POST", "/-/health", 405, "Request_BadRequest"),
    ],
)
def test_every_error_has_its_shape(api: Api, method: str, path: str, status: int, code: str) -> None:
    assert refused(api.http.request(method, path), status, code)["message"]
    reader = api.with_token(token(api.data_dir, api.tenant, (READ,)))
    refused(reader.http.post(IMAGES, json={}), 403, "Forbidden")
    stranger = api.with_token(token(api.data_dir, str(uuid.uuid4())))
    api.create(id="mine")
    refused(stranger.get(f"{IMAGES}/mine"), 404, "ResourceNotFound")


@pytest.mark.requirement("E-03", "E-04", "E-05")
def test_details_and_targets(api: Api) -> None:
    body = {"supportedArchitectures": ["z80"], "nothing": 1, "supportedEditions": [{"editionType": "x"}]}
    error = refused(api.http.post(IMAGES, json=body), 400, "ModelValidationFailure")
    assert isinstance(error["innerError"], dict)
    assert len(error["details"]) == 4
    assert all(each["code"] and each["message"] and each["target"].startswith("$.") for each in error["details"])
    assert error["target"] == error["details"][0]["target"]
    assert refused(api.get(f"{IMAGES}?$filter=x"), 400, "BadRequest")["target"] == "$filter"


@pytest.mark.requirement("E-06")
def test_messages_are_not_translated(api: Api) -> None:
    told = [
        refused(api.get(f"{IMAGES}?$top=x", **{"Accept-Language": each}), 400, "BadRequest")
        for each in ("en", "de", "tr")
    ]
    assert len({each["message"] for each in told}) == 1


@pytest.mark.requirement("E-07", "E-09")
def test_errors_that_pass_say_when_to_come_back(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--http", "--empty", database_wait_seconds="0.05") as server,
        connected(server.url, str(uuid.uuid4()), tmp_path) as api,
    ):
        api.create(id="a")
        held = sqlite3.connect(tmp_path / "osimages.db", isolation_level=None)
        held.execute("BEGIN IMMEDIATE")
        reply = api.http.post(IMAGES, json={})
        refused(reply, 503, "serviceNotAvailable")
        assert int(reply.headers["retry-after"]) >= 1
        held.execute("ROLLBACK")
        held.close()


@pytest.mark.requirement("E-07", "E-09")
def test_too_many_requests_are_told_when_to_come_back(tmp_path: Path) -> None:
    limits = {"throttle": "intune", "throttle_application_requests": "3"}
    with (
        running(tmp_path, "--http", "--empty", **limits) as server,
        connected(server.url, str(uuid.uuid4()), tmp_path) as api,
    ):
        replies = [api.get(IMAGES) for _ in range(4)]
        assert [each.status_code for each in replies] == [200, 200, 200, 429]
        refused(replies[-1], 429, "TooManyRequests")
        assert int(replies[-1].headers["retry-after"]) >= 1
        items = [{"id": str(number), "method": "GET", "url": "/deviceManagement"} for number in range(2)]
        reply = api.http.post("/beta/$batch", json={"requests": items})
        assert [each["status"] for each in reply.json()["responses"]] == [429, 429], "a batch holds many, each counts"
